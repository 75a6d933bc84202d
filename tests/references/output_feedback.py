"""The reference of `cells/output_feedback.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class OutputFeedbackReference:
    """`h_t = φ(x_t W + h_{t-1} R + f_{t-1} U + b)`, `o_t = ψ(h_t V + c)`; without R, no `h`.

    `f_t` is `o_t`; with `forced`, the inputs of a step are `[x_t, y_t, d_t]`, and `f_t` is `y_t`
    where `d_t` is 1 and `o_t` where it is 0.
    """

    def __init__(
        self,
        kernel: Array,
        feedback_kernel: Array,
        output_kernel: Array,
        recurrent_kernel: Array | None = None,
        bias: Array | None = None,
        output_bias: Array | None = None,
        activation: str = "tanh",
        output_activation: str = "linear",
        *,
        forced: bool = False,
    ):
        given = {
            "kernel": kernel,
            "recurrent_kernel": recurrent_kernel,
            "feedback_kernel": feedback_kernel,
            "bias": bias,
            "output_kernel": output_kernel,
            "output_bias": output_bias,
        }
        self.weights = {name: weight for name, weight in given.items() if weight is not None}
        self.output_size = output_kernel.shape[1]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.output_activation, self.forced = output_activation, forced

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        y: Any = None
        chosen: Any = np.zeros((len(x), 1), bool)
        if self.forced:
            x, y, chosen = np.split(x, [x.shape[1] - self.output_size - 1, -1], axis=1)
            chosen = chosen == 1
        w = self.weights
        a = x @ w["kernel"] + states[-1] @ w["feedback_kernel"] + w.get("bias", 0)
        if "recurrent_kernel" in w:
            a = a + states[0] @ w["recurrent_kernel"]
        h = self.activation(a)
        z = h @ w["output_kernel"] + w.get("output_bias", 0)
        if self.output_activation == "softmax":
            o = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        else:
            o = ACTIVATIONS[self.output_activation][0](z)
        fed_back = np.where(chosen, y, o) if self.forced else o
        new = [h, fed_back] if "recurrent_kernel" in w else [fed_back]
        return o, new, (x, states, chosen, h, o)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, states, chosen, h, o = kept
        w = self.weights
        d_o = d_output + np.where(chosen, 0, d_states[-1])
        if self.output_activation == "softmax":
            d_z = o * (d_o - np.sum(d_o * o, axis=1, keepdims=True))
        else:
            d_z = d_o * ACTIVATIONS[self.output_activation][1](o)
        d_h = d_z @ w["output_kernel"].T
        if "recurrent_kernel" in w:
            d_h = d_h + d_states[0]
        d_a = d_h * self.slope(h)
        d_weights = {
            "kernel": x.T @ d_a,
            "feedback_kernel": states[-1].T @ d_a,
            "output_kernel": h.T @ d_z,
        }
        if "bias" in w:
            d_weights |= {"bias": d_a.sum(0), "output_bias": d_z.sum(0)}
        d_before = [d_a @ w["feedback_kernel"].T]
        if "recurrent_kernel" in w:
            d_weights["recurrent_kernel"] = states[0].T @ d_a
            d_before.insert(0, d_a @ w["recurrent_kernel"].T)
        d_x = d_a @ w["kernel"].T
        if self.forced:
            d_y, d_chosen = np.where(chosen, d_states[-1], 0), np.zeros((len(x), 1))
            d_x = np.concatenate([d_x, d_y, d_chosen], axis=1)
        return d_x, d_before, d_weights
