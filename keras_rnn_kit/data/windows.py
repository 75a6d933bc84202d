"""Windows of a long sequence of ids, for training language models."""

from typing import Any, Literal, get_args

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.checks import ids_vector, seed_or_none
from keras_rnn_kit.data.epochs import draw_seed, reshuffled
from keras_rnn_kit.errors import KitError

Partition = Literal["random", "sequential"]

# Ids gathered at once: the calls of a batch alone would cost small models a tenth of their time.
TOGETHER = 1 << 16


def language_model_windows(
    ids: Any,
    *,
    batch_size: int,
    seq_length: int,
    partition: Partition = "random",
    offset: int | Literal["random"] = 0,
    stride: int | None = None,
    seed: int | None = None,
) -> tf.data.Dataset:
    """Batches of `(inputs, targets)`, both int32 `[B, T]`, the targets one step ahead.

    The shapes are static and the number of batches is known, `N` being the number of ids. Fit
    with `model.fit(batches, shuffle=False)`: Keras warns of its own `shuffle=True` otherwise.

    `partition="random"` is for models without a state between batches. Each epoch draws an offset
    `r` from `[0, T)`, cuts the ids into windows of `T` that begin at `r, r + T, r + 2T, ...`, and
    deals them out in a new random order. There are `(N − T) // T // B` batches. No token is
    predicted twice in an epoch; left out are the first `r + 1` tokens, fewer than `T` at the end,
    and the windows (`B` at most, others each epoch) that fill no batch. With a `stride` S below T
    the windows begin at `r, r + S, ...` instead and overlap: `((N − S − T) // S + 1) // B` batches,
    in which nearly every token is predicted T / S times; with one above T, ids between them are
    left out.

    `partition="sequential"` is for stateful models and for validation. Row `b` of batch `i + 1`
    begins where row `b` of batch `i` ended, and all rows lie one after the other in the ids. There
    are `n = (N − 1 − offset) // (B · T)` batches, and what is predicted, each once, is exactly
    `ids[offset + 1 : offset + 1 + n · B · T]`: the rest, fewer than `B · T` ids, is dropped.
    `offset="random"` draws the offset from `[0, T)` anew each epoch, so that a window's edges
    fall elsewhere; then `n = (N − T) // (B · T)`.

    Zaremba et al. 2014 (arXiv:1409.2329) carry the state over such rows; the two partitions are
    also Dive into Deep Learning's (chapter 9.3, "Language Models").

    Args:
        ids: `[N]`, integers.
        batch_size: B.
        seq_length: T.
        partition: `"random"` or `"sequential"`.
        offset: ids skipped at the beginning of a sequential partition, or `"random"`.
        stride: from one window's beginning to the next's in a random partition; None for T.
        seed: settles every epoch: two datasets with one seed agree epoch by epoch, and the epochs
            of one dataset differ. None follows `keras.utils.set_random_seed`.

    Raises:
        KitError: an argument is wrong, or there are too few ids for one batch.

    Example:
        >>> batches = language_model_windows(
        ...     range(13), batch_size=2, seq_length=3, partition="sequential"
        ... )
        >>> for inputs, targets in batches.as_numpy_iterator():
        ...     print(inputs.tolist(), targets.tolist())
        [[0, 1, 2], [6, 7, 8]] [[1, 2, 3], [7, 8, 9]]
        [[3, 4, 5], [9, 10, 11]] [[4, 5, 6], [10, 11, 12]]
    """
    corpus = ids_vector("ids", ids)
    rows = positive_integer("batch_size", batch_size)
    steps = positive_integer("seq_length", seq_length)
    seed = seed_or_none(seed)
    check_partition(partition)
    check_offset(offset, partition)

    apart = steps if stride is None else positive_integer("stride", stride)
    if apart != steps and partition == "sequential":
        raise KitError(
            f"the windows of partition='sequential' go on where the last ones ended; received "
            f"stride={apart} for seq_length={steps}. Leave it out, or pass partition='random'."
        )

    # A drawn offset may reach S − 1, and every epoch is to have as many batches as the others.
    drawn = partition == "random" or offset == "random"
    most = apart - 1 if drawn else int(offset)
    needed = most + (rows - 1) * apart + steps + 1
    batches = ((len(corpus) - 1 - most - steps) // apart + 1) // rows
    if batches < 1:
        start = f"an offset of up to {most}" if drawn else f"offset={most}"
        raise KitError(
            f"batch_size={rows} windows of seq_length={steps} need {needed} ids "
            f"({start} and one target past the last window); received {len(corpus)} ids. "
            "Pass a longer text, or a smaller batch_size or seq_length."
        )

    with tf.device("/CPU:0"):  # tf.data gathers there, also on a machine with a GPU
        source = tf.constant(corpus)
        if partition == "random":
            dataset = _random(source, len(corpus), rows, steps, apart, batches, seed)
        elif drawn:
            dataset = _drawn_offset(source, rows, steps, batches, seed)
        else:
            starts = int(offset) + _sequential_starts(rows, steps, batches)
            dataset = _gather_windows(source, tf.constant(starts), steps)
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(batches))
        return dataset.prefetch(tf.data.AUTOTUNE)


