"""The reference of `cells/fast_rnn.py`."""

from typing import Any

from tests.references.contract import ACTIVATIONS, Array

sigmoid, slope_of_sigmoid = ACTIVATIONS["sigmoid"]


class FastRNNReference:
    """`h_t = sigmoid(α) φ(x_t W + h_{t-1} U + b) + sigmoid(β) h_{t-1}`."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        alpha: Array,
        beta: Array,
        bias: Array | None = None,
        activation: str = "tanh",
    ):
        self.weights = {
            "kernel": kernel,
            "recurrent_kernel": recurrent_kernel,
            "alpha": alpha,
            "beta": beta,
        }
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = len(recurrent_kernel)
        self.activation, self.slope = ACTIVATIONS[activation]

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        a = x @ self.weights["kernel"] + before @ self.weights["recurrent_kernel"]
        new = self.activation(a + self.weights.get("bias", 0))
        h = sigmoid(self.weights["alpha"]) * new + sigmoid(self.weights["beta"]) * before
        return h, [h], (x, before, new)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, new = kept
        d_h = d_output + d_states[0]
        alpha, beta = sigmoid(self.weights["alpha"]), sigmoid(self.weights["beta"])
        d_a = d_h * alpha * self.slope(new)
        d_weights = {
            "kernel": x.T @ d_a,
            "recurrent_kernel": before.T @ d_a,
            "alpha": (d_h * new).sum() * slope_of_sigmoid(alpha),
            "beta": (d_h * before).sum() * slope_of_sigmoid(beta),
        }
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        d_before = d_h * beta + d_a @ self.weights["recurrent_kernel"].T
        return d_a @ self.weights["kernel"].T, [d_before], d_weights
