"""Files and folders as Python strings, with errors that name the file and the place."""

import gzip
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.reading.decoding import decoded
from keras_rnn_kit.text.reading.parts import lines

StrPath = str | os.PathLike[str]


def form_of(path: StrPath) -> str:
    """The suffix that tells a file's form, in lower case: of a .gz file, the one before it.

    Example:
        >>> form_of("a/films.TSV"), form_of("films.tsv.gz"), form_of("films.gz")
        ('.tsv', '.tsv', '')
    """
    path = Path(path)
    return Path(path.stem if _is_packed(path) else path.name).suffix.lower()


def chunks_of(path: StrPath, encoding: str = "utf-8") -> Iterator[str]:
    """The file's text in chunks as they are read, unpacked where it is named .gz.

    What is done to the text, and what stays, is told by `decoding.decoded`.

    Raises:
        KitError: for a file that can't be read, a damaged .gz, or bytes that are not valid in the
            encoding, with the offset of the first of them.
    """
    with _opened(path) as file:
        yield from decoded(_reader(file, path), path, encoding, unpacked=_is_packed(path))


def read_decoded(path: StrPath, encoding: str = "utf-8") -> str:
    """The whole file as text; see `chunks_of`."""
    return "".join(chunks_of(path, encoding))


def read_input(path: StrPath, encoding: str = "utf-8") -> str:
    """As `read_decoded`, for a command: `-` is standard input."""
    return "".join(_input_chunks(path, encoding))


def input_lines(path: StrPath, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a file, or of standard input where it is `-`, one by one as they are read.

    Cut as by `parts.by_line`; raises `KitError` as `chunks_of`, after the lines before the one
    that is to blame.
    """
    return lines(_input_chunks(path, encoding))


def _input_chunks(path: StrPath, encoding: str) -> Iterator[str]:
    if path != "-":
        return chunks_of(path, encoding)
    name = "standard input"
    return decoded(_reader(sys.stdin.buffer, name), name, encoding)


def _opened(path: StrPath) -> Any:
    try:
        return gzip.open(path, "rb") if _is_packed(path) else open(path, "rb")
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise _unreadable(path, error) from None


def _is_packed(path: StrPath) -> bool:
    return Path(path).suffix.lower() == ".gz"


def _reader(file: Any, name: StrPath) -> Callable[[int], bytes]:
    """What `decoded` reads with: `read1` returns what is there, and waits for no more."""

    def read(size: int) -> bytes:
        try:
            return file.read1(size)
        except EOFError:
            reason = "one that is cut short"
        except (gzip.BadGzipFile, zlib.error) as error:
            reason = f"one that is damaged ({error})"
        except OSError as error:
            raise _unreadable(name, error) from None
        raise KitError(
            f"{name} must be a whole gzip file; received {reason}. Fetch or pack it anew."
        )

    return read


def _unreadable(path: StrPath, error: OSError | ValueError) -> KitError:
    reason = getattr(error, "strerror", None) or error
    return KitError(f"{path} must be a file that can be read; received '{reason}'. Check the path.")


def files_in(folder: StrPath, *forms: str) -> list[Path]:
    """The folder's own files of one of the forms, also as .gz, sorted by name; no hidden ones."""
    try:
        return sorted(
            path
            for path in Path(folder).iterdir()
            if form_of(path) in forms and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        raise KitError(
            f"{folder} must be a folder that can be read; received '{error.strerror}'. "
            "Check the path."
        ) from None


def read_json(
    path: StrPath, what: str, *, fields: Sequence[str], version: int, find: str, remedy: str
) -> dict[str, Any]:
    """An object of the kit's own that is kept in JSON, with the version of its form as "format".

    Args:
        path: the file.
        what: it must be, such as "a vocabulary".
        fields: it must have, beside the format.
        version: its format must be.
        find, remedy: what to do where it can't be read, and where it is damaged.

    Raises:
        KitError: for a file that is missing, damaged or of another format; names the file.

    Example:
        >>> read_json("gone.json", "a list", fields=[], version=1, find="Look.", remedy="Mend it.")
        Traceback (most recent call last):
        ...
        keras_rnn_kit.errors.KitError: gone.json must be a list that can be read; received \
'No such file or directory'. Look.
    """
    try:
        data = json.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise KitError(
            f"{path} must be {what} that can be read; received '{error.strerror or error}'. {find}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise KitError(
            f"{path} must be {what} in JSON; received a damaged file ({error}). {remedy}"
        ) from None
    if not isinstance(data, dict) or not {"format", *fields} <= data.keys():
        came = (", ".join(data) or "an empty one") if isinstance(data, dict) else repr(data)[:60]
        raise KitError(
            f"{path} must hold an object with {', '.join(['format', *fields])}; received {came}. "
            f"{remedy}"
        )
    if data["format"] != version:
        raise KitError(
            f"{path}: the format must be {version}; received {data['format']!r}. Install the "
            "version of keras-rnn-kit that wrote the file, or a newer one."
        )
    return data


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
