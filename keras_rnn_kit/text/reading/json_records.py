"""Texts in JSON: a file of records, or a record a line (.jsonl, .ndjson), which is streamed.

https://jsonlines.org
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import chunks_of, form_of, read_decoded
from keras_rnn_kit.text.reading.columns import LABEL_NAMES, TEXT_NAMES, column_of
from keras_rnn_kit.text.reading.parts import Part, lines

LINES = (".jsonl", ".ndjson")
FORMS = (".json", *LINES)

# Where records in JSON keep their text, at any depth.
_TEXT_KEYS = ("paragraphs", "text")
_EMPTY = Part("", "")  # a record without text


def json_parts(path: Path, text_column: str | None, encoding: str) -> Iterator[Part]:
    """The text of each record as a document.

    A record is an object or a string. Its text stands under `text_column` or, where that is None,
    under "paragraphs" or "text", also inside other lists and objects; a list of strings is joined
    by newlines. A blank line is an empty record. A .json file may be read whole; there, a record
    without these keys is an empty one, as long as others have them.

    Raises:
        KitError: for what is no JSON, with its line, and a record without text, with its number.
    """
    if form_of(path) in LINES:
        for where, record in _line_records(path, encoding):
            if record is None:
                yield _EMPTY
                continue
            text = _text_of(where, record, text_column)
            if text is None:
                raise _no_text(where, text_column)
            yield Part(text, "\n\n") if text else _EMPTY
        return
    records = _file_records(path, encoding)
    if text_column is None and all(isinstance(record, str) for record in records):
        yield from (Part(record, "\n") for record in records)
        return
    texts = [_text_of(_numbered(path, i), record, text_column) for i, record in enumerate(records)]
    if text_column is not None and None in texts:
        raise _no_text(_numbered(path, texts.index(None)), text_column)
    if not any(texts):
        raise _no_text(path, text_column)
    yield from (Part(text, "\n\n") if text else _EMPTY for text in texts)


def json_pairs(
    path: Path, text_column: str | None, label_column: str | None, encoding: str
) -> Iterator[tuple[str, str] | None]:
    """The text and the label of each record, None for a blank line.

    The label stands under `label_column` or a customary name, as a string, a number, true or
    false; the text as in `json_parts`, or under a customary name.

    Raises:
        KitError: see `json_parts`; also for a record without a label.
    """
    if form_of(path) in LINES:
        records = _line_records(path, encoding)
    else:
        whole = _file_records(path, encoding)
        records = ((_numbered(path, i), record) for i, record in enumerate(whole))
    some = False
    for where, record in records:
        if record is None:
            yield None
            continue
        if not isinstance(record, dict):
            raise KitError(
                f"{where} must be an object with a text and a label; received "
                f"{json.dumps(record)[:60]}. Mend it."
            )
        keys = list(record)
        label = record[keys[column_of(where, keys, label_column, LABEL_NAMES, "label")]]
        text = _text_of(where, record, text_column)
        if text is None:
            column = keys[column_of(where, keys, text_column, TEXT_NAMES, "text")]
            text = _text_of(where, record, column)
        if text is None:
            raise _no_text(where, text_column)
        label = label.strip() if isinstance(label, str) else label
        if label in (None, "") or isinstance(label, list | dict):
            raise KitError(
                f"{where} must have a label, a string or a number; received "
                f"{json.dumps(label)[:60]}. Write the label, or take the record out."
            )
        yield text, label if isinstance(label, str) else json.dumps(label)
        some = True
    if not some:
        raise KitError(f"{path} must hold records; received none. Give a file with records.")


def _file_records(path: Path, encoding: str) -> list[Any]:
    data = _parsed(path, read_decoded(path, encoding), f"{path}", 1)
    records = data if isinstance(data, list) else [data]
    # A null is a record without text; None is a line without a record.
    return [{} if record is None else record for record in records]


def _line_records(path: Path, encoding: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines(chunks_of(path, encoding)), 1):
        where = f"{path}, line {number}"
        if not line.strip():
            yield where, None
            continue
        record = _parsed(path, line, where, number)
        yield where, {} if record is None else record


def _parsed(path: Path, source: str, where: str, first: int) -> Any:
    """What the JSON says; `first` is the number of the source's first line in the file."""
    try:
        return json.loads(source)
    except json.JSONDecodeError as error:
        raise KitError(
            f"{path} must be JSON{' lines' if form_of(path) in LINES else ''}; received a file "
            f"damaged at line {first + error.lineno - 1}, column {error.colno} ({error.msg}). "
            "Mend it, or name a plain text .txt."
        ) from None
    except RecursionError:
        raise _too_deep(where) from None


def _numbered(path: Path, index: int) -> str:
    return f"{path}, record {index + 1}"


def _text_of(where: str, record: Any, column: str | None) -> str | None:
    """The record's text, or None where it has no key for one."""
    if isinstance(record, str):
        return record if column is None else None
    if column is not None and (not isinstance(record, dict) or column not in record):
        return None
    try:
        if column is None:
            texts = _strings(record, inside=False)
        else:
            texts = _strings(record[column], inside=True)
    except RecursionError:
        raise _too_deep(where) from None
    return None if texts is None else "\n".join(texts)


def _strings(value: Any, inside: bool) -> list[str] | None:
    """The strings at or below a text key, None without such a key.

    `inside` says whether `value` is below one.
    """
    if isinstance(value, str) and inside:
        return [value]
    below: list[list[str] | None] = []
    if isinstance(value, list):
        below = [_strings(item, inside) for item in value]
    elif isinstance(value, dict):
        below = [_strings(item, inside or key in _TEXT_KEYS) for key, item in value.items()]
    found = [texts for texts in below if texts is not None]
    return [text for texts in found for text in texts] if found or inside else None


def _too_deep(where: str) -> KitError:
    return KitError(
        f"{where} must be JSON of records; received lists nested too deep. Flatten them."
    )


def _no_text(where: object, column: str | None) -> KitError:
    if column is not None:
        return KitError(
            f"{where} must be an object with the text key {column!r}; received none. "
            "Pass text_column with another, or mend it."
        )
    return KitError(
        f"{where} must hold strings under {' or '.join(map(repr, _TEXT_KEYS))}, or be a string; "
        "received neither. Pass text_column with the key that holds the text."
    )
