"""Numeric series in windows, for training forecasters, and their split in time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import number, positive_integer
from keras_rnn_kit.data.checks import (
    PARTS,
    chosen_variables,
    cumulative_fractions,
    seed_or_none,
    series_matrix,
)
from keras_rnn_kit.data.epochs import draw_seed, reshuffled
from keras_rnn_kit.errors import KitError


def series_windows(
    series: Any,
    *,
    window: int,
    horizon: int = 1,
    batch_size: int,
    stride: int = 1,
    targets: int | Sequence[int] | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    drop_remainder: bool = False,
) -> tf.data.Dataset:
    """Batches of `(inputs, targets)`, float32 `[B, window, C]` and `[B, horizon, K]`.

    An example is `window` points in a row and the `horizon` points that follow them. Examples
    begin at `0, stride, 2 · stride, ...`, so that `T` points give `(T − window − horizon) // stride
    + 1` of them: `T − window` for one step ahead and stride 1, the autoregressive form of Dive
    into Deep Learning (chapter 9.1, "Working with Sequences"). The number of batches is known, and
    the shapes are static, the batch's where every batch is full. Only the series itself is held
    in memory. Fit with `model.fit(batches, shuffle=False)`; who wants no TensorFlow in the loop
    takes `batches.as_numpy_iterator()` or `series_examples`.

    Args:
        series: `[T]` or `[T, C]`, points in order of time and C variables of each.
        window: points of an example that are seen.
        horizon: points of an example that are predicted.
        batch_size: B.
        stride: points from the beginning of one example to that of the next.
        targets: the variable or the K variables that are predicted, by number; None for all C.
        shuffle: True to deal the examples out in a new order each epoch, False for that of time.
        seed: settles every epoch; None follows `keras.utils.set_random_seed`.
        drop_remainder: True to leave out the examples (others each epoch, with `shuffle`) that
            fill no batch, so that the batch's size is static. Otherwise every example comes once
            an epoch, and the last batch may be short.

    Raises:
        KitError: an argument is wrong, a value is missing (NaN) or infinite, or the series is
            too short for one example.

    Example:
        >>> batches = series_windows([1, 2, 3, 4, 5], window=2, batch_size=2, shuffle=False)
        >>> for inputs, targets in batches.as_numpy_iterator():
        ...     print(inputs[..., 0].tolist(), targets[..., 0].tolist())
        [[1.0, 2.0], [2.0, 3.0]] [[3.0], [4.0]]
        [[3.0, 4.0]] [[5.0]]
    """
    points = series_matrix("series", series).astype(np.float32)  # [T, C]
    window, horizon = positive_integer("window", window), positive_integer("horizon", horizon)
    starts = _starts(len(points), window, horizon, stride)  # [N]
    columns = chosen_variables(targets, points.shape[1])
    rows = positive_integer("batch_size", batch_size)
    seed = seed_or_none(seed)
    full, rest = divmod(len(starts), rows)
    if drop_remainder and not full:
        raise KitError(
            f"drop_remainder leaves full batches alone, of batch_size={rows}; received a series "
            f"with {len(starts)} examples. Pass a smaller batch_size, or drop_remainder=False."
        )

    with tf.device("/CPU:0"):  # tf.data gathers there, also on a machine with a GPU
        source, order = tf.constant(points), tf.constant(starts)

        def batch(begin: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            place = begin[:, None] + tf.range(window + horizon, dtype=tf.int64)
            example = tf.gather(source, place)  # [B, window + horizon, C]
            ahead = tf.gather(example[:, window:], columns, axis=2)  # [B, horizon, K]
            return example[:, :window], ahead

        def batches(begins: tf.Tensor) -> tf.data.Dataset:
            one_by_one = tf.data.Dataset.from_tensor_slices(begins)
            # Where nothing remains, dropping it makes the batch's size static.
            return one_by_one.batch(rows, drop_remainder=drop_remainder or not rest).map(batch)

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            mix = tf.random.experimental.stateless_shuffle
            return batches(mix(order, draw_seed(number, 0)))

        if shuffle:
            count = full + bool(rest and not drop_remainder)
            dataset = reshuffled(epoch, seed=seed, batches=count)
        else:
            dataset = batches(order)
        return dataset.prefetch(tf.data.AUTOTUNE)


def series_examples(
    series: Any,
    window: int,
    horizon: int = 1,
    *,
    stride: int = 1,
    targets: int | Sequence[int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """All examples of `series_windows` in order of time, as two NumPy arrays.

    Args:
        series, window, horizon, stride, targets: as there.

    Returns:
        Inputs `[N, window, C]` and targets `[N, horizon, K]`, float32. Every point of the series
        stands in them about `window / stride` times.

    Raises:
        KitError: as `series_windows`.

    Example:
        >>> inputs, targets = series_examples(range(1000), window=4)
        >>> inputs.shape, targets.shape
        ((996, 4, 1), (996, 1, 1))
        >>> inputs[0, :, 0].tolist(), targets[0, :, 0].tolist()
        ([0.0, 1.0, 2.0, 3.0], [4.0])
    """
    points = series_matrix("series", series).astype(np.float32)  # [T, C]
    window, horizon = positive_integer("window", window), positive_integer("horizon", horizon)
    begin = _starts(len(points), window, horizon, stride)[:, None]  # [N, 1]
    columns = chosen_variables(targets, points.shape[1])
    ahead = points[begin + np.arange(window, window + horizon)]
    return points[begin + np.arange(window)], ahead[..., columns]


def split_series(
    series: Any,
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
    *,
    context: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The train, validation and test parts of a series, one after the other in time.

    The parts adjoin and share no point, so that nothing of a later part is learned from. Windows
    are cut within a part, and none crosses a border: with `context=0` the first `window` points of
    validation and test are seen but never predicted. `context=window` puts the last so many points
    before the border in front of these two parts, to be seen alone: then each of their points is
    predicted (with stride 1), and still no point is predicted in two parts. Such inputs are known
    when the forecast is made, and so no leak. Fit a `SeriesScaler` on the first part alone.

    Args:
        series: `[T]` or `[T, C]`, points in order of time.
        fractions: of train, validation and test; they sum to 1, and a part of 0 is empty. The
            borders are rounded to the nearest point.
        context: points before the border that validation and test begin with: 0 or the window.

    Returns:
        Three float64 arrays `[T', C]`.

    Raises:
        KitError: the series or an argument is wrong, a part with a fraction would be left without
            a point, or fewer points than `context` precede a border.

    Example:
        >>> train, validation, test = split_series(range(10), (0.6, 0.2, 0.2), context=2)
        >>> train[:, 0].tolist(), validation[:, 0].tolist(), test[:, 0].tolist()
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [4.0, 5.0, 6.0, 7.0], [6.0, 7.0, 8.0, 9.0])
    """
    points = series_matrix("series", series)
    whole = number(
        "context", context, "an integer of 0 or more", lambda x: x >= 0 and x.is_integer()
    )
    bounds = cumulative_fractions(fractions)
    edges = [0, *(round(bound * len(points)) for bound in bounds), len(points)]
    parts = []
    for k, name in enumerate(PARTS):
        begin, end = edges[k], edges[k + 1]
        if fractions[k] and begin == end:
            raise KitError(
                f"the {name} part must hold a point; received {len(points)} points and "
                f"fractions={tuple(fractions)!r}. Pass a longer series, or 0 for that part."
            )
        before = int(whole) if k and begin < end else 0
        if before > begin:
            raise KitError(
                f"{before} points of context must precede the {name} part; received {begin}. "
                "Pass a larger fraction for the part before it, or a smaller context."
            )
        parts.append(points[begin - before : end])
    return parts[0], parts[1], parts[2]


def _starts(length: int, window: int, horizon: int, stride: int) -> np.ndarray:
    """Where each example begins, int64 `[N]`."""
    stride = positive_integer("stride", stride)
    if length < window + horizon:
        raise KitError(
            f"window={window} and horizon={horizon} need {window + horizon} points for one "
            f"example; received {length}. Pass a longer series, or a smaller window or horizon."
        )
    return np.arange(0, length - window - horizon + 1, stride, dtype=np.int64)
