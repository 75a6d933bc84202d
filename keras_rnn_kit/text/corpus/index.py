"""The index of a corpus on disk, `corpus.json`: which shards there are, and what they hold."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath, read_json

FORMAT = 1
INDEX = "corpus.json"
VOCABULARY = "vocabulary.json"
ID_TYPES = {"uint8": 1, "uint16": 2, "uint32": 4}  # the bytes of an id, little-endian
PREPARE = "python -m recipes.prepare_corpus"


@dataclasses.dataclass(frozen=True)
class Shard:
    """One file of ids, and where in the source the next one goes on.

    `documents` and `characters` count the pieces of text whose last token the shard holds.
    """

    file: str
    tokens: int
    documents: int
    characters: int
    unknown: int
    sha256: str
    next_piece: int  # how many pieces of the source are used up ...
    next_token: int  # ... and how many tokens of the piece after them
    read: str  # digest of the pieces that are used up


@dataclasses.dataclass(frozen=True)
class CorpusIndex:
    """What `corpus.json` holds; while a corpus is written, what is finished of it.

    Args:
        dtype: "uint8", "uint16" or "uint32".
        vocabulary: SHA-256 of `vocabulary.json`.
        eos: whether `<eos>` ends each document.
        shard_tokens: the tokens of every shard but the last.
        source: what the caller said of the texts' source, as JSON.
        shards: in the order of the text.
        complete: False while the corpus is being written.
        documents: of the whole source.
        characters: of the whole source.
    """

    dtype: str
    vocabulary: str
    eos: bool
    shard_tokens: int
    source: Any = None
    shards: tuple[Shard, ...] = ()
    complete: bool = False
    documents: int = 0
    characters: int = 0

    @property
    def tokens(self) -> int:
        """Tokens in all shards."""
        return sum(shard.tokens for shard in self.shards)

    @property
    def unknown(self) -> int:
        """How many of the tokens are `<unk>`."""
        return sum(shard.unknown for shard in self.shards)

    @property
    def unknown_rate(self) -> float:
        """The share of `<unk>` among the tokens."""
        return self.unknown / max(1, self.tokens)

    def differing(self, other: "CorpusIndex") -> list[str]:
        """What the two are not made from alike, by name; with nothing, one can go on as the other.

        The vocabulary settles the dtype.
        """
        names = ("vocabulary", "eos", "shard_tokens", "source")
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def to_bytes(self) -> bytes:
        """The file's content, one line a shard."""
        # Written after every shard, so it does without json's slow indentation.
        data = {"format": FORMAT, **vars(self), "tokens": self.tokens, "unknown": self.unknown}
        shards = ",\n".join(json.dumps(vars(shard)) for shard in data.pop("shards"))
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(data[name])}" for name in data)
        return f'{{{lines},\n"shards": [\n{shards}\n]}}\n'.encode("ascii")


def read_index(folder: StrPath) -> CorpusIndex:
    """The index of the corpus in `folder`, whether it is complete or not.

    Raises:
        KitError: for what is missing, damaged or of a newer format; names the file.
    """
    path = Path(folder) / INDEX
    if not path.is_file():
        raise KitError(
            f"a corpus must be a folder with {INDEX}; received {folder}, which has none. "
            f"Write one with {PREPARE}."
        )
    data = read_json(
        path,
        "the index of a corpus",
        fields=(),
        version=FORMAT,
        find="Let it be read.",
        remedy=f"Write the corpus anew with {PREPARE} --overwrite.",
    )
    return _checked(data, path)


def has_index(path: StrPath) -> bool:
    """Whether `path` is a folder with the index of a corpus, complete or not.

    Example:
        >>> has_index("no such folder")
        False
    """
    return (Path(path) / INDEX).is_file()


def shard_name(number: int) -> str:
    """The file of a shard.

    Example:
        >>> shard_name(3)
        'ids-00003.bin'
    """
    return f"ids-{number:05d}.bin"


def id_type(size: int) -> str:
    """The narrowest type that holds the ids of a vocabulary of `size` tokens.

    Example:
        >>> id_type(256), id_type(257), id_type(65537)
        ('uint8', 'uint16', 'uint32')
    """
    return next(name for name, width in ID_TYPES.items() if size <= 1 << (8 * width))


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write beside `path` under a fixed name, onto the disk, then rename.

    What a kill leaves behind has a known name, `path` with ".part", and the next run replaces it.
    """
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _checked(data: Mapping[str, Any], path: Path) -> CorpusIndex:
    values = _fields(CorpusIndex, data, path)
    shards = values["shards"]
    if not isinstance(shards, Sequence) or not all(isinstance(one, Mapping) for one in shards):
        raise _damaged(path, "its shards are no list of objects")
    values["shards"] = tuple(Shard(**_fields(Shard, one, path)) for one in shards)
    index = CorpusIndex(**values)
    if index.dtype not in ID_TYPES:
        raise _damaged(path, f"the dtype {index.dtype!r} is none of {', '.join(ID_TYPES)}")
    last = len(index.shards) - 1
    for number, shard in enumerate(index.shards):
        full = shard.tokens == index.shard_tokens
        if shard.file != shard_name(number) or not (full or (number == last and index.complete)):
            raise _damaged(path, f"its entry of shard {number} does not fit")
        if shard.tokens > index.shard_tokens:
            raise _damaged(path, f"shard {number} is larger than shard_tokens")
    return index


def _fields(kind: type, data: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The values of a dataclass's fields, numbers and strings checked."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        value = data.get(field.name)
        if field.type is int and not (type(value) is int and value >= 0):
            raise _damaged(path, f"{field.name} is {value!r}")
        if field.type in (str, bool) and type(value) is not field.type:
            raise _damaged(path, f"{field.name} is {value!r}")
        found[field.name] = value
    return found


def _damaged(path: Path, why: str) -> KitError:
    return KitError(
        f"{path} must be the index of a corpus; received a damaged file ({why}). "
        f"Write the corpus anew with {PREPARE} --overwrite."
    )
