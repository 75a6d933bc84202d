"""Writes a corpus of ids, shard by shard: in parallel, and to be gone on with after a kill."""

import contextlib
import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.folders import check_free, take_place
from keras_rnn_kit.text.corpus.corpus import Corpus, damaged_shards, work_folder
from keras_rnn_kit.text.corpus.index import (
    INDEX,
    VOCABULARY,
    CorpusIndex,
    has_index,
    id_type,
    read_index,
)
from keras_rnn_kit.text.corpus.shards import SHARD_TOKENS, Progress, ShardWriter, write_told
from keras_rnn_kit.text.encoder import TextEncoder
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.reading.pieces import pieces_of


def write_corpus(
    texts: Any,
    encoder: TextEncoder,
    out: StrPath,
    *,
    shard_tokens: int = SHARD_TOKENS,
    eos: bool = True,
    workers: int = 1,
    source: Any = None,
    overwrite: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Corpus:
    """Encode a stream of texts into the folder `out`, for `Corpus.open` and `corpus_windows`.

    The folder gets `vocabulary.json`, the shards `ids-00000.bin`, ... (ids of 1, 2 or 4 bytes,
    little-endian, `shard_tokens` in each but the last) and `corpus.json`, with their checksums.
    It holds the same bytes whatever the number of workers. In memory are a shard and some
    megabytes of text for each worker.

    Until it is whole, the folder is called `out` with ".partial" behind it. After a kill or a full
    disk the same call goes on behind the last whole shard: it reads the texts before that again,
    checks that they are the same, and writes the bytes that an undisturbed run would have.

    Args:
        texts: strings, each a document; or an object whose `pieces()` yields `(piece,
            ends_document)`, whose pieces tear no token. The cleaning sees piece by piece.
        encoder: makes the ids; one of the kit's tokenizers, so that it can be saved.
        out: the folder; it is there when everything is written.
        shard_tokens: ids in a shard.
        eos: puts `<eos>` behind each document, also an empty one; False joins them as they are.
        workers: processes that encode. More than one need the call to be below
            `if __name__ == "__main__":` in a script.
        source: what the texts come from, in JSON's types; kept in the index. An interrupted
            preparation is only gone on with where it is equal.
        overwrite: replaces a folder that is there, and an interrupted preparation of other texts.
        progress: is called now and then.

    Raises:
        KitError: for texts without a token, a token that the vocabulary lacks without `<unk>`, an
            output that can't be written, or an interrupted preparation of something else.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     encoder = TextEncoder.build(["to be or not to be"], tokenizer="words")
        ...     corpus = write_corpus(["to be", "or worry"], encoder, folder + "/corpus")
        ...     corpus.ids(0, len(corpus)), corpus.index.unknown_rate
        (array([5, 4, 3, 7, 1, 3], dtype=int32), 0.16666666666666666)
    """
    shard_tokens = positive_integer("shard_tokens", shard_tokens)
    workers = positive_integer("workers", workers)
    out = check_free(out, overwrite)
    work = work_folder(out)
    vocabulary = _vocabulary_bytes(encoder)
    if eos:
        encoder.encode("", eos=True)  # tells where the vocabulary has no <eos>
    plan = CorpusIndex(
        dtype=id_type(len(encoder.vocabulary)),
        vocabulary=hashlib.sha256(vocabulary).hexdigest(),
        eos=bool(eos),
        shard_tokens=shard_tokens,
        source=_as_json(source),
    )
    with _prepared(work):
        found = _found(work, plan, overwrite)
        if found is None:
            _empty(work)
            found = plan
            write_told(work / INDEX, plan.to_bytes())  # first: it says whose folder this is
        write_told(work / VOCABULARY, vocabulary)
        if not found.complete:
            found = _checked(work, found)
            ShardWriter(work, found, encoder, progress).write(pieces_of(texts), workers)
        check_free(out, overwrite)  # once more: another process may have been quicker
        take_place(work, out)
    return Corpus.open(out)


def interrupted_encoder(out: StrPath, source: Any, overwrite: bool = False) -> TextEncoder | None:
    """The encoder of an interrupted preparation of `out`, None where there is none.

    With it `write_corpus` can go on where the vocabulary was built from the texts themselves. With
    `overwrite`, a preparation from another source, which is going to be replaced, is none.

    Raises:
        KitError: for an interrupted preparation from another source.

    Example:
        >>> interrupted_encoder("no such folder", "a source") is None
        True
    """
    work = work_folder(out)
    index = _index(work, overwrite)
    if index is None:
        return None
    if index.source != _as_json(source):
        if overwrite or not index.shards:
            return None
        raise _other_plan(work, "source")
    vocabulary = work / VOCABULARY
    return TextEncoder.load(vocabulary) if vocabulary.exists() else None


def _checked(work: Path, index: CorpusIndex) -> CorpusIndex:
    """The index up to the first shard that is not as it was written; the rest is written again."""
    damaged = damaged_shards(work, index)
    return dataclasses.replace(index, shards=index.shards[: damaged[0]]) if damaged else index


@contextlib.contextmanager
def _prepared(work: Path) -> Iterator[None]:
    """Makes the folder, and keeps a second process out of it, where the system can."""
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KitError(
            f"{work} must be a folder that can be written; received '{error.strerror or error}'. "
            "Choose another output."
        ) from None
    if not has_index(work) and any(not path.name.endswith(".part") for path in work.iterdir()):
        raise KitError(
            f"the corpus is prepared in {work}, which must not be there yet; received a folder of "
            "something else. Move it, or choose another output."
        )
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    handle = os.open(work, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise KitError(
            f"one process at a time may write to {work}; received a second one. "
            "Wait for the first, or choose another output."
        ) from None
    finally:
        os.close(handle)


def _empty(work: Path) -> None:
    for path in work.iterdir():
        if path.is_file():
            path.unlink()


def _vocabulary_bytes(encoder: TextEncoder) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        encoder.save(Path(folder) / VOCABULARY)
        return (Path(folder) / VOCABULARY).read_bytes()


def _found(work: Path, plan: CorpusIndex, overwrite: bool) -> CorpusIndex | None:
    """What of the same plan is finished already, if anything; `overwrite` forgets all else."""
    found = _index(work, overwrite)
    if found is None or not (differing := found.differing(plan)):
        return found
    if overwrite or not found.shards:  # where no shard is finished, nothing is lost
        return None
    raise _other_plan(work, ", ".join(differing))


def _index(work: Path, overwrite: bool) -> CorpusIndex | None:
    if not has_index(work):
        return None
    try:
        return read_index(work)
    except KitError:
        if overwrite:
            return None
        raise


def _other_plan(work: Path, differing: str) -> KitError:
    return KitError(
        f"{work} holds an interrupted preparation, which must be gone on with as it was begun; "
        f"received another {differing}. Run the same command as before, or pass --overwrite "
        "(overwrite=True) to begin anew."
    )


def _as_json(source: Any) -> Any:
    """The source as it comes back out of the index."""
    try:
        return json.loads(json.dumps(source))
    except (TypeError, ValueError) as error:
        raise KitError(
            f"source must be of JSON's types; received {source!r} ({error}). Pass e.g. its name."
        ) from None
