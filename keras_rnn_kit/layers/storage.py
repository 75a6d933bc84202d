"""How a loop reads one step of a sequence and keeps one: sequences are `[B, T, ...]` outside.

What is cheap depends on who runs the loop. XLA reads and writes a slice in place, wherever it
lies. TensorFlow's own loop wants the steps one after the other, and its `TensorArray`.
"""

from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf
from keras import ops


class Storage(Protocol):
    """Steps in and out of sequences; an array is made empty and threaded through the loop."""

    # Whether an equation that takes a step apart into gates should be handed it by the step before.
    hands_on: bool

    def reader(self, sequence: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        """`[B, T, ...]` to a function of the step `t` that gives `[B, ...]`."""
        ...

    def array(self, rows: int | None, batch: Any, length: Any, width: int, dtype: Any) -> Any:
        """Room for `length` steps of `[B, width]`, zero at first; B is `rows` where it is known."""
        ...

    def write(self, array: Any, t: tf.Tensor, value: tf.Tensor) -> Any:
        """The array with `value [B, width]` as step `t`."""
        ...

    def sequence(self, array: Any) -> tf.Tensor:
        """All of the array, `[B, T, width]`."""
        ...


class InPlace:
    """Within XLA: one tensor, of which steps are slices."""

    # XLA reads a slice inside the kernel that computes with it, and a kernel with several parts of
    # such a slice it leaves without vector instructions: a gated step then takes up to four times
    # as long. What the loop carries from step to step is a buffer of its own.
    hands_on = True

    def reader(self, sequence: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        rest = sequence.shape.rank - 2
        known = sequence.shape[0]
        rows = tf.shape(sequence)[0] if known is None else known
        size = [rows, 1, *sequence.shape[2:]]
        return lambda t: tf.squeeze(tf.slice(sequence, [0, t, *[0] * rest], size), axis=1)

    def array(self, rows: int | None, batch: Any, length: Any, width: int, dtype: Any) -> Any:
        return tf.zeros([batch, length, width], dtype)

    def write(self, array: Any, t: tf.Tensor, value: tf.Tensor) -> Any:
        return ops.slice_update(array, tf.stack([0, t, 0]), value[:, None])

    def sequence(self, array: Any) -> tf.Tensor:
        return array


class ByStep:
    """Within TensorFlow: time first, so that a step lies in one piece."""

    hands_on = False

    def reader(self, sequence: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        rest = range(2, sequence.shape.rank)
        by_step = tf.transpose(sequence, [1, 0, *rest])
        return lambda t: by_step[t]

    def array(self, rows: int | None, batch: Any, length: Any, width: int, dtype: Any) -> Any:
        return tf.TensorArray(dtype, size=length, element_shape=[rows, width])

    def write(self, array: Any, t: tf.Tensor, value: tf.Tensor) -> Any:
        return array.write(t, value)

    def sequence(self, array: Any) -> tf.Tensor:
        return tf.transpose(array.stack(), [1, 0, 2])
