"""Numeric series from tables, .csv and .tsv: columns of numbers, in order of time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath, form_of
from keras_rnn_kit.text.reading.columns import shown
from keras_rnn_kit.text.reading.tables import FORMS, _checked, _first, _rows

MISSING = ("", "na", "n/a", "nan", "null", "none", "?")  # in any case


def read_series(
    path: StrPath, columns: Sequence[str] | None = None, *, encoding: str = "utf-8"
) -> np.ndarray:
    """The columns of a table as float64 `[T, C]`; a cell without a number is NaN.

    The first row names the columns, and every other is a point in time, the earliest first. An
    empty cell, or one such as `NA`, is missing: `data.fill_gaps` fills those.

    Args:
        path: a .csv or .tsv, each also as .gz.
        columns: their names, in the order in which they are wanted; None for the only one.
        encoding: of the file.

    Raises:
        KitError: the file can't be read or is no such table, a column isn't there, or a cell is
            neither a number nor missing, with its line.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "sales.csv"
        ...     _ = path.write_text("day,sold\\n1,3.5\\n2,\\n3,4\\n")
        ...     read_series(path, ["sold"])[:, 0].tolist()
        [3.5, nan, 4.0]
    """
    path = Path(path)
    if form_of(path) not in FORMS:
        raise KitError(
            f"a series is read from {' or '.join(FORMS)}, also as .gz; received {path}. "
            "Save it as one of these."
        )
    rows = _rows(path, encoding)
    header = [cell.strip() for cell in _first(path, rows)[1]]
    places = _places(path, header, columns)
    points = [
        [_number(path, line, header[place], cells[place]) for place in places]
        for line, cells in _checked(path, rows, len(header))
    ]
    return np.array(points, np.float64)


def _places(path: Path, header: Sequence[str], columns: Sequence[str] | None) -> list[int]:
    if columns is None and len(header) == 1:
        return [0]
    missing = [name for name in columns or () if name not in header]
    if not columns or missing:
        asked = f"no column {missing[0]!r}" if missing else "several"
        raise KitError(
            f"{path} must have the column that is read; received {asked} among {shown(header)}. "
            "Pass the name of one of them."
        )
    return [header.index(name) for name in columns]


def _number(path: Path, line: int, column: str, cell: str) -> float:
    text = cell.strip()
    if text.lower() in MISSING:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise KitError(
            f"{path}, line {line}: the column {column!r} must hold numbers, with a point for the "
            f"decimals; received {text[:40]!r}. Write the number, or leave the cell empty."
        ) from None


def written(columns: Sequence[str], rows: Sequence[Sequence[float]]) -> Iterator[str]:
    """The lines of a table of numbers, `.6g` each; the first column is a whole number."""
    yield ",".join(columns)
    for first, *others in rows:
        yield ",".join([str(int(first)), *(format(number, ".6g") for number in others)])
