"""Ids on their way into a language model's graphs, and log-probabilities on their way out."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation.checks import check_ids, id_array

Tokens = npt.NDArray[np.int32]

# Logits of a chunk, [1, T, V] float32, stay near 16 MB: a long text is read in such chunks with
# the states carried, so that its length costs time and no memory.
_CHUNK_LOGITS = 1 << 22


def token_ids(tokens: npt.ArrayLike, rank: int, size: int) -> Tokens:
    """Returns ids [B] (rank 1) or [B, T] (rank 2) as int32, each in ``[0, V)`` for V = size.

    Example:
        >>> token_ids([4], 1, 4)
        Traceback (most recent call last):
        ...
        keras_rnn_kit.errors.KitError: tokens must hold ids from 0 to 3; received id 4 for a \
vocabulary of V=4. Encode the text with the model's own vocabulary.
    """
    ids = np.asarray(tokens)
    if ids.ndim != rank or not ids.size:
        raise KitError(
            f"tokens must hold one id or more, as {['[B]', '[B, T]'][rank - 1]}; received "
            f"shape {list(ids.shape)}. Pass ids of that shape."
        )
    # onnxruntime would read a negative id from the table's end. As unsigned, one is large: a
    # single comparison for both ends, since this runs at every step.
    if ids.dtype == np.int32 and int(ids.view(np.uint32).max()) < size:
        return ids
    whole = id_array("tokens", ids)
    check_ids("tokens", whole, size)
    return whole.astype(np.int32)


def padded(rows: Sequence[npt.NDArray[np.integer[Any]]], pad_id: int) -> Tokens:
    """Rows of ids as [B, T], filled up at the right to the longest.

    Example:
        >>> padded([np.array([5]), np.array([7, 6])], 0)
        array([[5, 0],
               [7, 6]], dtype=int32)
    """
    tokens = np.full((len(rows), max(map(len, rows))), pad_id, np.int32)
    for filled, row in zip(tokens, rows, strict=True):
        filled[: len(row)] = row
    return tokens


def chunks(ids: Tokens, size: int) -> Iterator[tuple[int, Tokens]]:
    """Cuts ids [N] of a vocabulary of ``size`` tokens: pairs of a start and ids [1, T].

    Example:
        >>> [(start, part.shape) for start, part in chunks(np.zeros(40, np.int32), 1 << 18)]
        [(0, (1, 16)), (16, (1, 16)), (32, (1, 8))]
    """
    length = max(16, _CHUNK_LOGITS // size)
    for start in range(0, len(ids), length):
        yield start, ids[None, start : start + length]


def log_probabilities(
    logits: npt.NDArray[np.floating[Any]], targets: Tokens
) -> npt.NDArray[np.float64]:
    """Logits [T, V] and targets [T] to log-probabilities [T], natural logarithm.

    Example:
        >>> log_probabilities(np.zeros((1, 4), np.float32), np.array([2], np.int32)).round(4)
        array([-1.3863])
    """
    with np.errstate(invalid="ignore"):  # infinite logits give NaN, which the caller tells
        # float32 exponentials, summed in float64: right to 1e-7 a token, and several times faster.
        scores = np.subtract(
            logits,
            logits.max(axis=1, keepdims=True),
            dtype=np.result_type(logits, np.float32),
        )
        chosen = np.take_along_axis(scores, targets[:, None], axis=1)[:, 0]
        total = np.exp(scores, out=scores).sum(axis=1, dtype=np.float64)
        return chosen.astype(np.float64) - np.log(total)
