"""Bytes spelled as characters, so that a token of bytes is a string that people and JSON can read.

The table is GPT-2's (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"):
a byte whose Latin-1 character prints is that character; the 68 others, in order, are U+0100 and
up. So `a` is a, a space is `Ġ`, a newline is `Ċ`, and é is `Ã©`.
"""

import codecs
import functools
import re

_HALF_SURROGATES = re.compile("[\ud800-\udfff]")


@functools.cache
def alphabet() -> str:
    """The characters of the 256 bytes, in the order of the bytes.

    Example:
        >>> alphabet()[0x61], alphabet()[0x20], alphabet()[0xFF]
        ('a', 'Ġ', 'ÿ')
    """
    printing = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (code for code in range(0x100, 0x200))
    return "".join(chr(byte if byte in printing else next(others)) for byte in range(256))


def spell(text: str) -> str:
    """The text's UTF-8 bytes, a character each; a half surrogate counts as U+FFFD.

    Example:
        >>> spell("né\\n")
        'nÃ©Ċ'
    """
    return codecs.charmap_decode(utf8(text), "strict", alphabet())[0]


def utf8(text: str) -> bytes:
    """The text's bytes in UTF-8; a half surrogate counts as U+FFFD.

    Example:
        >>> utf8("\\ud800")
        b'\\xef\\xbf\\xbd'
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return _HALF_SURROGATES.sub("\ufffd", text).encode("utf-8")


def read(spelled: str) -> str:
    """The text whose bytes are spelled; bytes that are not valid UTF-8 become U+FFFD.

    A character that spells no byte stands for itself.

    Example:
        >>> read("nÃ©Ċ"), read("nÃ"), read("<床>")
        ('né\\n', 'n\ufffd', '<床>')
    """
    return _data(spelled).decode("utf-8", "replace")


class Reader:
    """Reads spelled bytes as they come, for a text that is being generated.

    A character is given with its last byte, and until then nothing of it. What all calls give,
    and `rest` in the end, is what `read` gives for the whole.

    Example:
        >>> reader = Reader()
        >>> [reader(token) for token in ("n", "Ã", "©", "eÃ")]
        ['n', '', 'é', 'e']
        >>> reader.rest()
        '\ufffd'
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def __call__(self, spelled: str) -> str:
        """The characters that are complete with these bytes."""
        return self._decoder.decode(_data(spelled))

    def rest(self) -> str:
        """U+FFFD for a character that is not complete, and nothing otherwise."""
        return self._decoder.decode(b"", final=True)


@functools.cache
def _bytes() -> dict[int, int]:
    return {ord(character): byte for byte, character in enumerate(alphabet())}


def _data(spelled: str) -> bytes:
    table = _bytes()
    try:
        return codecs.charmap_encode(spelled, "strict", table)[0]
    except UnicodeEncodeError:  # a special of one's own
        return b"".join(
            bytes([table[ord(c)]]) if ord(c) in table else c.encode("utf-8", "replace")
            for c in spelled
        )
