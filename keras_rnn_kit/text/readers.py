"""Plain text for language models, from files and folders."""

import json
from pathlib import Path
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath, files_in, read_decoded

# Where records in JSON keep their text.
_TEXT_KEYS = ("paragraphs", "text")


def read_text(path: StrPath, encoding: str = "utf-8") -> str:
    r"""The text of a file, or of all the *.txt files of a folder, in the order of their names.

    - A file is read as it is, but for a byte-order mark, which goes, and \r\n, which becomes \n.
    - The texts of a folder follow each other, each on a new line.
    - A .json file holds a list of strings or of records; a record's text stands under
      "paragraphs" or "text", as a string or a list of strings, also inside other lists and
      records. Strings are joined by a newline, records by a blank line.

    Raises:
        KitError: for what is missing, empty, damaged or not valid in the encoding; names the file.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (pathlib.Path(folder) / "b.txt").write_text("second")
        ...     _ = (pathlib.Path(folder) / "a.txt").write_text("first")
        ...     read_text(folder)
        'first\nsecond'
    """
    path = Path(path)
    if path.is_dir():
        return _read_folder(path, encoding)
    text = read_decoded(path, encoding)
    if path.suffix.lower() == ".json":
        text = _text_of_json(path, text)
    if not text:
        raise KitError(f"{path} must hold text; received an empty file. Give a file with text.")
    return text


def _read_folder(folder: Path, encoding: str) -> str:
    files = files_in(folder, ".txt")
    if not files:
        raise KitError(
            f"the folder {folder} must hold *.txt files; received none. "
            "Give a folder of texts, or a file."
        )
    texts = [text for text in (read_decoded(file, encoding) for file in files) if text]
    if not texts:
        raise KitError(
            f"the folder {folder} must hold text; received {len(files)} empty *.txt files. "
            "Give files with text."
        )
    ended = [text if text.endswith("\n") else text + "\n" for text in texts[:-1]]
    return "".join(ended) + texts[-1]


def _text_of_json(path: Path, source: str) -> str:
    try:
        data = json.loads(source)
    except json.JSONDecodeError as error:
        raise KitError(
            f"{path} must be JSON; received a file damaged at line {error.lineno}, column "
            f"{error.colno} ({error.msg}). Mend it, or name a plain text .txt."
        ) from None
    except RecursionError:
        raise KitError(
            f"{path} must be JSON of records; received lists nested too deep. Flatten them."
        ) from None
    if isinstance(data, list) and all(isinstance(item, str) for item in data):
        return "\n".join(data)
    records = data if isinstance(data, list) else [data]
    texts = ["\n".join(_strings(record, inside=isinstance(record, str))) for record in records]
    if not any(texts):
        raise KitError(
            f"{path} must hold strings under {' or '.join(map(repr, _TEXT_KEYS))}, or a list of "
            "strings; received neither. Rename the key that holds the text."
        )
    return "\n\n".join(text for text in texts if text)


def _strings(value: Any, inside: bool) -> list[str]:
    """The strings at or below a text key; `inside` says whether `value` is below one."""
    if isinstance(value, str):
        return [value] if inside else []
    if isinstance(value, list):
        return [text for item in value for text in _strings(item, inside)]
    if isinstance(value, dict):
        return [
            text
            for key, item in value.items()
            for text in _strings(item, inside or key in _TEXT_KEYS)
        ]
    return []
