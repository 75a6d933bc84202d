"""A corpus of ids on disk, larger than memory, read by position."""

import dataclasses
import itertools
import os
from pathlib import Path

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.corpus.index import (
    ID_TYPES,
    PREPARE,
    VOCABULARY,
    CorpusIndex,
    file_sha256,
    has_index,
    read_index,
)
from keras_rnn_kit.text.encoder import TextEncoder
from keras_rnn_kit.text.files import StrPath

MEND = f"Delete the file and run the {PREPARE} that wrote the corpus once more, with --repair"


@dataclasses.dataclass(frozen=True, eq=False)
class Corpus:
    """One long sequence of ids, or a range of it, kept in the files of a folder.

    Made by `Corpus.open`; `write_corpus` writes the folder. Only what is asked for is read, so a
    corpus may be larger than memory. `corpus_windows` makes training batches of it.

    Args:
        folder: where the files are.
        index: what they hold.
        encoder: what made ids of the text.
        start: the first of the ids that belong to this range.
        stop: one past the last of them.

    Example:
        >>> import tempfile
        >>> from keras_rnn_kit.text import write_corpus
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     encoder = TextEncoder.build(["to be or not"], tokenizer="words")
        ...     _ = write_corpus(["to be", "or not to be"], encoder, folder + "/corpus")
        ...     corpus = Corpus.open(folder + "/corpus")
        ...     train, validation = corpus.split(0.75)
        ...     len(corpus), corpus.encoder.decode(corpus.ids(0, 4)), validation.ids(0, 2)
        (8, 'to be or', array([4, 3], dtype=int32))
    """

    folder: Path
    index: CorpusIndex
    encoder: TextEncoder
    start: int
    stop: int

    @classmethod
    def open(cls, folder: StrPath) -> "Corpus":
        """The corpus that `write_corpus` wrote into `folder`.

        The index, the vocabulary's checksum and the size of every shard are checked; `verify`
        checks what the shards hold.

        Raises:
            KitError: for what is missing, damaged, unfinished or of a newer format; names the
                file.
        """
        folder = Path(folder)
        unfinished = work_folder(folder)
        if not has_index(folder) and has_index(unfinished):
            raise _unfinished(folder, unfinished)
        index = read_index(folder)
        if not index.complete:
            raise _unfinished(folder, folder)
        encoder = own_encoder(folder, index)
        if len(encoder.vocabulary) > 1 << (8 * ID_TYPES[index.dtype]):
            raise KitError(
                f"{folder / VOCABULARY} must fit ids of {index.dtype}; received "
                f"{len(encoder.vocabulary)} tokens. Write the corpus anew with {PREPARE}."
            )
        corpus = cls(folder, index, encoder, 0, index.tokens)
        for path, shard in zip(corpus.files, index.shards, strict=True):
            size, needed = _size(path), shard.tokens * ID_TYPES[index.dtype]
            if size != needed:
                came = "none" if size is None else f"{size:,} bytes"
                raise KitError(
                    f"the shard {path} must have {needed:,} bytes; received {came}. {MEND}."
                )
        return corpus

    @property
    def files(self) -> list[Path]:
        """The shards' files, in order."""
        return [self.folder / shard.file for shard in self.index.shards]

    @property
    def bounds(self) -> list[int]:
        """Where each shard begins among the ids of the whole corpus, and where the last ends."""
        return [0, *itertools.accumulate(shard.tokens for shard in self.index.shards)]

    def __len__(self) -> int:
        """How many ids there are."""
        return self.stop - self.start

    def ids(self, start: int, stop: int) -> np.ndarray:
        """The ids from `start` up to but without `stop`, int32 `[stop − start]`.

        Raises:
            KitError: where the range does not lie in the corpus, or a shard is gone.
        """
        if not 0 <= start <= stop <= len(self):
            raise KitError(
                f"start and stop must be a range within [0, {len(self)}]; received {start} and "
                f"{stop}. Pass 0 <= start <= stop <= len(corpus)."
            )
        start, stop = self.start + start, self.start + stop
        ids = np.empty(stop - start, np.int32)
        size, at = self.index.shard_tokens, start
        while at < stop:  # all shards but the last have the same size
            number, first = divmod(at, size)
            count = min(size - first, stop - at)
            shard = self._mapped(number)
            ids[at - start : at - start + count] = shard[first : first + count]
            at += count
        return ids

    def split(self, share: float) -> tuple["Corpus", "Corpus"]:
        """The first `share` of the ids and the rest, as two ranges of the same files.

        Raises:
            KitError: for a share outside (0, 1).
        """
        if not 0 < share < 1:
            raise KitError(
                f"share must lie between 0 and 1; received {share!r}. Pass 0.9 for nine tenths."
            )
        cut = self.start + int(len(self) * share)
        return dataclasses.replace(self, stop=cut), dataclasses.replace(self, start=cut)

    def verify(self) -> None:
        """Read every shard and check its SHA-256.

        Raises:
            KitError: names the shards that are damaged, and says how to mend them.
        """
        damaged = damaged_shards(self.folder, self.index)
        if damaged:
            names = ", ".join(self.index.shards[number].file for number in damaged)
            raise KitError(
                f"the shards of {self.folder} must be as they were written; received "
                f"{len(damaged)} damaged or missing: {names}. {MEND}."
            )

    def _mapped(self, number: int) -> np.ndarray:
        path = self.folder / self.index.shards[number].file
        dtype = np.dtype(self.index.dtype).newbyteorder("<")
        try:
            return np.memmap(path, dtype, mode="r")
        except (OSError, ValueError) as error:
            raise KitError(
                f"the shard {path} must be a file that can be read; received '{error}'. {MEND}."
            ) from None

    def __repr__(self) -> str:
        whole = self.start == 0 and self.stop == self.index.tokens
        part = "" if whole else f", from {self.start} to {self.stop}"
        return f"Corpus({str(self.folder)!r}, {len(self):,} ids{part})"


