"""The reference of `cells/ugrnn.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array

sigmoid, sigmoid_slope = ACTIVATIONS["sigmoid"]


class UGRNNReference:
    """`h_t = g ⊙ h_{t-1} + (1 − g) ⊙ φ(a_c)`, `g = σ(a_g + forget_bias)`, `a = x W + h U + b`."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        forget_bias: float = 1.0,
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.forget_bias = forget_bias

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        a = x @ self.weights["kernel"] + before @ self.weights["recurrent_kernel"]
        a_g, a_c = np.split(a + self.weights.get("bias", 0), 2, axis=1)
        g, c = sigmoid(a_g + self.forget_bias), self.activation(a_c)
        h = g * before + (1 - g) * c
        return h, [h], (x, before, g, c)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, g, c = kept
        d_h = d_output + d_states[0]
        d_g = d_h * (before - c) * sigmoid_slope(g)
        d_a = np.concatenate([d_g, d_h * (1 - g) * self.slope(c)], axis=1)
        d_weights = {"kernel": x.T @ d_a, "recurrent_kernel": before.T @ d_a}
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        kernel, recurrent_kernel = self.weights["kernel"], self.weights["recurrent_kernel"]
        return d_a @ kernel.T, [d_h * g + d_a @ recurrent_kernel.T], d_weights
