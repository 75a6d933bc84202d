"""Writes the damaged shards of a corpus again, and only them."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.corpus.corpus import damaged_shards, own_encoder
from keras_rnn_kit.text.corpus.index import CorpusIndex, read_index, write_whole
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.reading.pieces import pieces_of


def repair_corpus(texts: Any, folder: StrPath) -> list[str]:
    """Encode the damaged or missing shards of a corpus from its texts again.

    The texts are read up to the last damaged shard; only what belongs into damaged shards is
    encoded, and it is written only where its checksum is the one in the index.

    Args:
        texts: the very texts that the corpus was written from, as for `write_corpus`.
        folder: the corpus.

    Returns:
        The names of the shards that were written anew.

    Raises:
        KitError: for texts that are not the same, or an index or vocabulary that is not sound.

    Example:
        >>> import tempfile
        >>> from keras_rnn_kit.text import TextEncoder, write_corpus
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     encoder = TextEncoder.build(["to be or not"], tokenizer="words")
        ...     corpus = write_corpus(["to be", "or not to be"], encoder, folder + "/corpus")
        ...     corpus.files[0].unlink()
        ...     repair_corpus(["to be", "or not to be"], folder + "/corpus")
        ['ids-00000.bin']
    """
    folder = Path(folder)
    index = read_index(folder)
    if not index.complete:
        raise KitError(
            f"only a complete corpus can be repaired; received {folder}, whose preparation was "
            "interrupted. Run it once more instead: it goes on after the last whole shard."
        )
    encoder = own_encoder(folder, index)
    damaged = damaged_shards(folder, index)
    waiting = {number: (_begin(index, number), _end(index, number)) for number in damaged}
    parts: dict[int, list[np.ndarray]] = {number: [] for number in damaged}
    for piece, (text, ends_document) in enumerate(pieces_of(texts)):
        for number in [number for number, (_, end) in waiting.items() if end <= (piece, 0)]:
            _write(folder, index, number, parts.pop(number))
            del waiting[number]
        if not waiting:
            break
        ids = None
        for number, (begin, end) in waiting.items():
            if begin[0] <= piece:
                if ids is None:
                    ids = encoder.encode(text, eos=index.eos and ends_document)
                first = begin[1] if begin[0] == piece else 0
                parts[number].append(ids[first : end[1] if end[0] == piece else None])
    for number in waiting:
        _write(folder, index, number, parts[number])
    return [index.shards[number].file for number in damaged]


def _begin(index: CorpusIndex, number: int) -> tuple[int, int]:
    return _end(index, number - 1) if number else (0, 0)


def _end(index: CorpusIndex, number: int) -> tuple[int, int]:
    return index.shards[number].next_piece, index.shards[number].next_token


def _write(folder: Path, index: CorpusIndex, number: int, parts: list[np.ndarray]) -> None:
    ids = np.concatenate([np.empty(0, np.int32), *parts])
    data = ids.astype(np.dtype(index.dtype).newbyteorder("<")).tobytes()
    shard = index.shards[number]
    if hashlib.sha256(data).hexdigest() != shard.sha256:
        raise KitError(
            f"the texts must be those that {folder} was written from; received others, of which "
            f"{shard.file} would differ. Give the same source, or write the corpus anew."
        )
    try:
        write_whole(folder / shard.file, data)
    except OSError as error:
        raise KitError(
            f"{folder / shard.file} must be a file that can be written; received "
            f"'{error.strerror or error}'. Make room, or change its permissions."
        ) from None
