"""The reference of `cells/ind_rnn.py`."""

from typing import Any

from tests.references.contract import ACTIVATIONS, Array


class IndRNNReference:
    """`h_t = φ(x_t W + u ⊙ h_{t-1} + b)`."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        activation: str = "relu",
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = len(recurrent_kernel)
        self.activation, self.slope = ACTIVATIONS[activation]

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        a = x @ self.weights["kernel"] + self.weights["recurrent_kernel"] * before
        h = self.activation(a + self.weights.get("bias", 0))
        return h, [h], (x, before, h)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, h = kept
        d_a = (d_output + d_states[0]) * self.slope(h)
        d_weights = {"kernel": x.T @ d_a, "recurrent_kernel": (before * d_a).sum(0)}
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        d_before = d_a * self.weights["recurrent_kernel"]
        return d_a @ self.weights["kernel"].T, [d_before], d_weights
