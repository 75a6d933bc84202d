"""Sequences in batches of nearly equal length, with whatever belongs to each sequence."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.buckets import bucket_lengths, check_buckets
from keras_rnn_kit.data.checks import seed_or_none
from keras_rnn_kit.data.epochs import draw_seed, reshuffled
from keras_rnn_kit.errors import KitError


def bucketed_batches(
    by_step: Sequence[tuple[Sequence[np.ndarray], int]],
    by_sequence: Sequence[np.ndarray] = (),
    *,
    batch_size: int,
    buckets: Sequence[int] | None,
    seed: int | None,
    shuffle: bool,
    drop_remainder: bool,
) -> tf.data.Dataset:
    """Batches of tuples: `[B, T]` of each of `by_step`, then `[B]` of each of `by_sequence`.

    `labelled_batches` says how examples are dealt into batches.

    Args:
        by_step: pairs of N int32 vectors, `[length]` each, and what pads them on the right. The
            n-th vectors of all pairs are equally long, 1 or more.
        by_sequence: vectors `[N]`.
        batch_size, buckets, seed, shuffle, drop_remainder: as in `labelled_batches`.

    Raises:
        KitError: there are no sequences, an argument is wrong, no bucket holds the longest, or
            `drop_remainder` would leave nothing of a bucket.

    Example:
        >>> ids, tags = [np.array([5, 6]), np.array([7])], [np.array([1, 2]), np.array([3])]
        >>> batches = bucketed_batches(
        ...     [(ids, 0), (tags, 9)], batch_size=2, buckets=None, seed=None, shuffle=False,
        ...     drop_remainder=False,
        ... )
        >>> [part.tolist() for part in next(batches.as_numpy_iterator())]
        [[[5, 6], [7, 0]], [[1, 2], [3, 9]]]
    """
    rows = positive_integer("batch_size", batch_size)
    seed = seed_or_none(seed)
    sequences = by_step[0][0]
    if not sequences:
        raise KitError("sequences must not be empty; received none. Pass one or more.")
    lengths = np.array([one.size for one in sequences], np.int64)  # [N], each >= 1

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
    fixed_length = int(table[0, 2]) if len(members) == 1 else None

    with tf.device("/CPU:0"):
        # Flat vectors without padding: a batch is padded when it is gathered.
        flats = [(tf.constant(np.concatenate(vectors)), pad) for vectors, pad in by_step]
        begins = tf.constant(np.cumsum(lengths) - lengths)
        sizes = tf.constant(lengths)
        whole = [tf.constant(values) for values in by_sequence]

        def batches(order: tf.Tensor, entries: tf.Tensor) -> tf.data.Dataset:
            def batch(entry: tf.Tensor) -> tuple[tf.Tensor, ...]:
                chosen = order[entry[0] : entry[0] + entry[1]]  # [B]
                step = tf.range(entry[2])[None, :]  # [1, T]
                size = tf.gather(sizes, chosen)[:, None]  # [B, 1]
                # A padded place reads the row's last value: always there, and not used.
                place = tf.gather(begins, chosen)[:, None] + tf.minimum(step, size - 1)
                padded = [
                    tf.ensure_shape(
                        tf.where(step < size, tf.gather(flat, place), pad),
                        [fixed_rows, fixed_length],
                    )
                    for flat, pad in flats
                ]
                chosen_of = [tf.ensure_shape(tf.gather(v, chosen), [fixed_rows]) for v in whole]
                return *padded, *chosen_of

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
