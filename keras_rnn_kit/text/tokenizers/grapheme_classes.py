"""The properties of characters that decide where a grapheme cluster ends.

What the general category decides comes from the Unicode data of the Python that runs. The lists
are what `unicodedata` has not: from the Unicode Character Database 18.0.0, the files
`emoji/emoji-data.txt`, `auxiliary/GraphemeBreakProperty.txt` and `DerivedCoreProperties.txt`.
"""

import functools
import unicodedata
from collections.abc import Iterable

from keras_rnn_kit.text.characters import Ranges, ranges_where

_ASSIGNED = 0x20000  # above lie ideographs, and the tags and selectors that are listed here


def _ranges(text: str) -> Ranges:
    pairs = (item.partition("-") for item in text.split())
    return [(int(low, 16), int(high or low, 16)) for low, _, high in pairs]


# Extended_Pictographic: what a zero-width joiner joins into one picture.
PICTOGRAPHIC = _ranges(
    """
    A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 23CF 23E9-23F3 23F8-23FA 24C2
    25AA-25AB 25B6 25C0 25FB-25FE 2600-2604 260E 2611 2614-2615 2618 261D 2620 2622-2623 2626 262A
    262E-262F 2638-263A 2640 2642 2648-2653 265F-2660 2663 2665-2666 2668 267B 267E-267F 2692-2697
    2699 269B-269C 26A0-26A1 26A7 26AA-26AB 26B0-26B1 26BD-26BE 26C4-26C5 26C8 26CE-26CF 26D1
    26D3-26D4 26E9-26EA 26F0-26F5 26F7-26FA 26FD 2702 2705 2708-270D 270F 2712 2714 2716 271D 2721
    2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2764 2795-2797 27A1 27B0 27BF 2934-2935
    2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F004 1F02C-1F02F 1F094-1F09F 1F0AF-1F0B0
    1F0C0 1F0CF-1F0D0 1F0F6-1F0FF 1F170-1F171 1F17E-1F17F 1F18E 1F191-1F19A 1F1AF-1F1E5
    1F201-1F20F 1F21A 1F22F 1F232-1F23A 1F23C-1F23F 1F249-1F25F 1F266-1F321 1F324-1F393
    1F396-1F397 1F399-1F39B 1F39E-1F3F0 1F3F3-1F3F5 1F3F7-1F3FA 1F400-1F4FD 1F4FF-1F53D
    1F549-1F54E 1F550-1F567 1F56F-1F570 1F573-1F57A 1F587 1F58A-1F58D 1F590 1F595-1F596
    1F5A4-1F5A5 1F5A8 1F5B1-1F5B2 1F5BC 1F5C2-1F5C4 1F5D1-1F5D3 1F5DC-1F5DE 1F5E1 1F5E3 1F5E8
    1F5EF 1F5F3 1F5FA-1F64F 1F680-1F6C5 1F6CB-1F6D2 1F6D5-1F6E5 1F6E9 1F6EB-1F6F0 1F6F3-1F6FF
    1F7DC-1F7F0 1F80C-1F80F 1F848-1F84F 1F85A-1F85F 1F888-1F88F 1F8AE-1F8AF 1F8BC-1F8BF
    1F8C2-1F8CF 1F8D9-1F8FF 1F90C-1F93A 1F93C-1F945 1F947-1F9FF 1FA58-1FA5F 1FA6E-1FAFF
    1FC00-1FFFD
    """
)

# Grapheme_Cluster_Break=Prepend: signs that belong to what follows.
PREPEND = _ranges(
    """
    600-605 6DD 70F 890-891 8E2 D4E 110BD 110CD 111C2-111C3 113D1 1193F 11941 11A84-11A89 11D46
    11F02
    """
)

# Indic_Conjunct_Break=Consonant, and Linker: the virama between two consonants of a conjunct.
CONSONANT = _ranges(
    """
    915-939 958-95F 978-97F 995-9A8 9AA-9B0 9B2 9B6-9B9 9DC-9DD 9DF 9F0-9F1 A95-AA8 AAA-AB0
    AB2-AB3 AB5-AB9 AF9 B15-B28 B2A-B30 B32-B33 B35-B39 B5C-B5D B5F B71 C15-C28 C2A-C39 C58-C5A
    D15-D3A 1000-102A 103F 1050-1055 105A-105D 1061 1065-1066 106E-1070 1075-1081 108E 1780-17B3
    1A20-1A54 1B0B-1B0C 1B13-1B33 1B45-1B4C 1B83-1BA0 1BAE-1BAF 1BBB-1BBD A989-A98B A98F-A9B2
    A9E0-A9E4 A9E7-A9EF A9FA-A9FE AA60-AA6F AA71-AA73 AA7A AA7E-AA7F AAE0-AAEA ABC0-ABDA 10A00
    10A10-10A13 10A15-10A17 10A19-10A35 11103-11126 11144 11147 11380-11389 1138B 1138E
    11390-113B5 11900-11906 11909 1190C-11913 11915-11916 11918-1192F 11A00 11A0B-11A32 11A50
    11A5C-11A83 11B0A 11DF1 11F04-11F10 11F12-11F33
    """
)

LINKER = _ranges(
    """
    94D 9CD ACD B4D C4D D4D 1039 17D2 1A60 1B44 1BAB 1CF5-1CF6 A9C0 AAF6 10A3F 11133 113D0 1193E
    11A3A 11A47 11A99 11F42
    """
)

