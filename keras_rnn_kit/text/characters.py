"""The classes of characters that the tokenizer and the cleaning share with the TensorFlow graph.

Each class is a list of inclusive ranges of code points. Python's `re` gets a class as `[...]`
through `class_body`, and `exporting/text_graphs/` writes the same ranges for RE2, so that both
cut a text in the same places. What is a letter, a mark or a punctuation sign comes from the
Unicode data of the Python that runs; the rest is written out here.
"""

import functools
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence

Ranges = Sequence[tuple[int, int]]

# White space as `str.isspace` has it; written out because RE2's \s knows ASCII alone.
SPACE: Ranges = (
    (0x09, 0x0D),
    (0x1C, 0x20),
    (0x85, 0x85),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)

# Chinese characters: the iteration mark and the zero, then the blocks of unified and of
# compatibility ideographs.
HAN: Ranges = (
    (0x3005, 0x3005),
    (0x3007, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)

# Join two halves of a word: ' ’ - and the two zero-width joiners that Persian and Indic words hold.
JOINERS: Ranges = ((0x27, 0x27), (0x2D, 0x2D), (0x200C, 0x200D), (0x2019, 0x2019))

_VARIATION_SELECTORS = range(0xFE00, 0xFE10)  # marks by category, but they dress emoji
_LAST_MARK = 0x1E950  # above lie only variation selectors; keeps the scan short


def ranges_where(test: Callable[[int], bool], first: int, stop: int) -> list[tuple[int, int]]:
    """The ranges of the code points in [first, stop) for which `test` holds.

    Example:
        >>> ranges_where(lambda code: chr(code).isdigit(), 0, 128)
        [(48, 57)]
    """
    ranges: list[tuple[int, int]] = []
    for code in range(first, stop):
        if not test(code):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return ranges


def _ranges_matching(pattern: str) -> list[tuple[int, int]]:
    """The ranges of all code points that match: far quicker than to ask for one after the other."""
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    return [(match.start(), match.end() - 1) for match in re.finditer(pattern, every)]


@functools.cache
def marks() -> Ranges:
    """Marks that belong to the letter before them (categories Mn and Mc): accents, vowel signs."""
    return ranges_where(
        lambda code: (
            code not in _VARIATION_SELECTORS and unicodedata.category(chr(code)) in ("Mn", "Mc")
        ),
        0x300,
        _LAST_MARK,
    )


@functools.cache
def word_characters() -> Ranges:
    """Letters, numbers, the underscore and marks, without Chinese characters."""
    return _ranges_matching(rf"(?:[^\W{class_body(HAN)}]++|[{class_body(marks())}]++)++")


@functools.cache
def punctuation() -> Ranges:
    """Punctuation (the categories P*) and ASCII's signs such as $ + < = > ^ ` | ~.

    Emoji and other symbols are no punctuation: they carry a sentiment.
    """
    ascii_signs = set(b"$+<=>^`|~")
    return ranges_where(
        lambda code: code in ascii_signs or unicodedata.category(chr(code)).startswith("P"),
        0,
        _LAST_MARK + 0x1000,
    )


@functools.cache
def digits() -> Ranges:
    """Decimal digits of all scripts (the category Nd), which `re` knows as \\d."""
    return _ranges_matching(r"\d++")


def class_body(ranges: Ranges) -> str:
    """The ranges as the inside of a `[...]` for Python's `re`.

    Example:
        >>> class_body([(0x61, 0x7A), (0x4E00, 0x9FFF)])
        '\\\\U00000061-\\\\U0000007a\\\\U00004e00-\\\\U00009fff'
    """
    return "".join(
        f"\\U{low:08x}" + (f"-\\U{high:08x}" if high > low else "") for low, high in ranges
    )