def check_partition(partition: Any) -> None:
    """A partition is one of the two, or a `KitError`."""
    if partition not in get_args(Partition):
        raise KitError(
            f"partition must be 'random' or 'sequential'; received partition={partition!r}. "
            "Pass 'sequential' for a stateful model, else 'random'."
        )


def check_offset(offset: Any, partition: str) -> None:
    """Makes sure that `offset` is one that the partition takes."""
    if offset == "random" and isinstance(offset, str):
        return
    whole = isinstance(offset, (int, np.integer)) and not isinstance(offset, bool)
    if not whole or offset < 0:
        raise KitError(
            f"offset must be an integer of 0 or more, or 'random'; received offset={offset!r}. "
            "Pass the number of ids to skip."
        )
    if partition == "random" and offset:
        raise KitError(
            f"partition='random' draws its own offset; received offset={offset!r}. "
            "Leave it out, or cut the ids before."
        )


def _random(
    source: tf.Tensor,
    length: int,
    rows: int,
    steps: int,
    apart: int,
    batches: int,
    seed: int | None,
) -> tf.data.Dataset:
    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        first = tf.random.stateless_uniform([], draw_seed(number, 0), maxval=apart, dtype=tf.int64)
        windows = tf.range((length - 1 - first - steps) // apart + 1)
        order = tf.random.experimental.stateless_shuffle(windows, draw_seed(number, 1))
        starts = first + apart * order[: batches * rows]
        return _gather_windows(source, tf.reshape(starts, [batches, rows]), steps)

    return reshuffled(epoch, seed=seed, batches=batches)


def _drawn_offset(
    source: tf.Tensor, rows: int, steps: int, batches: int, seed: int | None
) -> tf.data.Dataset:
    starts = tf.constant(_sequential_starts(rows, steps, batches))

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        first = tf.random.stateless_uniform([], draw_seed(number, 0), maxval=steps, dtype=tf.int64)
        return _gather_windows(source, first + starts, steps)

    return reshuffled(epoch, seed=seed, batches=batches)


def _sequential_starts(rows: int, steps: int, batches: int) -> np.ndarray:
    """Where row b of batch i begins, `[batches, B]`: each row is `batches · T` ids long."""
    row = np.arange(rows, dtype=np.int64) * (batches * steps)
    return np.arange(batches, dtype=np.int64)[:, None] * steps + row


def _gather_windows(source: tf.Tensor, starts: tf.Tensor, steps: int) -> tf.data.Dataset:
    """One batch for each row of `starts [batches, B]`, some of them gathered at once."""

    def batches(begins: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        window = tf.gather(source, begins[:, :, None] + tf.range(steps + 1, dtype=tf.int64))
        return window[..., :-1], window[..., 1:]  # [K, B, T + 1] -> [K, B, T], [K, B, T]

    together = max(1, TOGETHER // (starts.shape[1] * steps))
    return tf.data.Dataset.from_tensor_slices(starts).batch(together).map(batches).unbatch()
