"""A `Cleaning` as TensorFlow operations.

The graph and Python share their tables (`text/characters.py`, `text/cleaning.py`); here they are
written for RE2, TensorFlow's regular expressions, and for look-up tables.
"""

import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from keras_rnn_kit.text import Cleaning, characters
from keras_rnn_kit.text.cleaning import HTML_ENTITIES, HTML_TAG

_SIGMA = "Σ"
# TensorFlow's lower case stops at a NUL, so NUL goes through it in disguise: U+FFFF begins an
# escape, and a U+FFFF of the text's own is escaped too.
_ESCAPES = {"\uffff": "\uffff\ufffe", "\0": "\uffff\ufdd0"}


class CleaningGraph(tf.Module):
    """What a `Cleaning` does to texts and to tokens, on tensors."""

    def __init__(self, cleaning: Cleaning) -> None:
        super().__init__(name="cleaning")
        self._cleaning = cleaning
        self._stop_words: tf.lookup.StaticHashTable | None = None
        if cleaning.stop_words:
            words = sorted(cleaning.stop_word_set())
            self._stop_words = table({word.encode(): 1 for word in words}, tf.string)
        self._lower_table: tf.lookup.StaticHashTable | None = None
        if cleaning.lower or self._stop_words is not None:
            self._lower_table = table(_lower_code_points(), tf.int32)

    def apply(self, texts: Any) -> Any:
        """`Cleaning.apply` of tf.string [B]."""
        if self._cleaning.strip_html:
            texts = _strip_html(texts)
        return self._lower(texts) if self._cleaning.lower else texts

    def apply_characters(self, texts: Any) -> Any:
        """`Cleaning.apply_tokens` where the tokens are characters, on tf.string [B]."""
        if self._cleaning.strip_punctuation:
            return tf.strings.regex_replace(texts, f"[{re2(characters.punctuation())}]", "")
        return texts

    def apply_tokens(self, tokens: Any) -> Any:
        """`Cleaning.apply_tokens` of ragged tf.string [B, T]."""
        if self._cleaning.strip_punctuation:
            pattern = f"[{re2(characters.punctuation())}]+"
            is_punctuation = tf.strings.regex_full_match(tokens.flat_values, pattern)
            tokens = _keep(tokens, ~is_punctuation)
        if self._stop_words is not None:
            plain = tf.strings.regex_replace(self._lower(tokens.flat_values), "’", "'")
            tokens = _keep(tokens, self._stop_words.lookup(plain) < 0)
        return tokens

    def _lower(self, texts: Any) -> Any:
        """Python's `str.lower` of a vector of texts.

        TensorFlow's own knows an older Unicode and follows the machine's language (a Turkish one
        takes I to ı). So the code points go through a table of Python's, and what is left for
        TensorFlow is the sigma, whose form depends on its neighbours.
        """
        texts = tf.strings.regex_replace(texts, "İ", "i\u0307")
        codes = tf.strings.unicode_decode(texts, "UTF-8")  # ragged [N, T]
        found = self._lower_table.lookup(codes.flat_values)  # type: ignore[union-attr]
        codes = codes.with_flat_values(tf.where(found < 0, codes.flat_values, found))
        texts = tf.strings.unicode_encode(codes, "UTF-8")
        for character, escape in _ESCAPES.items():
            texts = tf.strings.regex_replace(texts, character, escape)
        texts = tf.strings.lower(texts, encoding="utf-8")
        for character, escape in reversed(_ESCAPES.items()):
            texts = tf.strings.regex_replace(texts, escape, character)
        return texts


def table(entries: Mapping[Any, int], key_dtype: Any) -> tf.lookup.StaticHashTable:
    """A table that answers -1 for what it does not hold."""
    # A table of no entries can't be made; this one is never met, being no code point and no token.
    entries = entries or {(-1 if key_dtype == tf.int32 else b" "): -1}
    keys = tf.constant(list(entries), key_dtype)
    values = tf.constant(list(entries.values()), tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)


def _lower_code_points() -> dict[int, int]:
    """Each code point whose lower case is another single one, but the sigma's."""
    codes = (code for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    pairs = ((code, chr(code).lower()) for code in codes if chr(code) != _SIGMA)
    return {code: ord(low) for code, low in pairs if len(low) == 1 and ord(low) != code}


def _strip_html(texts: Any) -> Any:
    texts = tf.strings.regex_replace(texts, HTML_TAG, " ")
    for entity, character in HTML_ENTITIES.items():
        texts = tf.strings.regex_replace(texts, re.escape(entity), character)
    return texts


def _keep(tokens: Any, mask: Any) -> Any:
    """The tokens of each row where the flat mask holds."""
    return tf.ragged.boolean_mask(tokens, tokens.with_flat_values(mask))


def re2(ranges: characters.Ranges) -> str:
    """The ranges as the inside of a `[...]` for RE2."""
    return "".join(
        f"\\x{{{low:x}}}" + (f"-\\x{{{high:x}}}" if high > low else "") for low, high in ranges
    )
