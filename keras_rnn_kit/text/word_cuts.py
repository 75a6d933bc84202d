"""Where the words of a text begin and end, for whole megabytes at once.

It cuts in the places where `WordTokenizer`'s pattern cuts: what is a word is decided for each
character by its own class and its two neighbours', so arrays can do it, at ten times the speed of
a regular expression.
"""

import functools
import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.text import characters

CodePoints = npt.NDArray[np.uint8 | np.uint32]
Places = npt.NDArray[np.intp]

# One piece after the other stays in the processor's caches.
PIECE = 1 << 18
_SPACE, _WORD, _JOINER, _SIGN = range(4)


def code_points(text: str) -> CodePoints:
    """The text's code points `[T]`, as uint8 where all are ASCII; half surrogates are some, too.

    Example:
        >>> code_points("né")
        array([110, 233], dtype=uint32)
    """
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def looked_up(table: npt.NDArray[np.uint8], codes: CodePoints) -> npt.NDArray[np.uint8]:
    """`table[codes]`.

    Example:
        >>> looked_up(np.arange(256, dtype=np.uint8)[::-1], code_points("ab"))
        array([158, 157], dtype=uint8)
    """
    if codes.dtype == np.uint8:  # Python's way for bytes is the quickest
        translated = codes.tobytes().translate(table[:256].tobytes().ljust(256, b"\0"))
        return np.frombuffer(translated, dtype=np.uint8)
    return table.take(codes)


def cut_words(codes: CodePoints) -> tuple[Places, Places]:
    """Where each token of the text begins, and where it has ended.

    Args:
        codes: the text's code points `[T]`.

    Returns:
        `starts` and `ends`, both `[N]`: token n is `text[starts[n]:ends[n]]`.

    Example:
        >>> starts, ends = cut_words(code_points("don't -stop"))
        >>> starts.tolist(), ends.tolist()
        ([0, 6, 7], [5, 7, 11])
    """
    kinds = _kinds_of(codes)
    word = np.zeros(len(codes) + 2, dtype=bool)  # with a neighbour at either end
    word[1:-1] = kinds == _WORD
    joiners = np.flatnonzero(kinds == _JOINER)
    # A joiner between two letters is one of theirs; beside another joiner it is a sign.
    word[joiners[word[joiners] & word[joiners + 2]] + 1] = True
    token, inside = kinds != _SPACE, word[1:-1]
    starts = np.flatnonzero(token & ~(inside & word[:-2]))
    ends = np.flatnonzero(token & ~(inside & word[2:])) + 1
    return starts, ends


def word_pieces(text: str, size: int = PIECE) -> Iterator[tuple[str, CodePoints, Places, Places]]:
    """A text of any length in pieces, each with its code points and its words as by `cut_words`.

    The pieces joined are the text, and no word is torn. A piece has about `size` characters, and
    more where a single word has.
    """
    begin, wanted = 0, size
    while begin < len(text):
        piece = text[begin : begin + wanted]
        codes = code_points(piece)
        starts, ends = cut_words(codes)
        if begin + wanted < len(text):
            # What follows may be part of the last token, and make a joiner of a last sign, which
            # is then part of the one before it. Both wait for the next piece.
            if 0 < len(starts) < 3:
                wanted *= 2
                continue
            if len(starts):
                piece = piece[: starts[-2]]
                codes, starts, ends = codes[: len(piece)], starts[:-2], ends[:-2]
        yield piece, codes, starts, ends
        begin, wanted = begin + len(piece), size


def word_letters(text: str) -> list[int]:
    """The code points of a text that can be part of a word of more than one, each once.

    Example:
        >>> "".join(map(chr, word_letters("né? 床")))
        'né'
    """
    if text.isascii():
        different = np.arange(128, dtype=np.uint8)  # all of them have room in any alphabet
    else:
        seen = np.zeros(sys.maxunicode + 1, dtype=bool)
        for begin in range(0, len(text), PIECE):
            seen[code_points(text[begin : begin + PIECE])] = True
        different = np.flatnonzero(seen).astype(np.uint32)
    kinds = _kinds_of(different)
    return different[(kinds == _WORD) | (kinds == _JOINER)].tolist()


def _kinds_of(codes: CodePoints) -> npt.NDArray[np.uint8]:
    # A text of ASCII alone does without the table of all code points, which takes a while to make.
    return looked_up(_ascii_kinds() if codes.dtype == np.uint8 else _kinds(), codes)


@functools.cache
def _ascii_kinds() -> npt.NDArray[np.uint8]:
    """The kind of each code point of ASCII."""
    kinds = [_WORD if chr(code).isalnum() or code == ord("_") else _SIGN for code in range(128)]
    for kind, ranges in ((_JOINER, characters.JOINERS), (_SPACE, characters.SPACE)):
        for code in (code for low, high in ranges for code in range(low, min(high, 127) + 1)):
            kinds[code] = kind
    return np.array(kinds, dtype=np.uint8)


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """The kind of each code point."""
    kinds = np.full(sys.maxunicode + 1, _SIGN, dtype=np.uint8)
    for kind, ranges in (
        (_WORD, characters.word_characters()),
        (_JOINER, characters.JOINERS),
        (_SPACE, characters.SPACE),
    ):
        for low, high in ranges:
            kinds[low : high + 1] = kind
    return kinds
