"""Sequences with a tag for each of their tokens, in batches of nearly equal length."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_rnn_kit.data.bucketed import bucketed_batches
from keras_rnn_kit.data.checks import ids_vector
from keras_rnn_kit.data.cutting import Keep, cut_sequences
from keras_rnn_kit.errors import KitError

# Stands beside padded ids. The mask of the ids leaves it out of losses and metrics, which still
# want a tag that there is.
_PADDED_TAG = 0


def tagged_batches(
    sequences: Sequence[Any],
    tags: Sequence[Any],
    *,
    batch_size: int,
    buckets: Sequence[int] | None = None,
    max_length: int | None = None,
    keep: Keep = "head",
    seed: int | None = None,
    shuffle: bool = True,
    drop_remainder: bool = False,
    pad_id: int = 0,
) -> tf.data.Dataset:
    """Batches of `(ids, tags)`, both int32 `[B, T]`, right-padded to the bucket's length T.

    Examples are dealt into buckets and batches as by `labelled_batches`, where the arguments that
    both have mean the same. Tags are padded with 0, which a model that masks `pad_id` leaves out
    of loss and metrics, as `SequenceTagger` does.

    Args:
        sequences: N vectors of ids, each with one id or more.
        tags: N vectors of tags, integers of 0 or more, each as long as its sequence.
        batch_size: B.
        buckets: the rising lengths to pad to; None chooses up to 6 with least padding.
        max_length: longer sequences are cut to so many tokens, their tags with them.
        keep: the part of a longer sequence that stays: `"head"`, `"tail"` or `"both"`.
        seed: settles every epoch; None follows `keras.utils.set_random_seed`.
        shuffle: False for one fixed order.
        drop_remainder: True to leave out the short batches.
        pad_id: fills the rows of ids on the right.

    Raises:
        KitError: an argument is wrong, a sequence is empty or has another number of tags (says
            which), no bucket holds the longest sequence, or `drop_remainder` would leave nothing of
            a bucket.

    Example:
        >>> batches = tagged_batches(
        ...     [[5, 6], [7], [8, 9, 5]], [[1, 0], [2], [0, 0, 1]], batch_size=3, shuffle=False
        ... )
        >>> for ids, tags in batches.as_numpy_iterator():
        ...     print(ids.tolist(), tags.tolist())
        [[5, 6, 0], [7, 0, 0], [8, 9, 5]] [[1, 0, 0], [2, 0, 0], [0, 0, 1]]
    """
    ids_vector("pad_id", [pad_id], "Pass the id of <pad>.")
    if len(sequences) != len(tags):
        raise KitError(
            f"every sequence needs its tags; received {len(sequences)} sequences and the tags of "
            f"{len(tags)}. Pass as many as sequences."
        )
    tags = [
        ids_vector(f"tags[{i}]", one, "Number the tags 0, 1, ... first.")
        for i, one in enumerate(tags)
    ]
    arrays, _ = cut_sequences(sequences, None)
    for i, (ids, own) in enumerate(zip(arrays, tags, strict=True)):
        if ids.size != own.size:
            raise KitError(
                f"every token needs one tag; received {ids.size} tokens and {own.size} tags in "
                f"sequence {i}. Pass as many tags as tokens."
            )
        if not ids.size:
            raise KitError(
                f"every sequence needs a token to tag; received none in sequence {i}. Leave the "
                "empty ones out."
            )
    arrays, _ = cut_sequences(arrays, max_length, keep)
    tags, _ = cut_sequences(tags, max_length, keep)
    return bucketed_batches(
        [(arrays, pad_id), (tags, _PADDED_TAG)],
        batch_size=batch_size,
        buckets=buckets,
        seed=seed,
        shuffle=shuffle,
        drop_remainder=drop_remainder,
    )
