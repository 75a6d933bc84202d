"""A dataset that draws a new random number each epoch, with TensorFlow's own operations."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def reshuffled(
    epoch: Callable[[tf.Tensor], tf.data.Dataset], *, seed: int | None, batches: int
) -> tf.data.Dataset:
    """The dataset whose every pass is `epoch(number)` for a fresh random `number`.

    Args:
        epoch: makes one pass out of a scalar int64. It should draw whatever is random with
            `draw_seed(number, stream)`, so that the number settles the whole pass.
        seed: settles the numbers: two datasets with one seed give the same first pass, the same
            second pass, and so on. None follows `keras.utils.set_random_seed`, and is otherwise
            different each run.
        batches: how many elements each pass has, which `cardinality()` then tells Keras.

    Returns:
        A dataset that can be iterated any number of times; every `iter()` of it, and every turn
        of its `repeat()`, is the next pass.

    Example:
        >>> numbers = reshuffled(tf.data.Dataset.from_tensors, seed=1, batches=1)
        >>> first, second = int(next(iter(numbers))), int(next(iter(numbers)))
        >>> first != second
        True
    """
    # No Python generator: the numbers come from an operation, so a pass never takes the GIL.
    numbers = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).take(1)
    passes = numbers.flat_map(epoch)
    return passes.apply(tf.data.experimental.assert_cardinality(batches))


def draw_seed(number: tf.Tensor, stream: int) -> Any:
    """The seed of a stateless operation: one for each pass and each use (`stream`) within it."""
    return tf.stack([number, tf.constant(stream, tf.int64)])
