"""Texts as code points in TensorFlow, and tables that are looked up by code point.

A table is constants in the graph, which a SavedModel keeps without a file of their own. What is
ragged is kept in its flat form: `tf.repeat`, and with it `value_rowids`, `tf.ragged.boolean_mask`
and others, take as much memory as all rows at the length of the longest.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

_PAGE = 256  # code points that are looked up in one row


def decode(texts: Any) -> Any:
    """Code points, ragged int32 [B, T], of tf.string [B] in UTF-8."""
    return tf.strings.unicode_decode(texts, "UTF-8")


def encode(codes: Any) -> Any:
    """tf.string [B] in UTF-8 of code points, ragged int32 [B, T]."""
    return tf.strings.unicode_encode(codes, "UTF-8")


def owners(ends: Any) -> Any:
    """The row of each value, int64 [N], where row r's values end before `ends[r]`, int64 [B].

    Example:
        >>> owners(tf.constant([2, 2, 5], tf.int64)).numpy()
        array([0, 0, 2, 2, 2])
    """
    count = tf.reduce_max(tf.concat([[0], ends], 0))
    ended = tf.math.unsorted_segment_sum(tf.ones_like(ends), ends, count + 1)
    return tf.cumsum(ended)[:-1]


def keep(rows: Any, mask: Any) -> Any:
    """The values of each row where the flat mask holds; ragged [B, T] to ragged [B, T'].

    Example:
        >>> keep(tf.ragged.constant([[1, 2], [], [3]]), tf.constant([False, True, True])).to_list()
        [[2], [], [3]]
    """
    kept = tf.concat([[0], tf.cumsum(tf.cast(mask, tf.int64))], 0)
    flat = tf.boolean_mask(rows.flat_values, mask)
    return tf.RaggedTensor.from_row_splits(flat, tf.gather(kept, rows.row_splits), validate=False)


class CodePointTable:
    """A whole number for each code point, 0 for those that `entries` does not hold.

    In two levels, as nearly all code points share the page of zeros.

    Example:
        >>> CodePointTable({0x41: 7})(tf.constant([0x40, 0x41, 0x10FFFF])).numpy()
        array([0, 7, 0], dtype=int32)
    """

    def __init__(self, entries: Mapping[int, int]) -> None:
        used = sorted({code // _PAGE for code in entries})
        self._page = np.zeros(0x110000 // _PAGE, np.int32)  # page 0 holds nothing but zeros
        self._page[used] = np.arange(1, len(used) + 1)
        self._numbers = np.zeros((len(used) + 1) * _PAGE, np.int32)
        codes = np.array(list(entries), np.int32)
        self._numbers[self._page[codes // _PAGE] * _PAGE + codes % _PAGE] = list(entries.values())

    def __call__(self, codes: Any) -> Any:
        """The numbers, int32, of code points of any shape."""
        page = tf.gather(self._page, codes // _PAGE)
        return tf.gather(self._numbers, page * _PAGE + codes % _PAGE)


class CodePointMap:
    """`str.translate` for ragged code points: each becomes a string, which may be empty.

    Args:
        entries: the string in place of a code point; the others stay.

    Example:
        >>> swap = CodePointMap({ord("a"): "bc", ord("x"): ""})
        >>> encode(swap(decode(["xax", "", "z"]))).numpy().tolist()
        [b'bc', b'', b'z']
    """

    def __init__(self, entries: Mapping[int, str]) -> None:
        strings = sorted(set(entries.values()))
        places = {string: i for i, string in enumerate(strings, start=1)}
        self._which = CodePointTable({code: places[string] for code, string in entries.items()})
        # String 0 stands for the code point itself.
        self._lengths = np.array([1, *map(len, strings)], np.int64)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._flat = np.array([0, *map(ord, "".join(strings))], np.int32)

    def __call__(self, codes: Any) -> Any:
        """The code points, ragged int32 [B, T'], in place of ragged int32 [B, T]."""
        flat, splits = codes.flat_values, codes.row_splits
        which = self._which(flat)
        lengths = tf.gather(self._lengths, which)

        def one_by_one() -> Any:
            new = tf.gather(self._flat, tf.gather(self._starts, which))
            return tf.where(which == 0, flat, new), splits

        def by_lengths() -> Any:
            ends = tf.cumsum(lengths)
            source = owners(ends)  # where each new one comes from
            within = tf.range(tf.size(source, tf.int64)) - tf.gather(ends - lengths, source)
            chosen = tf.gather(which, source)
            new = tf.gather(self._flat, tf.gather(self._starts, chosen) + within)
            new_splits = tf.gather(tf.concat([[0], ends], 0), splits)
            return tf.where(chosen == 0, tf.gather(flat, source), new), new_splits

        # The second is rare, and more work.
        changed = tf.cond(tf.reduce_any(lengths != 1), by_lengths, one_by_one)
        return tf.RaggedTensor.from_row_splits(*changed, validate=False)
