"""Labelled sequences in batches of nearly equal length, for training classifiers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.data.bucketed import bucketed_batches
from keras_rnn_kit.data.checks import ids_vector
from keras_rnn_kit.data.cutting import Keep, cut_sequences
from keras_rnn_kit.errors import KitError


def labelled_batches(
    sequences: Sequence[Any],
    labels: Any,
    *,
    batch_size: int,
    buckets: Sequence[int] | None = None,
    max_length: int | None = None,
    keep: Keep = "head",
    seed: int | None = None,
    shuffle: bool = True,
    drop_remainder: bool = False,
    pad_id: int = 0,
    empty_id: int = 1,
) -> tf.data.Dataset:
    """Batches of `(ids, labels)`, int32 `[B, T]` and `[B]`, right-padded to the bucket's length T.

    A sequence goes into the shortest bucket that holds it. Every epoch has every example exactly
    once, and the number of batches is known; the last batch of a bucket may be short, so that six
    buckets have up to twelve shapes, and just six with `drop_remainder`. With `shuffle`, each epoch
    deals the examples of a bucket into other batches and puts the batches of all buckets into a new
    order. Without it the buckets follow each other, the shortest first, and the examples of a
    bucket keep their order, so that one bucket keeps the order of them all.

    How much is padding, `padding_share(lengths, buckets)` tells without a pass over the batches.
    Fit with `model.fit(batches, shuffle=False)`; `batches.as_numpy_iterator()` gives the same
    batches as NumPy arrays to who wants no TensorFlow in the loop.

    Args:
        sequences: N vectors of ids. An empty one (every word of the text was removed) becomes the
            one token `empty_id`, which is `<unk>` with the standard specials, as in the runtime.
        labels: `[N]`, integers of 0 or more.
        batch_size: B.
        buckets: the rising lengths to pad to, or None for those of
            `bucket_lengths(lengths, batch_size=batch_size)`: up to 6 with least padding, fewer
            where the data would not fill four batches of each.
        max_length: longer sequences are cut to so many ids; None cuts nothing. `cut_sequences`
            does the same beforehand and tells how many it cut.
        keep: the part of a longer sequence that stays: its `"head"`, its `"tail"`, or `"both"`,
            a quarter of `max_length` from its head and the rest from its tail.
        seed: settles every epoch; None follows `keras.utils.set_random_seed`.
        shuffle: False for one fixed order.
        drop_remainder: True to leave out the short batches: fewer than B examples of each bucket,
            others each epoch where they are shuffled.
        pad_id: fills the rows on the right.
        empty_id: stands for an empty sequence; it may not be `pad_id`, since a row that is all
            padding would be masked from end to end.

    Raises:
        KitError: an argument is wrong, the counts differ, no bucket holds the longest sequence, or
            `drop_remainder` would leave nothing of a bucket.

    Example:
        >>> batches = labelled_batches(
        ...     [[5, 6], [7], [], [8, 9, 5]], [1, 0, 0, 1], batch_size=3, shuffle=False
        ... )
        >>> for ids, labels in batches.as_numpy_iterator():
        ...     print(ids.tolist(), labels.tolist())
        [[5, 6, 0], [7, 0, 0], [1, 0, 0]] [1, 0, 0]
        [[8, 9, 5]] [1]
    """
    classes = _check_labels(labels, len(sequences))
    special = ids_vector("(pad_id, empty_id)", [pad_id, empty_id], "Pass the ids of both.")
    if pad_id == empty_id:
        raise KitError(
            f"empty_id must differ from pad_id, or an empty text is masked from end to end; "
            f"received {empty_id!r} for both. Pass the id of <unk> as empty_id."
        )
    arrays, _ = cut_sequences(sequences, max_length, keep)
    arrays = [one if one.size else special[1:] for one in arrays]
    return bucketed_batches(
        [(arrays, pad_id)],
        [classes],
        batch_size=batch_size,
        buckets=buckets,
        seed=seed,
        shuffle=shuffle,
        drop_remainder=drop_remainder,
    )


def _check_labels(labels: Any, count: int) -> np.ndarray:
    classes = ids_vector("labels", labels, "Number the classes 0, 1, ... first.")
    if len(classes) != count:
        raise KitError(
            f"every sequence needs one label; received {count} sequences and {len(classes)} "
            "labels. Pass as many labels as sequences."
        )
    return classes
