"""Labelled sequences in batches of nearly equal length, for training classifiers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.buckets import bucket_lengths, check_buckets
from keras_rnn_kit.data.checks import ids_vector, seed_or_none
from keras_rnn_kit.data.cutting import Keep, cut_sequences
from keras_rnn_kit.data.epochs import draw_seed, reshuffled
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
    rows = positive_integer("batch_size", batch_size)
    seed = seed_or_none(seed)
    classes = _check_labels(labels, len(sequences))
    special = ids_vector("(pad_id, empty_id)", [pad_id, empty_id], "Pass the ids of both.")
    if pad_id == empty_id:
        raise KitError(
            f"empty_id must differ from pad_id, or an empty text is masked from end to end; "
            f"received {empty_id!r} for both. Pass the id of <unk> as empty_id."
        )
    arrays, _ = cut_sequences(sequences, max_length, keep)
    if not arrays:
        raise KitError("sequences must not be empty; received none. Pass one or more.")
    arrays = [one if one.size else special[1:] for one in arrays]
    lengths = np.array([one.size for one in arrays], np.int64)  # [N], each >= 1

    if buckets is None:
        ends = np.array(bucket_lengths(lengths, batch_size=rows))
    else:
        ends = np.array(check_buckets(buckets, int(lengths.max())))
    bucket = np.searchsorted(ends, lengths)  # [N], the shortest bucket that holds each
    members = [np.flatnonzero(bucket == k) for k in range(len(ends))]
    members = [m for m in members if m.size]
    table = _batch_table(members, [int(ends[bucket[m[0]]]) for m in members], rows)
    if drop_remainder:
        table = _full_batches(table, rows)

    fixed_rows = rows if (table[:, 1] == rows).all() else None

    with tf.device("/CPU:0"):
        # One flat vector without padding: a batch is padded when it is gathered.
        flat = tf.constant(np.concatenate(arrays))
        begins = tf.constant(np.cumsum(lengths) - lengths)
        sizes, targets = tf.constant(lengths), tf.constant(classes)

        def batches(order: tf.Tensor, entries: tf.Tensor) -> tf.data.Dataset:
            def batch(entry: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                chosen = order[entry[0] : entry[0] + entry[1]]  # [B]
                step = tf.range(entry[2])[None, :]  # [1, T]
                size = tf.gather(sizes, chosen)[:, None]  # [B, 1]
                # A padded place reads the row's last id: always there, and not used.
                place = tf.gather(begins, chosen)[:, None] + tf.minimum(step, size - 1)
                ids = tf.where(step < size, tf.gather(flat, place), pad_id)  # [B, T]
                ids.set_shape([fixed_rows, int(table[0, 2]) if len(members) == 1 else None])
                return ids, tf.ensure_shape(tf.gather(targets, chosen), [fixed_rows])

            return tf.data.Dataset.from_tensor_slices(entries).map(batch)

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            mix = tf.random.experimental.stateless_shuffle
            order = [mix(m, draw_seed(number, k)) for k, m in enumerate(members)]
            return batches(tf.concat(order, 0), mix(table, draw_seed(number, len(members))))

        if shuffle:
            dataset = reshuffled(epoch, seed=seed, batches=len(table))
        else:
            dataset = batches(tf.constant(np.concatenate(members)), tf.constant(table))
        return dataset.prefetch(tf.data.AUTOTUNE)


def _check_labels(labels: Any, count: int) -> np.ndarray:
    classes = ids_vector("labels", labels, "Number the classes 0, 1, ... first.")
    if len(classes) != count:
        raise KitError(
            f"every sequence needs one label; received {count} sequences and {len(classes)} "
            "labels. Pass as many labels as sequences."
        )
    return classes


def _batch_table(members: list[np.ndarray], ends: list[int], rows: int) -> np.ndarray:
    """`[batches, 3]`: where each batch begins in the order, its size, its length T."""
    entries, start = [], 0
    for one, length in zip(members, ends, strict=True):
        for begin in range(0, one.size, rows):
            entries.append((start + begin, min(rows, one.size - begin), length))
        start += one.size
    return np.array(entries, np.int64)


def _full_batches(table: np.ndarray, rows: int) -> np.ndarray:
    """The table without its short batches."""
    full = table[table[:, 1] == rows]
    for _, size, length in table:
        if length not in full[:, 2]:
            raise KitError(
                f"drop_remainder needs {rows} sequences or more (batch_size) in each bucket; "
                f"received {size} in the one of length {length}. Pass fewer buckets, a smaller "
                "batch_size, or drop_remainder=False."
            )
    return full
