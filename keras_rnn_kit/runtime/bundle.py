"""A bundle: the folder that a serving machine needs, and nothing else.

Nothing in a bundle is code and nothing is unpickled. The reader opens no file but those that
`spec.json` names, no link, nothing outside the folder, and none whose checksum differs. A checksum
tells damage and half-copied files; it doesn't tell who wrote the bundle, since whoever changes a
file can write the checksum anew.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.fields import file_name
from keras_rnn_kit.runtime.kinds import KINDS
from keras_rnn_kit.runtime.kinds.contract import VOCABULARY
from keras_rnn_kit.runtime.spec import FORMAT, SPEC, Spec, parse_spec
from keras_rnn_kit.text.files import write_beside

if TYPE_CHECKING:
    from keras_rnn_kit.text import TextEncoder

# A spec.json is a few kilobytes; a larger one is refused before it is read into memory.
_SPEC_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files were all checked; `read_bundle` makes it."""

    path: Path
    spec: Spec

    @property
    def kind(self) -> str:
        """Which of `keras_rnn_kit.runtime.kinds` it holds, such as `language_model`."""
        return self.spec.kind

    def must_be(self, kind: str, runner: str) -> None:
        """Raises KitError unless the bundle holds that kind of model, which `runner` runs."""
        if self.kind != kind:
            raise KitError(
                f"{runner} must be given a {kind.replace('_', ' ')}; received {self.path}, a "
                f"{self.kind}. Use keras_rnn_kit.runtime.load."
            )

    def read(self, name: str) -> bytes:
        """Returns a file's bytes, checked in the same breath.

        A session opened from them runs what was checked, even if the file is changed meanwhile.

        Raises:
            KitError: a file that is missing, a link, altered, or not of this bundle.
        """
        if name not in self.spec.files:
            raise KitError(
                f"a bundle's file must be one that {SPEC} lists; received {name!r} for "
                f"{self.path}. Choose from {sorted(self.spec.files)}."
            )
        stored = self.spec.files[name]
        content = _read_file(self.path, name, limit=stored.size)
        if hashlib.sha256(content).hexdigest() != stored.sha256:
            raise KitError(
                f"{self.path / name} must be the file that was exported; received one whose "
                f"checksum differs from {SPEC}'s. Copy or export the bundle again."
            )
        return content

    def encoder(self, name: str = VOCABULARY) -> "TextEncoder":
        """The text encoder of a vocabulary's file, checked first.

        Raises:
            KitError: a vocabulary that is damaged or has another size than the model's.
        """
        from keras_rnn_kit.text import TextEncoder

        self.read(name)
        encoder = TextEncoder.load(self.path / name)
        graph = KINDS[self.kind].predicted_by.get(name)
        if graph is not None:
            size = self.spec.graphs[graph].outputs[0].shape[-1]
            if len(encoder.vocabulary) != size:
                raise KitError(
                    f"{self.path / name} must have the model's V={size} tokens; received "
                    f"{len(encoder.vocabulary)}. Export the bundle again."
                )
        return encoder


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Reads and checks a bundle's folder; opens no session.

    Raises:
        KitError: naming the file that is missing, altered, cut short, a link, or from a newer
            format, or the field of `spec.json` that is wrong.

    Example:
        >>> read_bundle("no/such/folder")
        Traceback (most recent call last):
        ...
        keras_rnn_kit.errors.KitError: a bundle must be a folder with a spec.json; received \
no/such/folder, which isn't there. Pass the folder that the export wrote.
    """
    folder = Path(path)
    if not folder.is_dir():
        found = "which is a file" if folder.exists() else "which isn't there"
        raise KitError(
            f"a bundle must be a folder with a {SPEC}; received {folder}, {found}. "
            "Pass the folder that the export wrote."
        )
    source = str(folder / SPEC)
    try:
        fields = json.loads(_read_file(folder, SPEC, limit=_SPEC_LIMIT, exact=False))
    except (ValueError, RecursionError) as error:
        if isinstance(error, KitError):
            raise
        raise KitError(
            f"{source} must be JSON; received a damaged file ({error}). "
            "Copy or export the bundle again."
        ) from error
    bundle = Bundle(folder, parse_spec(fields, source))
    for name in bundle.spec.files:
        bundle.read(name)
    return bundle


def write_spec(folder: str | os.PathLike[str], spec: Mapping[str, Any]) -> Path:
    """Writes `spec.json` over the files that lie in the folder; returns its path.

    Args:
        folder: where the ONNX files and the vocabularies were written already.
        spec: the fields of `keras_rnn_kit.runtime.spec`; `format` and `files`, the checksums, are
            filled in. Names in ``spec["files"]`` are listed besides the graphs' own files.

    Raises:
        KitError: a file that isn't there, and whatever the reader would refuse.
    """
    folder = Path(folder)
    graphs = spec.get("graphs")
    named = [
        graph.get("file") if isinstance(graph, Mapping) else None
        for graph in (graphs.values() if isinstance(graphs, Mapping) else ())
    ]
    kind = KINDS.get(spec.get("kind", ""))
    vocabularies = kind.vocabularies if kind else ()
    files = {}
    listed = (*vocabularies, *named, *spec.get("files", ()))
    for name in sorted({file_name(n, SPEC) for n in listed}):
        path = _plain_file(folder, name)
        files[name] = {"sha256": checksum(path), "bytes": path.stat().st_size}
    try:
        # Through JSON and back, so that what is checked is what a reader will see.
        fields = {**spec, "format": FORMAT, "files": files}
        text = json.dumps(fields, ensure_ascii=False, allow_nan=False, indent=1)
        content = f"{text}\n".encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise KitError(
            f"{SPEC} must hold plain finite numbers, strings, lists and dicts; received {error}. "
            "Convert arrays and NumPy numbers first."
        ) from error
    parse_spec(json.loads(text), str(folder / SPEC))
    write_beside(folder / SPEC, content)
    return folder / SPEC


def checksum(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain_file(folder: Path, name: str) -> Path:
    """The path of a file that is there, and is neither a link nor a device."""
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        raise KitError(
            f"a bundle must be whole; received {folder} without {name}. "
            "Copy or export the bundle again."
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(mode):
        raise KitError(
            f"a bundle's files must be plain files; received {path}, which is "
            f"{'a link' if stat.S_ISLNK(mode) else 'none'}. Copy the file itself there."
        )
    return path


def _read_file(folder: Path, name: str, *, limit: int, exact: bool = True) -> bytes:
    """Reads a plain file of exactly (or at most) ``limit`` bytes."""
    path = _plain_file(folder, name)
    # The flag refuses a link that takes the file's place after the look at it.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise _unreadable(path, error) from error
    with open(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if size > limit or (exact and size < limit):
            rule = f"have the {limit} bytes that {SPEC} lists" if exact else f"be below {limit}"
            raise KitError(
                f"{path} must {rule}; received {size} bytes. Copy or export the bundle again."
            )
        return file.read(limit + 1)


def _unreadable(path: Path, error: OSError) -> KitError:
    return KitError(
        f"a bundle's files must be readable; received {path} ({error.strerror}). "
        "Check its owner and permissions."
    )
