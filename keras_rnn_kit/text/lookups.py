"""Texts to ids by arrays, megabytes at once.

A lookup knows the id of each token of a vocabulary. It gives texts the ids that looking up
`tokenize(text)` in a dictionary gives; `other` is the id of what is not listed, or a function that
gives the id of such a token.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.text.packed_words import Alphabet, Keys
from keras_rnn_kit.text.tokenizers import (
    ByteTokenizer,
    CharacterTokenizer,
    Tokenizer,
    WordTokenizer,
    byte_spelling,
)
from keras_rnn_kit.text.word_cuts import PIECE, CodePoints, Places, code_points, word_pieces

Ids = npt.NDArray[np.int32]
Other = int | Callable[[str], int]
_UNLISTED = -(2**31)


class Lookup(Protocol):
    """What `lookup_of` gives."""

    def rows(self, texts: Sequence[str], other: Other) -> tuple[Ids, Places]:
        """The ids int32 `[N]` of all texts' tokens, and where each text's have ended, `[texts]`."""
        ...


def lookup_of(tokenizer: Tokenizer, ids: Mapping[str, int]) -> Lookup | None:
    """The lookup for the tokens of a tokenizer; None where there is none for it.

    Example:
        >>> lookup = lookup_of(WordTokenizer(), {"to": 4, "be": 5, "!": 6})
        >>> lookup.rows(["to see!", "", "to be"], other=1)
        (array([4, 1, 6, 4, 5], dtype=int32), array([3, 3, 5]))
    """
    kind = _LOOKUPS.get(type(tokenizer))
    return None if kind is None else kind(ids)


class _ByteLookup:
    def __init__(self, ids: Mapping[str, int]) -> None:
        spelled = byte_spelling.alphabet()
        self._ids = np.array([ids.get(token, _UNLISTED) for token in spelled], dtype=np.int32)

    def rows(self, texts: Sequence[str], other: Other) -> tuple[Ids, Places]:
        data = [byte_spelling.utf8(text) for text in texts]
        values = np.frombuffer(b"".join(data), dtype=np.uint8)
        ids = self._ids.take(values)
        _give_others(ids, other, lambda n: byte_spelling.alphabet()[values[n]])
        return ids, np.cumsum([len(one) for one in data], dtype=np.intp)


class _CharacterLookup:
    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = _by_code_point(ids)

    def rows(self, texts: Sequence[str], other: Other) -> tuple[Ids, Places]:
        joined = "".join(texts)
        ids = np.empty(len(joined), dtype=np.int32)
        for begin in range(0, len(joined), PIECE):
            piece = joined[begin : begin + PIECE]
            found = _listed(self._ids, code_points(piece))
            _give_others(found, other, piece.__getitem__)
            ids[begin : begin + len(piece)] = found
        return ids, np.cumsum([len(text) for text in texts], dtype=np.intp)


class _WordLookup:
    def __init__(self, ids: Mapping[str, int]) -> None:
        self._single = _by_code_point(ids)
        words = [word for word in ids if len(word) > 1]
        self._alphabet = Alphabet({ord(letter) for word in words for letter in word})
        self._longest = 2 * self._alphabet.letters
        self._long = {word: ids[word] for word in words if len(word) > self._longest}
        short = [word for word in words if len(word) <= self._longest]
        ends = np.cumsum([len(word) for word in short], dtype=np.intp)
        starts = np.append(0, ends)[: len(short)]
        keys = self._alphabet.pack(code_points("".join(short)), starts, ends)
        self._table = _Table(*keys, np.array([ids[word] for word in short], dtype=np.int32))

    def rows(self, texts: Sequence[str], other: Other) -> tuple[Ids, Places]:
        # A newline keeps the words of two texts apart, and is no token itself.
        edges = np.cumsum([len(text) + 1 for text in texts], dtype=np.intp)
        ids = [np.empty(0, dtype=np.int32)]
        ends = np.zeros(len(texts), dtype=np.intp)
        begin = 0
        for piece, codes, starts, stops in word_pieces("\n".join(texts), PIECE):
            ids.append(self._ids(piece, codes, starts, stops, other))
            ends += np.searchsorted(starts + begin, edges)
            begin += len(piece)
        return np.concatenate(ids), ends

    def _ids(self, text: str, codes: CodePoints, starts: Places, ends: Places, other: Other) -> Ids:
        lengths = ends - starts
        ids = _listed(self._single, codes[starts])
        words = np.flatnonzero(lengths > 1)
        keys = self._alphabet.pack(codes, starts[words], ends[words])
        ids[words] = self._table.find(*keys)
        for n in np.flatnonzero(lengths > self._longest).tolist():
            ids[n] = self._long.get(text[starts[n] : ends[n]], _UNLISTED)
        _give_others(ids, other, lambda n: text[starts[n] : ends[n]])
        return ids


class _Table:
    """An open-addressing hash table of pairs of integers, filled and read by arrays.

    It compares the pairs themselves, and is a quarter full at most, so that nearly every pair is
    found, or found missing, at the first place where it may be.
    """

    def __init__(self, first: Keys, second: Keys, ids: Ids) -> None:
        bits = max(4, (4 * len(ids)).bit_length())
        self._shift, self._last = np.uint64(64 - bits), (1 << bits) - 1
        self._first, self._second = np.zeros((2, 1 << bits), dtype=np.uint64)
        self._ids = np.full(1 << bits, _UNLISTED, dtype=np.int32)
        place, waiting = self._places(first, second), np.arange(len(ids))
        while waiting.size:
            free = self._ids[place] == _UNLISTED
            # Of those that want one free place, the one that was written last has it.
            at, mine = place[free], waiting[free]
            self._ids[at] = ids[mine]
            self._first[at], self._second[at] = first[mine], second[mine]
            seated = np.zeros(len(place), dtype=bool)
            seated[free] = (self._first[at] == first[mine]) & (self._second[at] == second[mine])
            place, waiting = (place[~seated] + 1) & self._last, waiting[~seated]

    def find(self, first: Keys, second: Keys) -> Ids:
        """The id of each pair, or `_UNLISTED`."""
        place = self._places(first, second)
        ids = self._ids.take(place)
        same = (self._first.take(place) == first) & (self._second.take(place) == second)
        found = np.where(same, ids, np.int32(_UNLISTED))
        rest = np.flatnonzero(~same & (ids != _UNLISTED))
        place = place[rest]
        while rest.size:
            place = (place + 1) & self._last
            ids = self._ids[place]
            same = (self._first[place] == first[rest]) & (self._second[place] == second[rest])
            found[rest[same]] = ids[same]
            on = ~same & (ids != _UNLISTED)
            place, rest = place[on], rest[on]
        return found

    def _places(self, first: Keys, second: Keys) -> Places:
        # Odd numbers without a pattern, of the golden ratio and of π: the high bits of the result
        # depend on all bits of both.
        golden, pi = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x243F6A8885A308D3)
        mixed = first * golden
        mixed ^= (mixed >> np.uint64(29)) + second * pi
        return ((mixed * golden) >> self._shift).astype(np.intp)


def _by_code_point(ids: Mapping[str, int]) -> Ids:
    """The id of each code point; the last row, which no token has, is for all above."""
    pairs = [(ord(token), i) for token, i in ids.items() if len(token) == 1]
    table = np.full(max((code for code, _ in pairs), default=0) + 2, _UNLISTED, dtype=np.int32)
    for code, i in pairs:
        table[code] = i
    return table


def _listed(table: Ids, codes: CodePoints) -> Ids:
    return table.take(codes, mode="clip")


def _give_others(ids: Ids, other: Other, token: Callable[[int], str]) -> None:
    """Writes the ids of the tokens that are not listed; the n-th token is `token(n)`."""
    unlisted = ids == _UNLISTED
    if not callable(other):
        ids[unlisted] = other
        return
    known: dict[str, int] = {}
    for n in np.flatnonzero(unlisted).tolist():
        one = token(n)
        if one not in known:
            known[one] = other(one)
        ids[n] = known[one]


_LOOKUPS: dict[type, Callable[[Mapping[str, int]], Lookup]] = {
    ByteTokenizer: _ByteLookup,
    CharacterTokenizer: _CharacterLookup,
    WordTokenizer: _WordLookup,
}
