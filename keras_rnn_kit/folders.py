"""Output folders that are whole or not there: written beside, then renamed."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keras_rnn_kit.errors import KitError


def check_free(path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Makes sure, before any work, that a folder can be written at `path`; leaves nothing there.

    Raises `KitError` where something stands there already (unless `overwrite`, and it is a
    folder), or where its parent can't be written.
    """
    path = Path(path)
    _check_place(path, overwrite)
    with _beside(path):
        return path


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """Yields a fresh folder that takes the name `path` when the block ends without an error.

    On an error nothing of it stays, and what stood at `path` is untouched. Raises `KitError` where
    the parent can't be written, where a file stands at `path`, or where a folder with something in
    it does and `overwrite` is false.
    """
    path = Path(path)
    _check_place(path, overwrite)
    with _beside(path) as folder:
        yield folder
        _check_place(path, overwrite)  # once more: another process may have been quicker
        take_place(folder, path)


def _check_place(path: Path, overwrite: bool) -> None:
    if not path.is_dir() and os.path.lexists(path):
        raise KitError(f"the output must be a folder; {path} is a file. Choose another name.")
    if path.is_dir() and any(path.iterdir()) and not overwrite:
        raise KitError(
            f"an output folder must not be there yet; {path} is. Choose another one, or pass "
            "--overwrite (overwrite=True) to replace it."
        )


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A folder beside `path`, on the same disk; it is gone afterwards, unless it was renamed."""
    missing = [parent for parent in path.parents if not parent.exists()]
    folder = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        folder.chmod(0o755)  # mkdtemp makes private folders; this one is for others to read
        yield folder
    except OSError as error:
        raise KitError(
            f"the output folder {path} must be writable and have room; received "
            f"'{error.strerror or error}'. Choose another place."
        ) from None
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        for parent in missing:
            with contextlib.suppress(OSError):  # it holds what was written
                parent.rmdir()


def take_place(new: Path, path: Path) -> None:
    """Gives the folder `new` the name `path`, in place of what stands there."""
    if not path.exists():
        new.rename(path)
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old."))
    aside = old / "folder"
    try:
        path.rename(aside)
        new.rename(path)
    except BaseException:  # Ctrl-C too: what stood there must not go with `old`
        if aside.exists() and not path.exists():
            aside.rename(path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
