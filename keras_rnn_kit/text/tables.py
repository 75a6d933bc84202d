"""Labelled texts in tables: .tsv and .csv."""

import csv
import io
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import lines_of, read_decoded

LABEL_NAMES = (
    "label", "labels", "sentiment", "class", "category", "target", "polarity", "rating", "score",
    "stars",
)  # fmt: skip
TEXT_NAMES = (
    "text", "texts", "sentence", "review", "content", "body", "comment", "tweet", "document",
    "phrase",
)  # fmt: skip

Row = tuple[int, list[str]]  # the line where the row ends, its cells
_FIELD_LIMIT = threading.Lock()  # csv keeps its limit for the whole process


def read_table(
    path: Path, text_column: str | None, label_column: str | None, encoding: str
) -> tuple[list[str], list[str]]:
    """The texts and labels of a table; see `labelled.read_labelled` for its forms."""
    source = read_decoded(path, encoding)
    rows = _csv_rows(path, source) if path.suffix.lower() == ".csv" else _tsv_rows(source)
    if not rows:
        raise KitError(f"{path} must hold rows; received an empty file. Give a file with rows.")
    first = rows[0][1]
    known = {cell.strip().lower() for cell in first} & {*LABEL_NAMES, *TEXT_NAMES}
    if known or text_column is not None or label_column is not None:
        label = _column(path, first, label_column, LABEL_NAMES, "label")
        text = _text_column(path, first, text_column, label)
        rows = rows[1:]
        if not rows:
            raise KitError(
                f"{path} must hold rows below its header; received none. Give a file with rows."
            )
    elif len(first) == 2:
        label = _label_without_header(path, rows)
        text = 1 - label
    else:
        raise KitError(
            f"{path} must have a header with a label column, or two columns; received the first "
            f"row {_shown(first)}. Pass label_column and text_column, and put their names in the "
            "first row."
        )
    for line, cells in rows:
        if len(cells) != len(first):
            raise KitError(
                f"{path}, line {line}: every row must have {len(first)} columns; received "
                f"{len(cells)}. Mend the row."
            )
        if not cells[label].strip():
            raise KitError(
                f"{path}, line {line}: every row must have a label; received an empty one. "
                "Write the label, or take the row out."
            )
    return [cells[text] for _, cells in rows], [cells[label].strip() for _, cells in rows]


def _tsv_rows(source: str) -> list[Row]:
    return [(n, line.split("\t")) for n, line in enumerate(lines_of(source), 1) if line]


def _csv_rows(path: Path, source: str) -> list[Row]:
    with _FIELD_LIMIT:
        before = csv.field_size_limit(sys.maxsize)
        try:
            # newline="" keeps a lone \r for the csv reader, which cuts at \n, \r and nothing else.
            reader = csv.reader(io.StringIO(source, newline=""), strict=True)
            try:
                return [(reader.line_num, cells) for cells in reader if cells]
            except csv.Error as error:
                raise KitError(
                    f"{path}, line {reader.line_num}: the file must be valid CSV; received "
                    f"'{error}'. Mend the quotes near that line."
                ) from None
        finally:
            csv.field_size_limit(before)


def _column(
    path: Path, header: Sequence[str], name: str | None, known: Sequence[str], what: str
) -> int:
    """The column of that name or, where no name is given, of a name that is customary."""
    names = [cell.strip() for cell in header]
    if name is not None:
        if name not in names:
            raise KitError(
                f"{path} must have the {what} column {name!r}; received the columns "
                f"{_shown(header)}. Pass {what}_column with one of them."
            )
        return names.index(name)
    lower = [cell.lower() for cell in names]
    for candidate in known:
        if candidate in lower:
            return lower.index(candidate)
    raise KitError(
        f"{path} must have a {what} column named {', '.join(known[:4])} or the like; received the "
        f"columns {_shown(header)}. Pass {what}_column with one of them."
    )


def _text_column(path: Path, header: Sequence[str], name: str | None, label: int) -> int:
    if name is None and len(header) == 2:
        return 1 - label
    text = _column(path, header, name, TEXT_NAMES, "text")
    if text == label:
        raise KitError(
            f"{path} must have its text and its labels in two columns; received {header[text]!r} "
            f"for both, among {_shown(header)}. Pass text_column with another."
        )
    return text


def _label_without_header(path: Path, rows: Sequence[Row]) -> int:
    """Of two columns without names, the one with the fewer distinct values holds the labels."""
    cells = [cells for _, cells in rows if len(cells) == 2]
    distinct = [len({row[column] for row in cells}) for column in (0, 1)]
    if distinct[0] == distinct[1]:
        # As many different values on both sides: a label is the one that is a single word.
        words = [sum(len(row[column].split()) for row in cells) for column in (0, 1)]
        distinct = words
    if distinct[0] == distinct[1]:
        raise KitError(
            f"{path} must show which of its two columns holds the labels; received as many "
            "different values in both. Put a first line with the names label and text."
        )
    return 0 if distinct[0] < distinct[1] else 1


def _shown(cells: Sequence[str]) -> str:
    shown = [repr(cell if len(cell) <= 40 else cell[:37] + "...") for cell in cells[:12]]
    return ", ".join(shown) + (", ..." if len(cells) > 12 else "")
