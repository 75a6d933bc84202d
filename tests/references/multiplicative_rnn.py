"""The reference of `cells/multiplicative_rnn.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class MultiplicativeRNNReference:
    """`f = (x V + factor_bias) ⊙ (h U)`, `h_t = φ(x W + f U_f + b)`; `kernel` is V, then W."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        factor_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        factor_bias: float = 1.0,
    ):
        self.weights = {
            "kernel": kernel,
            "recurrent_kernel": recurrent_kernel,
            "factor_kernel": factor_kernel,
        }
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.factor_bias = factor_bias

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        factors = self.weights["recurrent_kernel"].shape[1]
        of_input, w = np.split(x @ self.weights["kernel"], [factors], axis=1)
        of_input = of_input + self.factor_bias
        of_state = before @ self.weights["recurrent_kernel"]
        f = of_input * of_state
        h = self.activation(w + f @ self.weights["factor_kernel"] + self.weights.get("bias", 0))
        return h, [h], (x, before, of_input, of_state, h)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, of_input, of_state, h = kept
        d_a = (d_output + d_states[0]) * self.slope(h)
        d_f = d_a @ self.weights["factor_kernel"].T
        d_projected = np.concatenate([d_f * of_state, d_a], axis=1)
        d_recurrent = d_f * of_input
        d_weights = {
            "kernel": x.T @ d_projected,
            "recurrent_kernel": before.T @ d_recurrent,
            "factor_kernel": (of_input * of_state).T @ d_a,
        }
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        d_before = d_recurrent @ self.weights["recurrent_kernel"].T
        return d_projected @ self.weights["kernel"].T, [d_before], d_weights
