"""The reference of `cells/mgu.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array

sigmoid, sigmoid_slope = ACTIVATIONS["sigmoid"]


class MGUReference:
    """`f = σ(x W_f + h U_f + b_f)`, `h_t = (1 − f) ⊙ h_{t-1} + f ⊙ c`.

    `c = φ(x W_c + (f ⊙ h) U_c + b_c)`, or `φ(x W_c + f ⊙ (h U_c) + b_c)` with `reset_after`.
    """

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        reset_after: bool = False,
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.reset_after = reset_after

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        u_f, u_c = np.split(self.weights["recurrent_kernel"], 2, axis=1)
        a = x @ self.weights["kernel"] + self.weights.get("bias", 0)
        a_f, a_c = np.split(a, 2, axis=1)
        f = sigmoid(a_f + before @ u_f)
        of_state = f * (before @ u_c) if self.reset_after else (f * before) @ u_c
        c = self.activation(a_c + of_state)
        h = (1 - f) * before + f * c
        return h, [h], (x, before, f, c)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, f, c = kept
        u_f, u_c = np.split(self.weights["recurrent_kernel"], 2, axis=1)
        d_h = d_output + d_states[0]
        d_c = d_h * f * self.slope(c)
        d_f = d_h * (c - before)
        d_before = d_h * (1 - f)
        if self.reset_after:
            d_f = d_f + d_c * (before @ u_c)
            d_u_c = before.T @ (d_c * f)
            d_before = d_before + (d_c * f) @ u_c.T
        else:
            d_gated = d_c @ u_c.T
            d_f = d_f + d_gated * before
            d_u_c = (f * before).T @ d_c
            d_before = d_before + d_gated * f
        d_f = d_f * sigmoid_slope(f)
        d_before = d_before + d_f @ u_f.T
        d_a = np.concatenate([d_f, d_c], axis=1)
        d_weights = {
            "kernel": x.T @ d_a,
            "recurrent_kernel": np.concatenate([before.T @ d_f, d_u_c], axis=1),
        }
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        return d_a @ self.weights["kernel"].T, [d_before], d_weights
