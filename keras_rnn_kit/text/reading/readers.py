"""Plain text for language models, from files and folders."""

from collections.abc import Iterator
from pathlib import Path

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import chunks_of, files_in, form_of
from keras_rnn_kit.text.reading import json_records, tables
from keras_rnn_kit.text.reading.parts import Part


def path_parts(path: Path, text_column: str | None, encoding: str) -> Iterator[Part]:
    """The documents of a file or folder, read while they are iterated.

    - A folder: each of its *.txt and *.txt.gz files, in the order of their names.
    - .json, .jsonl, .ndjson: each record, see `json_records.json_parts`.
    - .tsv, .csv with a `text_column`: each row's text, see `tables.table_parts`.
    - Any other file, tables without a `text_column` too: the file as it is.

    Raises:
        KitError: for what is missing, damaged or not valid in the encoding; names the file.
    """
    form = form_of(path)
    if not path.is_dir() and form in json_records.FORMS:
        return json_records.json_parts(path, text_column, encoding)
    if text_column is None:
        return _folder_parts(path, encoding) if path.is_dir() else _file_parts(path, encoding)
    if path.is_dir() or form not in tables.FORMS:
        raise KitError(
            f"text_column is for tables (.tsv, .csv), JSON and data sets; received {path}. "
            "Leave it out, or name the file's form by its suffix."
        )
    return tables.table_parts(path, text_column, encoding)


def _folder_parts(folder: Path, encoding: str) -> Iterator[Part]:
    files = files_in(folder, ".txt")
    if not files:
        raise KitError(
            f"the folder {folder} must hold *.txt files; received none. "
            "Give a folder of texts, or a file."
        )
    for file in files:
        yield from _file_parts(file, encoding)


def _file_parts(path: Path, encoding: str) -> Iterator[Part]:
    on_a_new_line = True
    for chunk in chunks_of(path, encoding):
        yield Part(chunk)
        on_a_new_line = chunk.endswith("\n")
    yield Part("", "" if on_a_new_line else "\n")
