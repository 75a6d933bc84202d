"""Output folders that are whole or not there: written beside, then renamed."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_kit.errors import KitError


def check_free(path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Makes sure, before any work, that a folder can be written at `path`.

    Raises `KitError` where something stands there already (unless `overwrite`, and it is a
    folder), or where its parent can't be written.
    """
    path = Path(path)
    if path.exists() or path.is_symlink():
        if not path.is_dir():
            raise KitError(f"the output must be a folder; {path} is a file. Choose another name.")
        if not overwrite and any(path.iterdir()):
            raise KitError(
                f"an output folder must not be there yet; {path} is. Choose another one, or pass "
                "--overwrite (overwrite=True) to replace it."
            )
    with whole_folder(path / ".probe" if path.is_dir() else path):
        pass
    with contextlib.suppress(OSError):
        (path / ".probe" if (path / ".probe").exists() else path).rmdir()
    return path


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """Yields a fresh folder that takes the name `path` when the block ends without an error.

    On an error nothing of it stays, and what stood at `path` is untouched. Raises `KitError` where
    the parent can't be written, or something stands at `path` and `overwrite` is false.
    """
    path = Path(path)
    if path.is_dir() and any(path.iterdir()) and not overwrite:
        raise KitError(
            f"an output folder must not be there yet; {path} is. Choose another one, or pass "
            "--overwrite (overwrite=True) to replace it."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        beside.chmod(0o755)  # mkdtemp makes private folders; this one is for others to read
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        yield beside
        _take_place(beside, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _take_place(new: Path, path: Path) -> None:
    if not path.exists():
        new.rename(path)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old."))
    path.rename(old / "folder")
    try:
        new.rename(path)
    except OSError:
        (old / "folder").rename(path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> KitError:
    return KitError(
        f"the output folder {path} must be writable and have room; received "
        f"'{error.strerror or error}'. Choose another place."
    )