def is_corpus(path: StrPath) -> bool:
    """Whether a corpus was written to `path`, or its preparation was begun; `Corpus.open` opens it.

    Example:
        >>> is_corpus("no such folder")
        False
    """
    path = Path(path)
    return has_index(path) or (not path.exists() and has_index(work_folder(path)))


def work_folder(out: StrPath) -> Path:
    """The folder in which a corpus is written until it is whole.

    Example:
        >>> work_folder("corpora/news").name
        'news.partial'
    """
    path = Path(os.path.abspath(out))  # also of ".", which has no name of its own
    return path.parent / f"{path.name}.partial"


def own_encoder(folder: Path, index: CorpusIndex) -> TextEncoder:
    """The encoder that the corpus was written with; another one is a `KitError`."""
    vocabulary = folder / VOCABULARY
    encoder = TextEncoder.load(vocabulary)
    if file_sha256(vocabulary) != index.vocabulary:
        raise KitError(
            f"{vocabulary} must be the vocabulary that the corpus was written with; received "
            f"another one. Put it back, or write the corpus anew with {PREPARE} --overwrite."
        )
    return encoder


def damaged_shards(folder: Path, index: CorpusIndex) -> list[int]:
    """The numbers of the shards that are not as they were written, found by reading them all."""
    damaged = []
    for number, shard in enumerate(index.shards):
        path = folder / shard.file
        sound = _size(path) == shard.tokens * ID_TYPES[index.dtype]
        if not sound or file_sha256(path) != shard.sha256:
            damaged.append(number)
    return damaged


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _unfinished(folder: Path, work: Path) -> KitError:
    return KitError(
        f"a corpus must be complete; received {folder}, whose preparation was interrupted and "
        f"waits in {work}. Run the same {PREPARE} once more: it goes on after the last whole shard."
    )
