"""`str.lower` and `str.casefold` as TensorFlow operations.

TensorFlow's own lower case knows an older Unicode and follows the machine's language (a Turkish
one takes I to ı). Here the code points go through tables of the Python that exports.
"""

import functools
from typing import Any

import tensorflow as tf

from keras_rnn_kit.exporting.text_graphs.code_points import (
    CodePointMap,
    CodePointTable,
    decode,
    encode,
    owners,
)

_SIGMA, _FINAL_SIGMA = 0x3A3, 0x3C2
_CASED, _IGNORED = 1, 2


class LowerGraph:
    """`str.lower` of a vector of texts."""

    def __init__(self) -> None:
        self._lower = CodePointMap(_lower_case())
        self._kinds = CodePointTable(_kinds())

    def __call__(self, texts: Any) -> Any:
        """tf.string [B] in UTF-8 of the same."""
        codes = decode(texts)
        flat = tf.cond(
            tf.reduce_any(codes.flat_values == _SIGMA),
            lambda: self._with_final_sigmas(codes),
            lambda: codes.flat_values,
        )
        return encode(self._lower(codes.with_flat_values(flat)))

    def _with_final_sigmas(self, codes: Any) -> Any:
        """Σ at the end of a word becomes its lower case there, ς.

        That is where a cased letter stands before it and none behind it, whatever characters
        stand between that have no case to speak of, such as accents and apostrophes.
        """
        kinds = self._kinds(codes.flat_values)
        shown = tf.where(kinds != _IGNORED)  # [K, 1]
        rows = tf.gather_nd(owners(codes.row_splits[1:]), shown)
        cased = tf.gather_nd(kinds, shown) == _CASED
        joined = rows[1:] == rows[:-1]  # [K - 1]; whether k and k + 1 stand in one text
        end = rows[:1] < 0  # [1] of False, or [0] where there is nothing
        before = tf.concat([end, joined & cased[:-1]], 0)
        behind = tf.concat([joined & cased[1:], end], 0)
        sigma = tf.gather_nd(codes.flat_values, shown) == _SIGMA
        where = tf.boolean_mask(shown, sigma & before & ~behind)
        new = tf.fill(tf.shape(where)[:1], _FINAL_SIGMA)
        return tf.tensor_scatter_nd_update(codes.flat_values, where, new)


class CasefoldGraph:
    """`str.casefold` of a vector of texts."""

    def __init__(self) -> None:
        self._fold = CodePointMap(_folded())

    def __call__(self, texts: Any) -> Any:
        """tf.string [B] in UTF-8 of the same."""
        return encode(self._fold(decode(texts)))


def every_character() -> list[str]:
    """All that UTF-8 can hold, in order."""
    return [*map(chr, range(0xD800)), *map(chr, range(0xE000, 0x110000))]


@functools.cache
def _lower_case() -> dict[int, str]:
    """The lower case of each code point on its own; Σ is σ on its own."""
    pairs = ((character, character.lower()) for character in every_character())
    return {ord(character): low for character, low in pairs if low != character}


@functools.cache
def _folded() -> dict[int, str]:
    pairs = ((character, character.casefold()) for character in every_character())
    return {ord(character): fold for character, fold in pairs if fold != character}


@functools.cache
def _kinds() -> dict[int, int]:
    """Which characters are cased and which are passed over, as Python treats a Σ beside them."""
    kinds = {}
    for character in every_character():
        if f"{character}Σ".lower()[-1] == "ς":
            kinds[ord(character)] = _CASED
        elif f"A{character}Σ".lower()[-1] == "ς":
            kinds[ord(character)] = _IGNORED
    return kinds
