"""Unicode's normalization forms NFC and NFKC as TensorFlow operations.

Three passes, as Unicode Standard Annex #15 has them: characters are taken apart by a table, marks
are put into their canonical order, and what can be one character is put together. The tables are
those of the Python that exports.
"""

import functools
import unicodedata
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from keras_rnn_kit.exporting.text_graphs.case import every_character
from keras_rnn_kit.exporting.text_graphs.code_points import (
    CodePointMap,
    CodePointTable,
    decode,
    encode,
    keep,
    owners,
)

_SHIFT = 1 << 21  # a pair of code points as one number


class NormalizationGraph:
    """`unicodedata.normalize` of a vector of texts.

    Args:
        form: "NFC" or "NFKC".
    """

    def __init__(self, form: Literal["NFC", "NFKC"]) -> None:
        self._apart = CodePointMap(_decompositions("NFD" if form == "NFC" else "NFKD"))
        self._class = CodePointTable(_combining_classes())
        pairs = _compositions()
        self._pairs = np.array(sorted(pairs), np.int64)
        self._composed = np.array([pairs[pair] for pair in self._pairs.tolist()], np.int32)
        # Characters that are no marks and join the one before them all the same: Korean vowels
        # and final consonants, some Indic vowel signs.
        seconds = {pair % _SHIFT for pair in pairs}
        joining = {code: 1 for code in seconds if not unicodedata.combining(chr(code))}
        self._joining = CodePointTable(joining)

    def __call__(self, texts: Any) -> Any:
        """tf.string [B] in UTF-8 of the same."""
        codes = self._apart(decode(texts))
        rows = owners(codes.row_splits[1:])
        first = tf.concat([rows[:1] >= 0, rows[1:] != rows[:-1]], 0)  # of its text
        flat = self._ordered(codes.flat_values, first)
        flat, kept = self._together(flat, first)
        return encode(keep(codes.with_flat_values(flat), kept))

    def _ordered(self, codes: Any, first: Any) -> Any:
        """Marks in a row sorted by their combining class; those of one class keep their order."""
        classes = self._class(codes)

        def sort() -> Any:
            count = tf.size(codes, tf.int64)
            group = tf.cumsum(tf.cast(first | (classes == 0), tf.int64))
            keys = (group * 256 + tf.cast(classes, tf.int64)) * count + tf.range(count)
            return tf.gather(codes, tf.argsort(keys))

        # Most texts are in order: no class is followed by a lower one but 0.
        wrong = (classes[1:] > 0) & (classes[1:] < classes[:-1]) & ~first[1:]
        return tf.cond(tf.reduce_any(wrong), sort, lambda: codes)

    def _together(self, codes: Any, first: Any) -> tuple[Any, Any]:
        """The code points, composed, and which of them are left.

        Groups are what can't join what is before it, with all that may join it. Step k of the
        loop looks at the k-th character of each group that is so long: it joins the group's last
        starter, or is the next starter, or stays as a mark.
        """
        classes = self._class(codes)
        starts = first | ((classes == 0) & (self._joining(codes) == 0))
        start = tf.where(starts)[:, 0]  # [G]
        length = tf.concat([start[1:], [tf.size(codes, tf.int64)]], 0)[: tf.size(start)] - start
        long = length > 1
        start, length = tf.boolean_mask(start, long), tf.boolean_mask(length, long)
        starter, above = start, tf.zeros_like(start, tf.int32)
        kept = tf.ones_like(codes, tf.bool)

        def step(k: Any, codes: Any, kept: Any, *groups: Any) -> tuple[Any, ...]:
            # `starter` is the place of the last starter, `above` the class of the last mark that
            # stayed on it, 0 where there is none.
            start, length, starter, above = groups
            place = start + k
            code, kind = tf.gather(codes, place), tf.gather(classes, place)
            composed = self._composition(tf.gather(codes, starter), code)
            joins = (composed > 0) & ((above == 0) | (above < kind))
            codes = _put(codes, tf.boolean_mask(starter, joins), tf.boolean_mask(composed, joins))
            gone = tf.boolean_mask(place, joins)
            kept = _put(kept, gone, tf.zeros_like(gone, tf.bool))
            above = tf.where(joins, above, kind)
            starter = tf.where(~joins & (kind == 0), place, starter)
            on = length > k + 1
            return (
                k + 1,
                codes,
                kept,
                *(tf.boolean_mask(x, on) for x in (start, length, starter, above)),
            )

        def unfinished(k: Any, codes: Any, kept: Any, start: Any, *groups: Any) -> Any:
            return tf.size(start) > 0

        state = (tf.constant(1, tf.int64), codes, kept, start, length, starter, above)
        shapes = [x.shape for x in state[:3]] + [tf.TensorShape([None])] * 4
        found = tf.while_loop(unfinished, step, state, shape_invariants=tuple(shapes))
        return found[1], found[2]

    def _composition(self, left: Any, right: Any) -> Any:
        """The character that the pair is, 0 where it is none."""
        pair = tf.cast(left, tf.int64) * _SHIFT + tf.cast(right, tf.int64)
        place = tf.minimum(tf.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        return tf.where(tf.gather(self._pairs, place) == pair, tf.gather(self._composed, place), 0)


def _put(values: Any, places: Any, new: Any) -> Any:
    return tf.tensor_scatter_nd_update(values, places[:, tf.newaxis], new)


@functools.cache
def _decompositions(form: Literal["NFD", "NFKD"]) -> dict[int, str]:
    pairs = ((c, unicodedata.normalize(form, c)) for c in every_character())
    return {ord(character): apart for character, apart in pairs if apart != character}


@functools.cache
def _combining_classes() -> dict[int, int]:
    pairs = ((ord(character), unicodedata.combining(character)) for character in every_character())
    return {code: kind for code, kind in pairs if kind}


@functools.cache
def _compositions() -> dict[int, int]:
    """The character of each pair that NFC puts together."""
    pairs = {}
    for code, apart in _decompositions("NFD").items():
        # All but the last character are one, since decompositions are made of pairs.
        left, right = unicodedata.normalize("NFC", apart[:-1]), apart[-1]
        if len(left) == 1 and unicodedata.normalize("NFC", left + right) == chr(code):
            pairs[ord(left) * _SHIFT + ord(right)] = code
    return pairs
