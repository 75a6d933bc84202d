"""The texts that a command was given: as arguments, or line by line in a file."""

import itertools
import os
import stat
import sys
from collections.abc import Iterator, Sequence

from keras_rnn_kit.text.files import input_lines


def given_texts(
    texts: Sequence[str], file: str | None, encoding: str = "utf-8", together: int = 256
) -> Iterator[list[str]]:
    """All of `texts`, then the lines of `file`, as many at once as `together` says.

    Where standard input (`file="-"`) is no file but what writes to us, its lines come one by one:
    it may wait for the answer to each.

    Raises:
        KitError: for a file that can't be read; see `input_lines`.

    Example:
        >>> list(given_texts(["one", "two"], None))
        [['one', 'two']]
    """
    if texts:
        yield list(texts)
    if file is None:
        return
    lines, size = input_lines(file, encoding), 1 if file == "-" and _waits() else together
    while some := list(itertools.islice(lines, size)):
        yield some


def _waits() -> bool:
    """Whether what writes to us, line by line, may wait for the answer to each."""
    try:
        return not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except OSError:  # standard input that is no file of the system's
        return False
