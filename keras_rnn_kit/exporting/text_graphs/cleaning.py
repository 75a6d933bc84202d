"""A `Cleaning` as TensorFlow operations.

The graph and Python share their patterns and tables (`text/characters.py`,
`text/cleaning_steps.py`); here they are written for RE2, TensorFlow's regular expressions, and
for look-up tables.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from keras_rnn_kit.exporting.text_graphs.case import CasefoldGraph, LowerGraph
from keras_rnn_kit.exporting.text_graphs.code_points import CodePointMap, decode, encode, keep
from keras_rnn_kit.exporting.text_graphs.html import HtmlGraph
from keras_rnn_kit.exporting.text_graphs.normalization import NormalizationGraph
from keras_rnn_kit.text import Cleaning, characters
from keras_rnn_kit.text.cleaning_steps import URL, accents


class CleaningGraph(tf.Module):
    """What a `Cleaning` does to texts and to tokens, on tensors."""

    def __init__(self, cleaning: Cleaning) -> None:
        super().__init__(name="cleaning")
        self._steps = [STEPS[step]() for step in cleaning.text_steps]
        self._drops_punctuation = "punctuation" in cleaning.token_steps
        self._stop_words: tf.lookup.StaticHashTable | None = None
        if cleaning.stop_words:
            words = sorted(cleaning.stop_word_set())
            self._stop_words = table(
                {word.encode("utf-8", "surrogatepass"): 1 for word in words}, tf.string
            )
            self._lower = LowerGraph()

    def apply(self, texts: Any) -> Any:
        """`Cleaning.apply` of tf.string [B] in UTF-8."""
        for step in self._steps:
            texts = step(texts)
        return texts

    def apply_characters(self, texts: Any) -> Any:
        """`Cleaning.apply_tokens` where the tokens are characters, on tf.string [B]."""
        if self._drops_punctuation:
            return tf.strings.regex_replace(texts, f"[{re2(characters.punctuation())}]", "")
        return texts

    def apply_tokens(self, tokens: Any) -> Any:
        """`Cleaning.apply_tokens` of ragged tf.string [B, T]."""
        if self._drops_punctuation:
            pattern = f"[{re2(characters.punctuation())}]+"
            is_punctuation = tf.strings.regex_full_match(tokens.flat_values, pattern)
            tokens = keep(tokens, ~is_punctuation)
        if self._stop_words is not None:
            plain = tf.strings.regex_replace(self._lower(tokens.flat_values), "’", "'")
            tokens = keep(tokens, self._stop_words.lookup(plain) < 0)
        return tokens


class _AccentsGraph:
    def __init__(self) -> None:
        self._plain = CodePointMap(accents())

    def __call__(self, texts: Any) -> Any:
        return encode(self._plain(decode(texts)))


def _strip_urls(texts: Any) -> Any:
    return tf.strings.regex_replace(texts, URL, " ")


def _zero_digits(texts: Any) -> Any:
    return tf.strings.regex_replace(texts, f"[{re2(characters.digits())}]+", "0")


def _single_spaces(texts: Any) -> Any:
    texts = tf.strings.regex_replace(texts, f"[{re2(characters.SPACE)}]+", " ")
    return tf.strings.strip(texts)


# What makes the graph of each step of `text.cleaning.TEXT_STEPS`: tf.string [B] to tf.string [B].
STEPS: dict[str, Callable[[], Callable[[Any], Any]]] = {
    "nfc": lambda: NormalizationGraph("NFC"),
    "nfkc": lambda: NormalizationGraph("NFKC"),
    "html": HtmlGraph,
    "urls": lambda: _strip_urls,
    "lower": LowerGraph,
    "casefold": CasefoldGraph,
    "accents": _AccentsGraph,
    "digits": lambda: _zero_digits,
    "spaces": lambda: _single_spaces,
}


def table(entries: Mapping[Any, int], key_dtype: Any) -> tf.lookup.StaticHashTable:
    """A table that answers -1 for what it does not hold."""
    # A table of no entries can't be made; this one is never met, being no code point and no token.
    entries = entries or {(-1 if key_dtype == tf.int32 else b" "): -1}
    keys = tf.constant(list(entries), key_dtype)
    values = tf.constant(list(entries.values()), tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)


def re2(ranges: characters.Ranges) -> str:
    """The ranges as the inside of a `[...]` for RE2."""
    return "".join(
        f"\\x{{{low:x}}}" + (f"-\\x{{{high:x}}}" if high > low else "") for low, high in ranges
    )
