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

    def halves(self) -> list["Given"]:
        """The first and the second half of the batch."""
        rows = self.projected.shape[1]
        rows = tf.shape(self.projected)[1] if rows is None else rows
        sizes = [rows // 2, rows - rows // 2]

        # Split, not slices: the gradient of a split is one concatenation.
        def split(tensor: tf.Tensor | None, axis: int) -> list[Any]:
            return [None, None] if tensor is None else tf.split(tensor, sizes, axis)

        states = [split(state, 0) for state in self.states]
        return [
            Given(projected, [state[k] for state in states], self.matrix, state_mask, step_mask)
            for k, (projected, state_mask, step_mask) in enumerate(
                zip(
                    split(self.projected, 1),
                    split(self.state_mask, 0),
                    split(self.step_mask, 1),
                    strict=True,
                )
            )
        ]


def on_rungs(given: Given) -> Given:
    """Pads time and batch, where a size is not known beforehand, to one of a few sizes.

    XLA compiles a loop for each shape that it meets. Time goes up to a power of two: the loop still
    stops at the true length, so that only memory is padded. Rows are computed, so the batch goes to
    a multiple of a quarter of the power of two below it, and to an even number, for two halves of
    one shape. Lengths up to T and batches up to B then cost at most about `log2 T · 4 log2 B`
    compilations, whatever comes. Rows are padded with the last real row: an equation that has no
    value at zero (a division by a norm) must not put NaN where a gradient sums over the rows.
    """
    length, batch = tf.unstack(tf.shape(given.projected)[:2])
    more_steps, more_rows = 0, 0
    if given.projected.shape[0] is None:
        more_steps = _power_of_two(2 * length - 1) - length
    if given.projected.shape[1] is None:
        more_rows = -batch % tf.maximum(_power_of_two(batch) // 4, 2)

    def longer(tensor: tf.Tensor) -> tf.Tensor:  # [T, B, ...]
        if given.projected.shape[0] is not None:
            return tensor
        return tf.pad(tensor, [[0, more_steps], *[[0, 0]] * (tensor.shape.rank - 1)])

    def wider(tensor: tf.Tensor, axis: int) -> tf.Tensor:
        if given.projected.shape[1] is not None:
            return tensor
        last = tensor[:, -1:] if axis else tensor[-1:]
        return tf.concat([tensor, tf.repeat(last, more_rows, axis)], axis)

    return Given(
        wider(longer(given.projected), 1),
        [wider(state, 0) for state in given.states],
        given.matrix,
        None if given.state_mask is None else wider(given.state_mask, 0),
        None if given.step_mask is None else wider(longer(given.step_mask), 1),
    )


def _power_of_two(number: tf.Tensor) -> tf.Tensor:
    """The largest power of two that is not above `number >= 1`."""
    powers = 2 ** tf.range(31)
    return tf.reduce_max(tf.where(powers <= number, powers, 1))
