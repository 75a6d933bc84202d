"""What several of the tests of `text/` need."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")

# Texts that break naive code: no text, one word, line separators that are no newlines, NUL,
# Chinese, a letter of two code points, a family of one glyph, a byte-order mark inside.
AWKWARD = (
    "",
    " ",
    "word",
    "one\x85still one\u2028and on",
    "a\0b",
    "床前明月光，疑是地上霜。",
    "cafe\u0301 café",
    "👨‍👩‍👧 👍🏽 ❤️",
    "a\ufeffb",
    "\r\n\t\x0b\x1c\x1f\xa0\u3000",
    "don't rock-’n’-roll '90s -- well-made-",
    "हिन्दी ไทย می‌خواهم",
    "<unk> <pad> __init__ 3.14",
)
