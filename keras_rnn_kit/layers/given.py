"""What a recurrence starts from, and its sizes where they are not known beforehand."""

import dataclasses
from typing import Any

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Given:
    """What a recurrence starts from."""

    projected: tf.Tensor  # [B, T, G]
    states: list[tf.Tensor]  # [B, H] each
    matrix: tf.Tensor | None  # [H, G]
    state_mask: tf.Tensor | None  # [B, H]
    step_mask: tf.Tensor | None  # [B, T]

    def parts(self, count: int) -> list["Given"]:
        """The batch cut into `count` parts, as even as can be."""
        rows = self.projected.shape[0]
        rows = tf.shape(self.projected)[0] if rows is None else rows
        sizes = [(rows + k) // count for k in range(count)]

        # Split, not slices: the gradient of a split is one concatenation.
        def split(tensor: tf.Tensor | None) -> list[Any]:
            return [None] * count if tensor is None else tf.split(tensor, sizes, 0)

        per_tensor = map(split, (self.projected, self.state_mask, self.step_mask))
        states = [split(state) for state in self.states]
        return [
            Given(projected, [state[k] for state in states], self.matrix, state_mask, step_mask)
            for k, (projected, state_mask, step_mask) in enumerate(zip(*per_tensor, strict=True))
        ]


def on_rungs(given: Given, *, fixed_rows: bool, fixed_length: bool) -> Given:
    """Pads time and batch, unless they are fixed, to one of a few sizes.

    XLA compiles a loop for each shape that it meets. Time goes up to a power of two: the loop still
    stops at the true length, so that only memory is padded. Rows are computed, so the batch goes to
    a multiple of a quarter of the power of two below it, and to an even number, for two halves of
    one shape. Lengths up to T and batches up to B then cost at most about `log2 T · 4 log2 B`
    compilations, whatever comes. Rows are padded with the last real row: an equation that has no
    value at zero (a division by a norm) must not put NaN where a gradient sums over the rows.
    """
    batch, length = tf.unstack(tf.shape(given.projected)[:2])
    more_steps, more_rows = 0, 0
    if not fixed_length:
        more_steps = _power_of_two(2 * length - 1) - length
    if not fixed_rows:
        more_rows = -batch % tf.maximum(_power_of_two(batch) // 4, 2)

    def longer(tensor: tf.Tensor) -> tf.Tensor:  # [B, T, ...]
        if fixed_length:
            return tensor
        return tf.pad(tensor, [[0, 0], [0, more_steps], *[[0, 0]] * (tensor.shape.rank - 2)])

    def wider(tensor: tf.Tensor) -> tf.Tensor:  # [B, ...]
        if fixed_rows:
            return tensor
        return tf.concat([tensor, tf.repeat(tensor[-1:], more_rows, 0)], 0)

    return Given(
        wider(longer(given.projected)),
        [wider(state) for state in given.states],
        given.matrix,
        None if given.state_mask is None else wider(given.state_mask),
        None if given.step_mask is None else wider(longer(given.step_mask)),
    )


def _power_of_two(number: tf.Tensor) -> tf.Tensor:
    """The largest power of two that is not above `number >= 1`."""
    powers = 2 ** tf.range(31)
    return tf.reduce_max(tf.where(powers <= number, powers, 1))
