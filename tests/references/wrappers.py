"""The references of the cells that wrap another: `cells/zoneout.py` and `cells/residual.py`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.references.contract import Array, Reference


class ZoneoutReference:
    """`s_t = d_t ⊙ s_{t-1} + (1 − d_t) ⊙ ŝ_t`.

    `d_t` is the rate of each state; with `drawn`, it stands in the inputs of the step, behind the
    cell's own: `[x_t, d_t of state 0, d_t of state 1, ...]`.
    """

    def __init__(
        self, cell: Reference, rates: Sequence[float], sizes: Sequence[int], *, drawn: bool = False
    ):
        self.cell, self.rates, self.sizes, self.drawn = cell, rates, sizes, drawn
        self.weights, self.output_size = cell.weights, cell.output_size

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        keep: list[Any] = list(self.rates)
        if self.drawn:
            starts = x.shape[1] - sum(self.sizes) + np.cumsum([0, *self.sizes[:-1]])
            x, *keep = np.split(x, starts, axis=1)
        output, new, kept = self.cell.step(x, states)
        mixed = [k * old + (1 - k) * one for k, old, one in zip(keep, states, new, strict=True)]
        is_state = np.array_equal(output, new[0])
        return mixed[0] if is_state else output, mixed, (kept, keep, states, new, is_state)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        kept, keep, states, new, is_state = kept
        d_mixed = list(d_states)
        if is_state:
            d_mixed[0] = d_mixed[0] + d_output
            d_output = np.zeros_like(d_output)
        d_new = [(1 - k) * d for k, d in zip(keep, d_mixed, strict=True)]
        d_x, d_before, d_weights = self.cell.step_back(kept, d_output, d_new)
        if self.drawn:
            slopes = [d * (s - n) for d, s, n in zip(d_mixed, states, new, strict=True)]
            d_x = np.concatenate([d_x, *slopes], axis=1)
        d_states = [b + k * d for b, k, d in zip(d_before, keep, d_mixed, strict=True)]
        return d_x, d_states, d_weights


class ResidualReference:
    """`y_t = o_t + x_t`; what stands behind `x_t` in the inputs is the cell's alone."""

    def __init__(self, cell: Reference):
        self.cell = cell
        self.weights, self.output_size = cell.weights, cell.output_size

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        output, new, kept = self.cell.step(x, states)
        return output + x[:, : self.output_size], new, kept

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        d_x, d_before, d_weights = self.cell.step_back(kept, d_output, d_states)
        d_x = d_x + np.pad(d_output, [(0, 0), (0, d_x.shape[1] - self.output_size)])
        return d_x, d_before, d_weights
