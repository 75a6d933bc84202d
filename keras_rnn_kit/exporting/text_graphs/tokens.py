"""The tokenizers as TensorFlow operations.

A graph is called with tf.string `[B]` in valid UTF-8 and gives ragged int32 `[B, T]`, in which a
token that the vocabulary does not list is negative.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.exporting.text_graphs.cleaning import CleaningGraph, re2, table
from keras_rnn_kit.text import ByteTokenizer, characters
from keras_rnn_kit.text.tokenizers.grapheme import cluster_pattern

_MARK = b"\xff"  # a byte that valid UTF-8 never holds


class CharacterGraph(tf.Module):
    """`CharacterTokenizer` and a vocabulary, token to id."""

    def __init__(self, ids: Mapping[str, int], cleaning: CleaningGraph) -> None:
        super().__init__(name="characters")
        self._cleaning = cleaning
        self._table = table({ord(t): i for t, i in ids.items() if len(t) == 1}, tf.int32)

    def __call__(self, texts: Any) -> Any:
        """The ids of the code points."""
        codes = tf.strings.unicode_decode(self._cleaning.apply_characters(texts), "UTF-8")
        return codes.with_flat_values(self._table.lookup(codes.flat_values))


class ByteGraph(tf.Module):
    """`ByteTokenizer` and a vocabulary."""

    def __init__(self, ids: Mapping[str, int], cleaning: CleaningGraph) -> None:
        super().__init__(name="bytes")
        self._ids = np.array([ids.get(token, -1) for token in ByteTokenizer().tokens], np.int32)

    def __call__(self, texts: Any) -> Any:
        """The ids of the bytes."""
        rows = bytes_of(texts)
        return rows.with_flat_values(tf.gather(self._ids, rows.flat_values))


class WordGraph(tf.Module):
    """`WordTokenizer` and a vocabulary."""

    def __init__(self, ids: Mapping[str, int], cleaning: CleaningGraph) -> None:
        super().__init__(name="words")
        self._cleaning = cleaning
        self._table = _token_table(ids)

    def __call__(self, texts: Any) -> Any:
        """The ids of the words."""
        # All white space becomes a space, a space follows each token, and what is between spaces
        # is a token: no token holds white space.
        texts = tf.strings.regex_replace(texts, f"[{re2(characters.SPACE)}]", " ")
        texts = tf.strings.regex_replace(texts, word_pattern(), r"\0 ")
        tokens = self._cleaning.apply_tokens(tf.strings.split(texts))
        return tokens.with_flat_values(self._table.lookup(tokens.flat_values))


class GraphemeGraph(tf.Module):
    """`GraphemeTokenizer` and a vocabulary."""

    def __init__(self, ids: Mapping[str, int], cleaning: CleaningGraph) -> None:
        super().__init__(name="graphemes")
        self._cleaning = cleaning
        self._table = _token_table(ids)

    def __call__(self, texts: Any) -> Any:
        """The ids of the grapheme clusters."""
        tokens = self._cleaning.apply_tokens(matches(texts, cluster_pattern(re2)))
        return tokens.with_flat_values(self._table.lookup(tokens.flat_values))


def word_pattern() -> str:
    """`WordTokenizer`'s pattern for RE2, which has no possessive quantifiers and needs none."""
    return f"[{re2(characters.HAN)}]|{word_part()}|[^{re2(characters.SPACE)}]"


def word_part() -> str:
    """A word without Chinese characters, as part of a pattern for RE2."""
    word = f"[{re2(characters.word_characters())}]+"
    return f"{word}(?:[{re2(characters.JOINERS)}]{word})*"


def matches(texts: Any, pattern: str) -> Any:
    """The matches in each text, ragged tf.string [B, N], of a pattern that leaves nothing out.

    They may hold any character. A split of no text at all gives one empty piece, as behind the
    last match of any other text.
    """
    marked = tf.strings.regex_replace(texts, pattern, rb"\0" + _MARK)
    return tf.strings.split(marked, _MARK)[:, :-1]


def bytes_of(texts: Any) -> Any:
    """The bytes of each text, ragged int32 [B, T]."""
    flat = tf.io.decode_raw(tf.strings.reduce_join(texts), tf.uint8)
    lengths = tf.strings.length(texts)
    return tf.RaggedTensor.from_row_lengths(tf.cast(flat, tf.int32), lengths, validate=False)


def _token_table(ids: Mapping[str, int]) -> tf.lookup.StaticHashTable:
    return table({token.encode("utf-8", "surrogatepass"): i for token, i in ids.items()}, tf.string)
