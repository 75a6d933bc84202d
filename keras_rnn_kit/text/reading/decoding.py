"""Bytes to text while they are read: a chunk at a time, whatever the encoding."""

import codecs
import os
import sys
from collections.abc import Callable, Iterator

from keras_rnn_kit.errors import KitError

CHUNK = 1 << 16  # bytes read at once
_OF_WHAT = {False: "", True: " of the decompressed text"}
_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


def check_encoding(encoding: str) -> str:
    """The encoding's name as Python writes it.

    Raises:
        KitError: for a name that is none of Python's, or one that is not of texts, such as hex.

    Example:
        >>> check_encoding("UTF8")
        'utf-8'
    """
    try:
        b" ".decode(encoding)
    except (LookupError, ValueError) as error:  # ValueError: a name with a NUL in it
        # That a space alone is no valid text of the encoding says nothing against its name.
        if not isinstance(error, UnicodeError):
            raise KitError(
                f"encoding must be one that Python knows; received {encoding!r}. "
                "Pass utf-8, utf-16, latin-1, cp1252, gb18030 or another."
            ) from None
    return codecs.lookup(encoding).name


def decoded(
    read: Callable[[int], bytes],
    name: str | os.PathLike[str],
    encoding: str,
    *,
    size: int = CHUNK,
    unpacked: bool = False,
) -> Iterator[str]:
    r"""The text in chunks; a byte-order mark at the start is dropped and \r\n becomes \n.

    No other character is touched: NUL, U+0085 and a lone \r stay. A chunk is given out as soon as
    its bytes are read, and what stands before a wrong byte is given out before the error.

    Args:
        read: returns up to so many of the next bytes, none at the end.
        name: what the bytes are called in errors.
        encoding: any that Python knows; utf-16 and utf-32 without a mark have the machine's order.
        size: bytes asked for at once.
        unpacked: whether the bytes come out of a compressed file, which an error's offset then
            says.

    Raises:
        KitError: for an unknown encoding, or bytes that are not valid in it, with the offset of
            the first of them.

    Example:
        >>> import io
        >>> list(decoded(io.BytesIO(b"\xef\xbb\xbfone\r\ntwo").read, "a file", "utf-8", size=6))
        ['one', '\ntwo']
    """
    begun, held = False, ""
    for text in _decoded(read, name, encoding, size, unpacked):
        if not begun:
            text, begun = text.removeprefix("\ufeff"), True
        text = held + text
        held = "\r" if text.endswith("\r") else ""  # its \n may be the next chunk's first
        text = text[: len(text) - len(held)].replace("\r\n", "\n")
        if text:
            yield text
    if held:
        yield held


def _decoded(
    read: Callable[[int], bytes],
    name: str | os.PathLike[str],
    encoding: str,
    size: int,
    unpacked: bool,
) -> Iterator[str]:
    """The chunks as they are; none is empty."""
    codec = check_encoding(encoding)
    data = read(size)
    if codec in _MARKS:
        while len(data) < 4 and (more := read(size)):
            data += more
        if not data.startswith(_MARKS[codec]):  # Python's incremental decoder would want one
            codec += "-le" if sys.byteorder == "little" else "-be"
    decoder = codecs.getincrementaldecoder(codec)()
    place, newlines = 0, 0  # bytes read before `data`, and the newlines among them
    while True:
        state = decoder.getstate()
        try:
            text = decoder.decode(data, not data)
        except UnicodeDecodeError as error:
            wrong = error.object  # what was left of earlier chunks, and this one
            start = error.start - len(wrong) + len(data)  # in this chunk; below 0: before it
            if start > 0:
                decoder.setstate(state)
                if text := decoder.decode(data[:start]):
                    yield text
            line = newlines + data.count(b"\n") - wrong.count(b"\n", error.start) + 1
            raise KitError(
                f"{name} must be valid {encoding}; received byte 0x{wrong[error.start]:02x} at "
                f"byte offset {place + start} (line {line}){_OF_WHAT[unpacked]}. Pass --encoding "
                "latin-1, or whichever encoding the file was written in."
            ) from None
        except UnicodeError as error:  # the codecs without offsets, such as idna
            raise KitError(
                f"{name} must be valid {encoding}; received bytes that are not ({error}). "
                "Pass --encoding with the encoding that the file was written in."
            ) from None
        if text:
            yield text
        if not data:
            return
        place, newlines = place + len(data), newlines + data.count(b"\n")
        data = read(size)
