"""The reference of `cells/linear_recurrent.py`."""

from typing import Any

import numpy as np

from tests.references.contract import Array, sigmoid


class LinearRecurrentReference:
    """`h_t = a h_{t-1} + √(1 − a²) (x_t W + b)`, `a = exp(−exp(u))`."""

    def __init__(self, kernel: Array, recurrent_kernel: Array, bias: Array | None = None):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = len(recurrent_kernel)

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        new = x @ self.weights["kernel"] + self.weights.get("bias", 0)
        a = np.exp(-np.exp(self.weights["recurrent_kernel"]))
        h = a * states[0] + np.sqrt(1 - a**2) * new
        return h, [h], (x, states[0], new, a)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, new, a = kept
        d_h = d_output + d_states[0]
        root = np.sqrt(1 - a**2)
        d_a = (d_h * (before - a / root * new)).sum(0)
        d_new = d_h * root
        u = self.weights["recurrent_kernel"]
        d_weights = {"kernel": x.T @ d_new, "recurrent_kernel": d_a * a * -np.exp(u)}
        if "bias" in self.weights:
            d_weights["bias"] = d_new.sum(0)
        return d_new @ self.weights["kernel"].T, [d_h * a], d_weights


class GatedLinearRecurrentReference:
    """`h_t = (1 − z) h_{t-1} + z (x_t W_c + b_c)`, `z = σ(x_t W_z + b_z)`."""

    def __init__(self, kernel: Array, bias: Array | None = None):
        self.weights = {"kernel": kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = kernel.shape[1] // 2

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        gate, new = np.split(x @ self.weights["kernel"] + self.weights.get("bias", 0), 2, axis=-1)
        z = sigmoid(gate)
        h = (1 - z) * states[0] + z * new
        return h, [h], (x, states[0], new, z)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, new, z = kept
        d_h = d_output + d_states[0]
        d_a = np.concatenate([d_h * (new - before) * z * (1 - z), d_h * z], axis=-1)
        d_weights = {"kernel": x.T @ d_a}
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        return d_a @ self.weights["kernel"].T, [d_h * (1 - z)], d_weights
