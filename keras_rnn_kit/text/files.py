"""Files and folders as Python strings, with errors that name the file and the place."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from keras_rnn_kit.errors import KitError

StrPath = str | os.PathLike[str]


def read_decoded(path: StrPath, encoding: str = "utf-8") -> str:
    r"""The whole file as text; a byte-order mark is dropped and \r\n becomes \n.

    No other character is touched: NUL, U+0085 and a lone \r stay.

    Raises:
        KitError: for a file that can't be read, or bytes that are not valid in the encoding,
            with the offset of the first of them.
    """
    with _opened(path) as file:
        return _decoded(file.read(), path, encoding)


def read_input(path: StrPath, encoding: str = "utf-8") -> str:
    """As `read_decoded`, for a command: `-` is standard input."""
    if path != "-":
        return read_decoded(path, encoding)
    return _decoded(sys.stdin.buffer.read(), "standard input", encoding)


def input_lines(path: StrPath, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a file, or of standard input where it is `-`, one by one as they are read.

    Cut as by `lines_of`; raises `KitError` as `read_decoded`, at the line that is to blame.
    """
    try:
        by_line = "a\n".encode(encoding) == b"a\n"
    except LookupError:
        by_line = False  # which `read_input` tells
    if not by_line:  # such as utf-16, where a line break is two bytes
        yield from lines_of(read_input(path, encoding))
        return
    name, offset = "standard input" if path == "-" else path, 0
    opened = contextlib.nullcontext(sys.stdin.buffer) if path == "-" else _opened(path)
    with opened as file:
        for number, raw in enumerate(file, 1):
            line = raw[:-2] if raw.endswith(b"\r\n") else raw.removesuffix(b"\n")
            yield _decoded(line, name, encoding, number, offset)
            offset += len(raw)


def _opened(path: StrPath) -> BinaryIO:
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or error
        raise KitError(
            f"{path} must be a file that can be read; received '{reason}'. Check the path."
        ) from None


def _decoded(data: bytes, path: StrPath, encoding: str, line: int = 1, offset: int = 0) -> str:
    """Text of bytes that stand at that line and offset of the file."""
    try:
        text = data.decode(encoding)
    except LookupError:
        raise KitError(
            f"encoding must be one that Python knows; received {encoding!r}. "
            "Pass utf-8, utf-16, latin-1, cp1252, gb18030 or another."
        ) from None
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        raise KitError(
            f"{path} must be valid {encoding}; received byte 0x{data[error.start]:02x} at byte "
            f"offset {offset + error.start} (line {line}). Pass --encoding latin-1, or whichever "
            "encoding the file was written in."
        ) from None
    except UnicodeError as error:  # the codecs without offsets, such as utf-16 without its mark
        raise KitError(
            f"{path} must be valid {encoding}; received bytes that are not ({error}). "
            "Pass --encoding with the encoding that the file was written in."
        ) from None
    return (text if offset else text.removeprefix("\ufeff")).replace("\r\n", "\n")


def lines_of(text: str) -> list[str]:
    r"""The lines of a text, cut at \n alone, without an empty one at the end.

    `str.splitlines` cuts at U+0085, U+2028 and others too, which stand inside real sentences.

    Example:
        >>> lines_of("one\x85still one\ntwo\n")
        ['one\x85still one', 'two']
    """
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def files_in(folder: StrPath, *suffixes: str) -> list[Path]:
    """The folder's own files with one of the suffixes, sorted by name; hidden ones left out."""
    try:
        return sorted(
            path
            for path in Path(folder).iterdir()
            if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        raise KitError(
            f"{folder} must be a folder that can be read; received '{error.strerror}'. "
            "Check the path."
        ) from None


def write_beside(path: StrPath, data: bytes) -> None:
    """Write beside `path`, then rename, so that no half-written file is ever at `path`.

    Raises:
        KitError: for a path that can't be written to; what was there before stays.
    """
    path = Path(path)
    beside = None
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o644)  # mkstemp makes private files; a bundle is for others to read
        os.replace(beside, path)
    except OSError as error:
        raise KitError(
            f"{path} must be a file that can be written; received '{error.strerror or error}'. "
            f"Make the folder {path.parent} first, or give another path."
        ) from None
    finally:
        if beside is not None and os.path.exists(beside):
            os.unlink(beside)
