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

    def reader(self, sequence: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        """`[B, T, ...]` to a function of the step `t` that gives `[B, ...]`."""
        ...

    def reader_apart(
        self, sequence: tf.Tensor, steps: tf.Tensor
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        """The same, for an equation that reads several parts of a step, `t < steps`."""
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

    def reader(self, sequence: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        rest = sequence.shape.rank - 2
        known = sequence.shape[0]
        rows = tf.shape(sequence)[0] if known is None else known
        size = [rows, 1, *sequence.shape[2:]]
        return lambda t: tf.squeeze(tf.slice(sequence, [0, t, *[0] * rest], size), axis=1)

    def reader_apart(
        self, sequence: tf.Tensor, steps: tf.Tensor
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        # XLA would read the slice inside the kernel that computes the gates, and a kernel with
        # several parts of such a slice it leaves without vector instructions: an LSTM's step takes
        # half as long again. A branch, of which only we know that it is always taken, keeps the
        # slice out of that kernel.
        read = self.reader(sequence)

        def at(t: tf.Tensor) -> tf.Tensor:
            value = read(t)
            return tf.cond(t < steps, lambda: value, lambda: tf.zeros_like(value))

        return at

    def array(self, rows: int | None, batch: Any, length: Any, width: int, dtype: Any) -> Any:
        return tf.zeros([batch, length, width], dtype)

    def write(self, array: Any, t: tf.Tensor, value: tf.Tensor) -> Any:
        return ops.slice_update(array, tf.stack([0, t, 0]), value[:, None])

    def sequence(self, array: Any) -> tf.Tensor:
        return array


class ByStep:
    """Within TensorFlow: time first, so that a step lies in one piece."""

    def reader(self, sequence: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
        rest = range(2, sequence.shape.rank)
        by_step = tf.transpose(sequence, [1, 0, *rest])
        return lambda t: by_step[t]

    def reader_apart(
        self, sequence: tf.Tensor, steps: tf.Tensor
    ) -> Callable[[tf.Tensor], tf.Tensor]:
        return self.reader(sequence)

    def array(self, rows: int | None, batch: Any, length: Any, width: int, dtype: Any) -> Any:
        return tf.TensorArray(dtype, size=length, element_shape=[rows, width])

    def write(self, array: Any, t: tf.Tensor, value: tf.Tensor) -> Any:
        return array.write(t, value)

    def sequence(self, array: Any) -> tf.Tensor:
        return tf.transpose(array.stack(), [1, 0, 2])
