"""Words as whole numbers, so that arrays can count them and look them up.

A word's letters are numbered by an alphabet and packed into one or two integers of 64 bits: eight
letters each where the alphabet has at most 254 letters, four where it has more. Two words of at
most `2 · letters` letters are equal where their integers are: nothing is hashed, nothing collides.
"""

import sys
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.text.word_cuts import CodePoints, Places, looked_up

Keys = npt.NDArray[np.uint64]

_NONE, _OTHER, _FIRST = 0, 1, 2  # behind a word's end; not in the alphabet; the first letter


class Alphabet:
    """The letters of some words, numbered.

    Args:
        letters: code points; each is taken once.

    Example:
        >>> from keras_rnn_kit.text.word_cuts import code_points
        >>> codes = code_points("to go")
        >>> alphabet = Alphabet(codes.tolist())
        >>> alphabet.letters
        8
        >>> first, second = alphabet.pack(codes, np.array([0, 3]), np.array([2, 5]))
        >>> first.tolist(), second.tolist(), alphabet.words(first)
        ([1029, 1027], [0, 0], ['to', 'go'])
    """

    def __init__(self, letters: Iterable[int]) -> None:
        codes = np.unique(np.fromiter(letters, dtype=np.uint32))
        kind = np.min_scalar_type(len(codes) + _FIRST - 1)
        self.letters = 8 // np.dtype(kind).itemsize
        """How many letters one integer holds."""
        self._numbers = np.full(sys.maxunicode + 1, _OTHER, dtype=kind)
        self._numbers[codes] = np.arange(_FIRST, len(codes) + _FIRST)
        self._code_points = np.zeros(len(codes) + _FIRST, dtype=np.uint32)
        self._code_points[_FIRST:] = codes
        ends = np.arange(self.letters, dtype=np.uint64) * np.uint64(64 // self.letters)
        self._masks = np.append((np.uint64(1) << ends) - np.uint64(1), ~np.uint64(0))

    def pack(self, codes: CodePoints, starts: Places, ends: Places) -> tuple[Keys, Keys]:
        """The two integers of each word `codes[start:end]`, `[N]` each.

        A word with a letter outside the alphabet is equal to no word inside it. What a word has
        beyond `2 · letters` letters is not looked at.
        """
        behind = np.full(2 * self.letters, _NONE, self._numbers.dtype)
        narrow = self._numbers.dtype == np.uint8
        numbers = looked_up(self._numbers, codes) if narrow else self._numbers.take(codes)
        numbers = np.concatenate([numbers, behind])
        # The integer that begins at each place, wherever that lies in memory.
        integers: Keys = np.ndarray(
            len(codes) + self.letters, np.uint64, numbers.data, strides=(numbers.itemsize,)
        )
        lengths = ends - starts
        first = integers.take(starts)
        first &= self._masks.take(lengths, mode="clip")
        second = np.zeros_like(first)
        long = np.flatnonzero(lengths > self.letters)
        second[long] = integers.take(starts[long] + self.letters)
        second[long] &= self._masks.take(lengths[long] - self.letters, mode="clip")
        return first, second

    def words(self, keys: Keys) -> list[str]:
        """The words of at most `letters` letters whose first integers these are."""
        numbers = np.ascontiguousarray(keys).view(self._numbers.dtype).reshape(-1, self.letters)
        return self._code_points[numbers].view(f"<U{self.letters}").ravel().tolist()
