"""Pieces of text to arrays of ids, spread over processes."""

import functools
from collections.abc import Generator, Iterable
from typing import NamedTuple

import numpy as np

from keras_rnn_kit.text.encoder import TextEncoder
from keras_rnn_kit.text.groups import grouped
from keras_rnn_kit.text.processes import ordered_map
from keras_rnn_kit.text.reading.pieces import Piece

# What is sent to a process at a time, so that short texts don't pay for each.
GROUP_CHARACTERS = 1 << 20
GROUP_PIECES = 4096


class EncodedPiece(NamedTuple):
    """A piece and its ids `[T]`."""

    text: str
    ends_document: bool
    ids: np.ndarray


def encoded_pieces(
    pieces: Iterable[Piece], encoder: TextEncoder, *, dtype: str, eos: bool, workers: int
) -> Generator[EncodedPiece, None, None]:
    """Each piece with its ids, in order, whatever the number of processes."""
    eos_id = encoder.vocabulary.eos_id if eos else None
    function = functools.partial(_encode, encoder, np.dtype(dtype).newbyteorder("<"), eos_id)
    groups = grouped(pieces, lambda piece: len(piece[0]), GROUP_CHARACTERS, GROUP_PIECES)
    for group, (ids, ends) in ordered_map(function, groups, workers):
        begin = 0
        for (text, ends_document), end in zip(group, ends, strict=True):
            yield EncodedPiece(text, ends_document, ids[begin:end])
            begin = end


def _encode(
    encoder: TextEncoder, dtype: np.dtype, eos_id: int | None, group: list[Piece]
) -> tuple[np.ndarray, np.ndarray]:
    """The ids of a group one after the other, and where each piece's end."""
    arrays = encoder.encode_many(text for text, _ in group)
    if eos_id is not None:
        for number, (_, ends_document) in enumerate(group):
            if ends_document:
                arrays[number] = np.append(arrays[number], np.int32(eos_id))
    return np.concatenate(arrays).astype(dtype), np.cumsum([len(ids) for ids in arrays])
