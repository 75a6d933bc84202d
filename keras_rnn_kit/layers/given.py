"""What a recurrence starts from, and its sizes where they are not known beforehand."""

import dataclasses
from typing import Any

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Given:
    """What a recurrence starts from."""

    projected: tf.Tensor  # [T, B, G]
    states: list[tf.Tensor]  # [B, H] each
    matrix: tf.Tensor | None  # [H, G]
    state_mask: tf.Tensor | None  # [B, H]
    step_mask: tf.Tensor | None  # [T, B]

    def rows(self, rows: slice) -> "Given":
        """The same for some rows of the batch."""
        return Given(
            self.projected[:, rows],
            [state[rows] for state in self.states],
            self.matrix,
            None if self.state_mask is None else self.state_mask[rows],
            None if self.step_mask is None else self.step_mask[:, rows],
        )


def on_rungs(given: Given) -> Given:
    """Pads time and batch, where a size is not known beforehand, to one of a few sizes.

    XLA compiles a loop for each shape that it meets. Time goes up to a power of two: the loop still
    stops at the true length, so that only memory is padded. Rows are computed, so the batch goes to
    a multiple of a quarter of the power of two below it, and to an even number, for two halves of
    one shape. Lengths up to T and batches up to B then cost at most about `log2 T · 4 log2 B`
    compilations, whatever comes.
    """
    length, batch = tf.unstack(tf.shape(given.projected)[:2])
    more_steps, more_rows = 0, 0
    if given.projected.shape[0] is None:
        more_steps = _power_of_two(2 * length - 1) - length
    if given.projected.shape[1] is None:
        more_rows = -batch % tf.maximum(_power_of_two(batch) // 4, 2)

    def padded(tensor: tf.Tensor | None, *more: Any) -> tf.Tensor | None:
        if tensor is None:
            return None
        rank = tensor.shape.rank
        return tf.pad(tensor, [[0, n] for n in more] + [[0, 0]] * (rank - len(more)))

    return Given(
        padded(given.projected, more_steps, more_rows),
        [padded(state, more_rows) for state in given.states],
        given.matrix,
        padded(given.state_mask, more_rows),
        padded(given.step_mask, more_steps, more_rows),
    )


def _power_of_two(number: tf.Tensor) -> tf.Tensor:
    """The largest power of two that is not above `number >= 1`."""
    powers = 2 ** tf.range(31)
    return tf.reduce_max(tf.where(powers <= number, powers, 1))
