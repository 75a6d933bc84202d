"""Texts in tables, .tsv and .csv: a row at a time."""

import csv
import io
import itertools
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import chunks_of, form_of
from keras_rnn_kit.text.reading.columns import LABEL_NAMES, TEXT_NAMES, column_of, shown
from keras_rnn_kit.text.reading.parts import Part, lines

FORMS = (".tsv", ".csv")
LOOKED_AT = 1000  # rows that tell which of two columns without names holds the labels

Row = tuple[int, list[str]]  # the line where the row ends, its cells
_FIELD_LIMIT = threading.Lock()  # csv keeps its limit for the whole process


def table_parts(path: Path, text_column: str, encoding: str) -> Iterator[Part]:
    """The cells of one column, each a document; the table names its columns in the first row."""
    rows = _rows(path, encoding)
    header = _first(path, rows)[1]
    column = column_of(path, header, text_column, TEXT_NAMES, "text")
    for _, cells in _checked(path, rows, len(header)):
        yield Part(cells[column], "\n")


def table_pairs(
    path: Path, text_column: str | None, label_column: str | None, encoding: str
) -> Iterator[tuple[str, str]]:
    """The text and the label of each row.

    Without names in the first row, the first `LOOKED_AT` rows are held and looked at: of the two
    columns, the one with the fewer distinct values among them holds the labels; where both have as
    many, the one with the fewer words.
    """
    rows = _rows(path, encoding)
    line, first = _first(path, rows)
    known = {cell.strip().lower() for cell in first} & {*LABEL_NAMES, *TEXT_NAMES}
    if known or text_column is not None or label_column is not None:
        label = column_of(path, first, label_column, LABEL_NAMES, "label")
        text = _text_column(path, first, text_column, label)
    elif len(first) == 2:
        begin = [(line, first), *itertools.islice(rows, LOOKED_AT - 1)]
        label = _label_without_header(path, begin)
        text = 1 - label
        rows = itertools.chain(begin, rows)
    else:
        raise KitError(
            f"{path} must have a header with a label column, or two columns; received the first "
            f"row {shown(first)}. Pass label_column and text_column, and put their names in the "
            "first row."
        )
    for line, cells in _checked(path, rows, len(first)):
        if not cells[label].strip():
            raise KitError(
                f"{path}, line {line}: every row must have a label; received an empty one. "
                "Write the label, or take the row out."
            )
        yield cells[text], cells[label].strip()


def _rows(path: Path, encoding: str) -> Iterator[Row]:
    chunks = chunks_of(path, encoding)
    if form_of(path) == ".csv":
        return _csv_rows(path, chunks)
    return ((n, line.split("\t")) for n, line in enumerate(lines(chunks), 1) if line)


def _csv_rows(path: Path, chunks: Iterable[str]) -> Iterator[Row]:
    reader = csv.reader(_csv_lines(chunks), strict=True)
    while True:
        # The limit is taken off for one row at a time: nobody else is to meet it in between.
        with _FIELD_LIMIT:
            before = csv.field_size_limit(sys.maxsize)
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise KitError(
                    f"{path}, line {reader.line_num}: the file must be valid CSV; received "
                    f"'{error}'. Mend the quotes near that line."
                ) from None
            finally:
                csv.field_size_limit(before)
        if cells is None:
            return
        if cells:
            yield reader.line_num, cells


def _csv_lines(chunks: Iterable[str]) -> Iterator[str]:
    r"""Lines with their ends, as the csv reader wants them: cut at \n and at a lone \r."""
    held: list[str] = []
    for chunk in chunks:
        for line in io.StringIO(chunk, newline=""):
            held.append(line)
            if line[-1] in "\r\n":
                yield "".join(held)
                held = []
    if held:
        yield "".join(held)


def _first(path: Path, rows: Iterator[Row]) -> Row:
    first = next(rows, None)
    if first is None:
        raise KitError(f"{path} must hold rows; received an empty file. Give a file with rows.")
    return first


def _checked(path: Path, rows: Iterator[Row], width: int) -> Iterator[Row]:
    """The rows, each as wide as the first."""
    line = 0
    for line, cells in rows:
        if len(cells) != width:
            raise KitError(
                f"{path}, line {line}: every row must have {width} columns; received "
                f"{len(cells)}. Mend the row."
            )
        yield line, cells
    if not line:
        raise KitError(
            f"{path} must hold rows below its header; received none. Give a file with rows."
        )


def _text_column(path: Path, header: Sequence[str], name: str | None, label: int) -> int:
    if name is None and len(header) == 2:
        return 1 - label
    text = column_of(path, header, name, TEXT_NAMES, "text")
    if text == label:
        raise KitError(
            f"{path} must have its text and its labels in two columns; received {header[text]!r} "
            f"for both, among {shown(header)}. Pass text_column with another."
        )
    return text


def _label_without_header(path: Path, rows: Sequence[Row]) -> int:
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
