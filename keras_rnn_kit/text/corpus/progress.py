"""What a long preparation says of itself: its source, and how far it is."""

import codecs
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from keras_rnn_kit.text.corpus.encoding import Piece
from keras_rnn_kit.text.files import StrPath


def source_files(source: StrPath) -> list[list[Any]]:
    """Name, size and time of change of each file of a source, to tell whether it is as it was.

    Of what is no file and no folder, such as `python-docs`, there are none.

    Example:
        >>> source_files("python-docs")
        []
    """
    path = Path(source)
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in found if file.is_file() and not file.name.startswith(".")]
    return [[os.path.abspath(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def source_bytes(source: StrPath, encoding: str = "utf-8") -> int | None:
    """How many bytes of UTF-8 the source's texts have; None where only reading would tell.

    That is known, nearly (line ends may be of two bytes), of plain text in UTF-8.

    Example:
        >>> source_bytes("python-docs") is None
        True
    """
    sizes = [(Path(name).suffix.lower(), size) for name, size, _ in source_files(source)]
    plain = [size for suffix, size in sizes if suffix == ".txt"]
    if not Path(source).is_dir() and len(plain) != len(sizes):
        return None
    return sum(plain) or None if codecs.lookup(encoding).name == "utf-8" else None


class ProgressLine:
    """One line that says how far something is: on a terminal in place, else now and then.

    Args:
        what: stands before the figures.
        total: bytes in all, or None where that is not known.
        stream: where to; None is standard output.

    Example:
        >>> line = ProgressLine("Encoding", total=2_000_000)
        >>> line.tell(500_000, "0 shards")
        Encoding: 25%, 0 MB, 0 shards
    """

    def __init__(self, what: str, total: int | None, stream: TextIO | None = None) -> None:
        self.what, self.total = what, total
        self.stream = sys.stdout if stream is None else stream
        self.in_place = self.stream.isatty()
        self.pause = 0.2 if self.in_place else 5.0  # seconds between two lines
        self.begun, self.told = time.monotonic(), 0.0
        self.before: int | None = None  # bytes that others had done

    def tell(self, done: int, more: str = "", passed: int = 0) -> None:
        """Says that `done` bytes are done, `passed` of which cost next to nothing."""
        now = time.monotonic()
        if passed != self.before:  # still passing by what an earlier run did
            self.before, self.begun = passed, now
        if now - self.told < self.pause:
            return
        self.told = now
        parts = [f"{done / 1e6:,.0f} MB"]
        if self.total is not None:
            parts.insert(0, f"{min(99, 100 * done // self.total)}%")
        seconds = now - self.begun
        if seconds > 0.5 and done > passed:
            rate = (done - passed) / seconds
            parts.append(f"{rate / 1e6:,.1f} MB/s")
            if self.total is not None:
                parts.append(f"{max(0.0, self.total - done) / rate:,.0f} s remaining")
        line = ", ".join([*parts, *([more] if more else [])])
        end = "\x1b[K\r" if self.in_place else "\n"
        print(f"{self.what}: {line}", end=end, file=self.stream, flush=True)

    def clear(self) -> None:
        """Makes room on the line for what comes next."""
        if self.in_place:
            print("\x1b[K", end="", file=self.stream, flush=True)

    def watch(self, pieces: Iterable[Piece]) -> Iterator[str]:
        """The texts of the pieces, told of as they pass."""
        done = 0
        for text, _ in pieces:
            yield text
            done += len(text.encode("utf-8", "surrogatepass"))
            self.tell(done)
