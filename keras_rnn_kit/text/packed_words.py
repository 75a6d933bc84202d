"""Words as whole numbers, so that arrays can count them and look them up.

A word's letters are numbered by an alphabet and packed into one or two integers of 64 bits: eight
letters each where the alphabet has at most 254 letters, four where it has more. Two words of at
most `2 · letters` letters are equal where their integers are: nothing is hashed, nothing collides.
"""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.text.word_cuts import CodePoints, Places

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
        numbers = np.zeros(len(codes) + 2 * self.letters, dtype=self._numbers.dtype)
        self._numbers.take(codes, out=numbers[: len(codes)])
        size = numbers.itemsize
        windows: npt.NDArray[Any] = np.lib.stride_tricks.as_strided(
            numbers, (len(codes) + self.letters + 1, self.letters), (size, size), writeable=False
        )
        lengths = ends - starts
        first = self._packed(windows, starts, lengths)
        second = np.zeros_like(first)
        long = np.flatnonzero(lengths > self.letters)
        second[long] = self._packed(
            windows, starts[long] + self.letters, lengths[long] - self.letters
        )
        return first, second

    def words(self, keys: Keys) -> list[str]:
        """The words of at most `letters` letters whose first integers these are."""
        numbers = np.ascontiguousarray(keys).view(self._numbers.dtype).reshape(-1, self.letters)
        return self._code_points[numbers].view(f"<U{self.letters}").ravel().tolist()

    def _packed(self, windows: npt.NDArray[Any], at: Places, lengths: Places) -> Keys:
        keys = np.ascontiguousarray(windows[at]).view(np.uint64).ravel()
        return keys & self._masks[np.minimum(lengths, self.letters)]