# Grapheme_Cluster_Break=Extend without being a mark by category (Mn, Me): the non-joiner, some
# vowel signs, skin tones, tags.
_OTHER_EXTEND = _ranges(
    """
    9BE 9D7 B3E B57 BBE BD7 CC0 CC2 CC7-CC8 CCA-CCB CD5-CD6 D3E D57 DCF DDF 1715 1734 1B35 1B3B
    1B3D 1B43-1B44 1BAA 1BF2-1BF3 200C 302E-302F A953 A9C0 FF9E-FF9F 111C0 11235 1133E 1134D 11357
    113B8 113C2 113C5 113C7-113C9 113CF 114B0 114BD 115AF 116B6 11930 1193D 11F41 16FF0-16FF1
    1D165-1D166 1D16D-1D172 1D250-1D252 1D25F 1D280-1D281 1F3FB-1F3FF E0020-E007F
    """
)

# Marks of the category Mc that begin a cluster of their own.
_NOT_SPACING = _ranges(
    """
    102B-102C 1038 1062-1064 1067-106D 1083 1087-108C 108F 109A-109C 1A61 1A63-1A64 AA7B AA7D
    11720-11721
    """
)

# Letters that the category does not show to be spacing marks: the Thai and Lao sign am.
_OTHER_SPACING = ((0xE33, 0xE33), (0xEB3, 0xEB3))
# Variation selectors, marks beyond the last assigned plane that is looked through.
_SELECTORS = ((0xE0100, 0xE01EF),)
# Default_Ignorable_Code_Point without being assigned: controls, whatever they become.
_OTHER_CONTROL = (
    (0x2065, 0x2065),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE001F),
    (0xE0080, 0xE00FF),
    (0xE01F0, 0xE0FFF),
)
LINE_ENDS: Ranges = ((0xA, 0xA), (0xD, 0xD))
JOINER: Ranges = ((0x200D, 0x200D),)
_NON_JOINER = ((0x200C, 0x200C),)
REGIONAL_INDICATOR: Ranges = ((0x1F1E6, 0x1F1FF),)

# The parts of Hangul syllables: leading consonants, vowels (with Kirat Rai's), trailing
# consonants, and the whole syllables without and with a trailing consonant.
HANGUL_L: Ranges = ((0x1100, 0x115F), (0xA960, 0xA97C))
HANGUL_V: Ranges = ((0x1160, 0x11A7), (0xD7B0, 0xD7C6), (0x16D63, 0x16D63), (0x16D67, 0x16D6A))
HANGUL_T: Ranges = ((0x11A8, 0x11FF), (0xD7CB, 0xD7FB))
HANGUL_LV: Ranges = tuple((code, code) for code in range(0xAC00, 0xD7A4, 28))
HANGUL_LVT: Ranges = tuple((code + 1, code + 27) for code in range(0xAC00, 0xD7A4, 28))


@functools.cache
def extend() -> Ranges:
    """Grapheme_Cluster_Break=Extend: marks and the like, which continue any cluster."""
    return [*_of_category("Mn", "Me"), *_OTHER_EXTEND, *_SELECTORS]


@functools.cache
def spacing_mark() -> Ranges:
    """Grapheme_Cluster_Break=SpacingMark: vowel signs that take room of their own."""
    return [*_of_category("Mc", but=(*_NOT_SPACING, *_OTHER_EXTEND)), *_OTHER_SPACING]


@functools.cache
def control() -> Ranges:
    """Grapheme_Cluster_Break=Control, which stands alone; without the line ends."""
    others = (*LINE_ENDS, *PREPEND, *JOINER, *_NON_JOINER)
    return [*_of_category("Cc", "Cf", "Zl", "Zp", but=others), *_OTHER_CONTROL]


@functools.cache
def conjunct_extend() -> Ranges:
    """Indic_Conjunct_Break=Extend: what may stand between a linker and its consonant."""
    return without([*extend(), *JOINER], [*LINKER, *_NON_JOINER])


@functools.cache
def conjunct_linker() -> Ranges:
    """The linkers that continue a cluster; the others begin one."""
    return without(LINKER, without(LINKER, extend()))


@functools.cache
def mark_but_linker() -> Ranges:
    """What continues a cluster (Extend, SpacingMark and the zero-width joiner), without linkers."""
    return without([*extend(), *JOINER, *spacing_mark()], LINKER)


@functools.cache
def mark_that_unties() -> Ranges:
    """What continues a cluster, and stands between no linker and its consonant."""
    return without(mark_but_linker(), conjunct_extend())


def without(ranges: Ranges, others: Ranges) -> Ranges:
    """The code points of `ranges` that are not in `others`.

    Example:
        >>> without([(1, 9)], [(3, 4), (9, 9)])
        [(1, 2), (5, 8)]
    """
    codes, others_codes = _codes(ranges), _codes(others)
    left = codes - others_codes
    return ranges_where(left.__contains__, min(codes), max(codes) + 1)


def _codes(ranges: Ranges) -> set[int]:
    return {code for low, high in ranges for code in range(low, high + 1)}


def _of_category(*categories: str, but: Iterable[tuple[int, int]] = ()) -> Ranges:
    """The characters of the general categories, without those of `but`."""
    others = _codes(tuple(but))
    return ranges_where(
        lambda code: unicodedata.category(chr(code)) in categories and code not in others,
        0,
        _ASSIGNED,
    )
