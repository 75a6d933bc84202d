"""The reference of `cells/minimal_rnn.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array

sigmoid, sigmoid_slope = ACTIVATIONS["sigmoid"]


class MinimalRNNReference:
    """`z = φ(x W + b_z)`, `u = σ(h U + z V + b_u + forget_bias)`, `h_t = u ⊙ h + (1 − u) ⊙ z`."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        gate_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        forget_bias: float = 1.0,
    ):
        self.weights = {
            "kernel": kernel,
            "recurrent_kernel": recurrent_kernel,
            "gate_kernel": gate_kernel,
        }
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.forget_bias = forget_bias

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        b_z, b_u = np.split(self.weights.get("bias", np.zeros(2 * self.output_size)), 2)
        z = self.activation(x @ self.weights["kernel"] + b_z)
        of_state = before @ self.weights["recurrent_kernel"]
        u = sigmoid(of_state + z @ self.weights["gate_kernel"] + b_u + self.forget_bias)
        h = u * before + (1 - u) * z
        return h, [h], (x, before, z, u)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, z, u = kept
        d_h = d_output + d_states[0]
        d_u = d_h * (before - z) * sigmoid_slope(u)
        d_z = (d_h * (1 - u) + d_u @ self.weights["gate_kernel"].T) * self.slope(z)
        d_before = d_h * u + d_u @ self.weights["recurrent_kernel"].T
        d_weights = {
            "kernel": x.T @ d_z,
            "recurrent_kernel": before.T @ d_u,
            "gate_kernel": z.T @ d_u,
        }
        if "bias" in self.weights:
            d_weights["bias"] = np.concatenate([d_z.sum(0), d_u.sum(0)])
        return d_z @ self.weights["kernel"].T, [d_before], d_weights
