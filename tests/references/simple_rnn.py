"""The reference of `cells/simple_rnn.py`."""

from typing import Any

from tests.references.contract import ACTIVATIONS, Array


class SimpleRNNReference:
    """`h_t = φ(x_t W + h_{t-1} U + b)`."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        a = x @ self.weights["kernel"] + before @ self.weights["recurrent_kernel"]
        h = self.activation(a + self.weights.get("bias", 0))
        return h, [h], (x, before, h)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, h = kept
        d_a = (d_output + d_states[0]) * self.slope(h)
        d_weights = {"kernel": x.T @ d_a, "recurrent_kernel": before.T @ d_a}
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        kernel, recurrent_kernel = self.weights["kernel"], self.weights["recurrent_kernel"]
        return d_a @ kernel.T, [d_a @ recurrent_kernel.T], d_weights
