"""Pairs of sequences in batches of nearly equal lengths, for training an encoder-decoder."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.buckets import bucket_lengths
from keras_rnn_kit.data.checks import ids_vector, seed_or_none
from keras_rnn_kit.data.epochs import draw_seed, reshuffled
from keras_rnn_kit.errors import KitError

# Buckets of sources, and of targets within each of those.
SOURCE_BUCKETS, TARGET_BUCKETS = 4, 3


def pair_batches(
    sources: Sequence[Any],
    targets: Sequence[Any],
    batch_size: int,
    bos_id: int,
    eos_id: int,
    *,
    max_source_length: int | None = None,
    max_target_length: int | None = None,
    seed: int | None = None,
    shuffle: bool = True,
    pad_id: int = 0,
) -> tf.data.Dataset:
    """Batches of `((source [B, S], target_in [B, T]), target_out [B, T])`, int32, right-padded.

    `target_in` is `<bos> w_1 ... w_n` and `target_out` is `w_1 ... w_n <eos>`: what the decoder is
    fed, and what it should write. Pairs are put together by the length of the source and, within
    that, of the target, in up to twelve shapes with least padding, fewer where the data would not
    fill four batches of each; the last batch of a shape may be short. Every epoch has every pair
    once, and the number of batches is known. With `shuffle`, each epoch deals the pairs of a shape
    into other batches, and puts all batches into a new order.

    Fit with `model.fit(batches, shuffle=False)`.

    Args:
        sources, targets: N vectors of ids each, without `<bos>` and `<eos>`.
        batch_size: B.
        bos_id, eos_id: the ids of `<bos>` and `<eos>` of the targets.
        max_source_length, max_target_length: the most ids of a source and of a target; None allows
            any. No pair is cut: half a sentence has no translation.
        seed: settles every epoch; None follows `keras.utils.set_random_seed`.
        shuffle: False for one fixed order.
        pad_id: fills the rows on the right, and may stand in no sequence.

    Raises:
        KitError: the counts differ, there are no pairs, a side of a pair is empty, has `pad_id` in
            it or is longer than is allowed, by the number of the pair; or an argument is wrong.

    Example:
        >>> batches = pair_batches([[5, 6], [7]], [[8], [9, 4]], 2, 2, 3, shuffle=False)
        >>> for (source, target_in), target_out in batches.as_numpy_iterator():
        ...     print(source.tolist(), target_in.tolist(), target_out.tolist())
        [[5, 6], [7, 0]] [[2, 8, 0], [2, 9, 4]] [[8, 3, 0], [9, 4, 3]]
    """
    rows = positive_integer("batch_size", batch_size)
    seed = seed_or_none(seed)
    ids_vector("(bos_id, eos_id, pad_id)", [bos_id, eos_id, pad_id], "Pass the ids of all three.")
    if len({bos_id, eos_id, pad_id}) < 3:
        raise KitError(
            "bos_id, eos_id and pad_id must differ; received "
            f"{bos_id}, {eos_id} and {pad_id}. Pass those of the target's vocabulary."
        )
    if len(sources) != len(targets) or not len(sources):
        raise KitError(
            f"every source needs one target; received {len(sources)} sources and {len(targets)} "
            "targets. Pass as many of the one as of the other, and one at least."
        )
    read = _checked("source", sources, max_source_length, pad_id)
    written = _checked("target", targets, max_target_length, pad_id)
    written = [np.concatenate([[bos_id], one, [eos_id]]).astype(np.int32) for one in written]
    lengths = np.array([one.size for one in read])  # [N], S of each
    steps = np.array([one.size - 1 for one in written])  # [N], T of each: its words and an end
    groups, shapes = _by_shape(lengths, steps, rows)
    table = _batch_table(groups, shapes, rows)

    with tf.device("/CPU:0"):
        # Flat vectors without padding: a batch is padded when it is gathered.
        source_ids, source_begins = tf.constant(np.concatenate(read)), _begins(lengths)
        target_ids, target_begins = tf.constant(np.concatenate(written)), _begins(steps + 1)
        source_sizes, target_sizes = tf.constant(lengths), tf.constant(steps)

        def padded(ids: tf.Tensor, begin: tf.Tensor, size: tf.Tensor, length: tf.Tensor) -> Any:
            step = tf.range(length)[None, :]  # [1, T]
            # A padded place reads the row's last id: always there, and not used.
            place = begin[:, None] + tf.minimum(step, size[:, None] - 1)
            return tf.where(step < size[:, None], tf.gather(ids, place), pad_id)

        def batches(order: tf.Tensor, entries: tf.Tensor) -> tf.data.Dataset:
            def batch(entry: tf.Tensor) -> Any:
                chosen = order[entry[0] : entry[0] + entry[1]]  # [B]
                begin, size = tf.gather(source_begins, chosen), tf.gather(source_sizes, chosen)
                source = padded(source_ids, begin, size, entry[2])
                begin, size = tf.gather(target_begins, chosen), tf.gather(target_sizes, chosen)
                target_in = padded(target_ids, begin, size, entry[3])
                return (source, target_in), padded(target_ids, begin + 1, size, entry[3])

            return tf.data.Dataset.from_tensor_slices(entries).map(batch)

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            mix = tf.random.experimental.stateless_shuffle
            order = [mix(members, draw_seed(number, k)) for k, members in enumerate(groups)]
            return batches(tf.concat(order, 0), mix(table, draw_seed(number, len(groups))))

        if shuffle:
            dataset = reshuffled(epoch, seed=seed, batches=len(table))
        else:
            dataset = batches(tf.constant(np.concatenate(groups)), tf.constant(table))
        return dataset.prefetch(tf.data.AUTOTUNE)


def _checked(
    side: str, sequences: Sequence[Any], most: int | None, pad_id: int
) -> list[np.ndarray]:
    """The sequences of one side as vectors; `KitError` for one that can't be one of a pair."""
    if most is not None:
        positive_integer(f"max_{side}_length", most)
    checked = []
    for number, one in enumerate(sequences):
        ids = ids_vector(f"the {side} of pair {number}", one)
        if not ids.size:
            raise KitError(
                f"both sides of a pair must have ids; received an empty {side} in pair {number} "
                "(the first is 0). Take the pair out."
            )
        if most is not None and ids.size > most:
            raise KitError(
                f"a {side} must have at most {most} ids (max_{side}_length); received "
                f"{ids.size} in pair {number} (the first is 0). Take the pair out, or allow more."
            )
        if (ids == pad_id).any():
            raise KitError(
                f"no sequence may hold pad_id={pad_id}, which is masked; received one in the "
                f"{side} of pair {number} (the first is 0). Encode it without padding."
            )
        checked.append(ids)
    return checked


