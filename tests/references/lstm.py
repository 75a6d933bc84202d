"""The reference of `cells/lstm.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class LSTMReference:
    """`c_t = f ⊙ c_{t-1} + i ⊙ φ(a_c)`, `h_t = o ⊙ φ(c_t)`; `x W + h U + b` has i, f, c, o."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.gate, self.gate_slope = ACTIVATIONS[recurrent_activation]

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        h, c = states
        a = x @ self.weights["kernel"] + h @ self.weights["recurrent_kernel"]
        a_i, a_f, a_c, a_o = np.split(a + self.weights.get("bias", 0), 4, axis=1)
        i, f, o = self.gate(a_i), self.gate(a_f), self.gate(a_o)
        new = self.activation(a_c)
        new_c = f * c + i * new
        shown = self.activation(new_c)
        return o * shown, [o * shown, new_c], (x, h, c, i, f, new, o, shown)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, h, c, i, f, new, o, shown = kept
        d_h = d_output + d_states[0]
        d_c = d_states[1] + d_h * o * self.slope(shown)
        d_a = np.concatenate(
            [
                d_c * new * self.gate_slope(i),
                d_c * c * self.gate_slope(f),
                d_c * i * self.slope(new),
                d_h * shown * self.gate_slope(o),
            ],
            axis=1,
        )
        d_weights = {"kernel": x.T @ d_a, "recurrent_kernel": h.T @ d_a}
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        kernel, recurrent_kernel = self.weights["kernel"], self.weights["recurrent_kernel"]
        return d_a @ kernel.T, [d_a @ recurrent_kernel.T, d_c * f], d_weights
