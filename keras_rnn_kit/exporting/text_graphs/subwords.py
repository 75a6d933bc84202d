"""Byte-pair encoding as TensorFlow operations."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.exporting.text_graphs.cleaning import re2
from keras_rnn_kit.exporting.text_graphs.tokens import bytes_of, matches, word_part
from keras_rnn_kit.text import SubwordTokenizer, characters
from keras_rnn_kit.text.tokenizers.subword import LONGEST


class SubwordGraph(tf.Module):
    """`SubwordTokenizer` and a vocabulary, token to id; see `token_graphs.py`.

    Each distinct chunk of a batch is merged once. All chunks take their turns side by side: in a
    turn each joins the pair whose merge comes first, the leftmost such pair, until none is left.
    """

    def __init__(self, tokenizer: SubwordTokenizer, ids: Mapping[str, int]) -> None:
        super().__init__(name="subwords")
        # A symbol is the place of a token among the tokenizer's; the bytes are 0 to 255.
        symbols = {token: i for i, token in enumerate(tokenizer.tokens)}
        pairs = [merge.split(" ") for merge in tokenizer.merges]
        self._size, self._no_rank = len(symbols), len(pairs)
        keys = [symbols[left] * self._size + symbols[right] for left, right in pairs]
        # A key of its own for what is no pair, because a table can't be empty.
        self._ranks = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([*keys, -1], tf.int64), tf.range(len(pairs) + 1, dtype=tf.int32)
            ),
            self._no_rank,
        )
        made = [symbols[left + right] for left, right in pairs]
        self._made = np.array([*made, 0], np.int32)  # by rank
        self._ids = np.array([ids.get(token, -1) for token in symbols], np.int32)

    def __call__(self, texts: Any) -> Any:
        """The ids of the subwords, ragged int32 [B, T], of tf.string [B]."""
        chunks = matches(texts, chunk_pattern())  # [B, C]
        distinct, places = tf.unique(chunks.flat_values)
        pieces = matches(distinct, f"(?s:.{{1,{LONGEST}}})")  # [D, P]
        merged = self._merge(bytes_of(pieces.flat_values))
        by_chunk = pieces.with_flat_values(merged).merge_dims(1, 2)  # [D, K]
        symbols = chunks.with_flat_values(tf.gather(by_chunk, places)).merge_dims(1, 2)  # [B, T]
        return symbols.with_flat_values(tf.gather(self._ids, symbols.flat_values))

    def _merge(self, rows: Any) -> Any:
        """The symbols of each row of bytes, both ragged int32 [Q, K]."""
        symbols = tf.pad(rows.to_tensor(-1), [[0, 0], [0, 1]], constant_values=-1)  # [Q, L + 1]
        ranks = self._rank(symbols, _moved(symbols, -1))  # of a symbol and the one behind it
        columns = tf.range(tf.shape(symbols)[1])[tf.newaxis, :]
        width = tf.shape(symbols)[1]

        def turn(symbols: Any, ranks: Any) -> Any:
            # The least rank, and its first column, in one number.
            first = tf.reduce_min(ranks * width + columns, axis=1, keepdims=True)  # [Q, 1]
            rank, place = first // width, first % width
            merges = rank < self._no_rank
            behind, here = merges & (columns > place), merges & (columns == place)
            symbols = tf.where(behind, _moved(symbols, -1), symbols)
            symbols = tf.where(here, tf.gather(self._made, rank), symbols)
            ranks = tf.where(behind, _moved(ranks, self._no_rank), ranks)
            # Two pairs are new: the one that the new symbol begins, and the one it ends.
            before, new, after = (
                tf.gather(symbols, tf.clip_by_value(place + step, 0, width - 1), batch_dims=1)
                for step in (-1, 0, 1)
            )
            ranks = tf.where(here, self._rank(new, after), ranks)
            ends = merges & (columns == place - 1)
            return symbols, tf.where(ends, self._rank(before, new), ranks)

        symbols, _ = tf.while_loop(
            lambda symbols, ranks: tf.reduce_any(ranks < self._no_rank),
            turn,
            (symbols, ranks),
            shape_invariants=(tf.TensorShape([None, None]), tf.TensorShape([None, None])),
        )
        lengths = tf.reduce_sum(tf.cast(symbols >= 0, tf.int64), axis=1)
        return tf.RaggedTensor.from_tensor(symbols, lengths)

    def _rank(self, left: Any, right: Any) -> Any:
        """The rank of the merge of each two symbols, int32, or the number of merges."""
        key = tf.cast(left, tf.int64) * self._size + tf.cast(right, tf.int64)
        return self._ranks.lookup(
            tf.where((left < 0) | (right < 0), tf.constant(-1, tf.int64), key)
        )


def _moved(rows: Any, fill: int) -> Any:
    """The rows [Q, L] one place to the left."""
    return tf.pad(rows[:, 1:], [[0, 0], [0, 1]], constant_values=fill)


def chunk_pattern() -> str:
    """`SubwordTokenizer`'s pattern for RE2."""
    han, space = re2(characters.HAN), re2(characters.SPACE)
    sign = f"[^{space}{re2(characters.word_characters())}{han}<]"
    return f" ?(?:{word_part()}|[{han}]+|<|{sign}+)|[{space}]+"
