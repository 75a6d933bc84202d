"""The reference of `cells/layer_norm_simple_rnn.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class LayerNormSimpleRNNReference:
    """`a_t = x_t W + h_{t-1} U`, `h_t = φ(γ ⊙ (a_t − μ_t) / √(σ_t² + ε) + b)`."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        gamma: Array,
        bias: Array | None = None,
        epsilon: float = 1e-5,
        activation: str = "tanh",
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel, "gamma": gamma}
        if bias is not None:
            self.weights["bias"] = bias
        self.epsilon = epsilon
        self.output_size = len(gamma)
        self.activation, self.slope = ACTIVATIONS[activation]

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        a = x @ self.weights["kernel"] + before @ self.weights["recurrent_kernel"]
        deviation = np.sqrt(a.var(1, keepdims=True) + self.epsilon)
        normal = (a - a.mean(1, keepdims=True)) / deviation
        h = self.activation(self.weights["gamma"] * normal + self.weights.get("bias", 0))
        return h, [h], (x, before, normal, deviation, h)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, normal, deviation, h = kept
        d_sum = (d_output + d_states[0]) * self.slope(h)
        d_normal = d_sum * self.weights["gamma"]
        # A shift of a whole row, and most of its stretching, are normalized away.
        along = (d_normal * normal).mean(1, keepdims=True)
        d_a = (d_normal - d_normal.mean(1, keepdims=True) - normal * along) / deviation
        d_weights = {
            "kernel": x.T @ d_a,
            "recurrent_kernel": before.T @ d_a,
            "gamma": (d_sum * normal).sum(0),
        }
        if "bias" in self.weights:
            d_weights["bias"] = d_sum.sum(0)
        kernel, recurrent_kernel = self.weights["kernel"], self.weights["recurrent_kernel"]
        return d_a @ kernel.T, [d_a @ recurrent_kernel.T], d_weights