def _by_shape(
    lengths: np.ndarray, steps: np.ndarray, rows: int
) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
    """The numbers of the pairs that are padded to one shape, and that shape `(S, T)`, each."""
    groups, shapes = [], []
    for source, members in _by_length(lengths, np.arange(len(lengths)), SOURCE_BUCKETS, rows):
        for target, some in _by_length(steps, members, TARGET_BUCKETS, rows):
            groups.append(some)
            shapes.append((source, target))
    return groups, shapes


def _by_length(
    sizes: np.ndarray, members: np.ndarray, at_most: int, rows: int
) -> list[tuple[int, np.ndarray]]:
    """The members in buckets of their sizes: the size each is padded to, and who is in it."""
    ends = bucket_lengths(sizes[members], at_most, batch_size=rows)
    bucket = np.searchsorted(ends, sizes[members])
    return [(end, members[bucket == k]) for k, end in enumerate(ends)]


def _batch_table(groups: list[np.ndarray], shapes: list[tuple[int, int]], rows: int) -> np.ndarray:
    """`[batches, 4]`: where each batch begins in the order, its size, its S and its T."""
    entries, start = [], 0
    for members, shape in zip(groups, shapes, strict=True):
        for begin in range(0, members.size, rows):
            entries.append((start + begin, min(rows, members.size - begin), *shape))
        start += members.size
    return np.array(entries, np.int64)


def _begins(sizes: np.ndarray) -> tf.Tensor:
    """Where each of the sequences begins that follow each other."""
    return tf.constant(np.cumsum(sizes) - sizes)
