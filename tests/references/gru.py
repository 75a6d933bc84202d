"""The reference of `cells/gru.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class GRUReference:
    """`h_t = z ⊙ h_{t-1} + (1 − z) ⊙ c`, gate by gate; the reset gate after the product or before.

    `z = σ(x W_z + h U_z + b_z + d_z)`, `r` likewise, and `c = φ(x W_c + b_c + r ⊙ (h U_c + d_c))`
    or `c = φ(x W_c + b_c + (r ⊙ h) U_c)`.
    """

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        reset_after: bool = True,
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.gate, self.gate_slope = ACTIVATIONS[recurrent_activation]
        self.reset_after = reset_after

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        w_z, w_r, w_c = np.split(self.weights["kernel"], 3, axis=1)
        u_z, u_r, u_c = np.split(self.weights["recurrent_kernel"], 3, axis=1)
        bias = self.weights.get("bias", np.zeros((2, 3 * self.output_size)))
        bias = bias if self.reset_after else np.stack([bias.ravel()[: w_z.shape[1] * 3]] * 2)
        (b_z, b_r, b_c), (d_z, d_r, d_c) = (np.split(row, 3) for row in bias)
        if not self.reset_after:
            d_z, d_r = 0, 0
        z = self.gate(x @ w_z + before @ u_z + b_z + d_z)
        r = self.gate(x @ w_r + before @ u_r + b_r + d_r)
        product = before @ u_c + d_c  # without the gate, unless it comes before
        of_state = r * product if self.reset_after else (r * before) @ u_c
        c = self.activation(x @ w_c + b_c + of_state)
        h = z * before + (1 - z) * c
        return h, [h], (x, before, z, r, c, product)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, z, r, c, product = kept
        u_z, u_r, u_c = np.split(self.weights["recurrent_kernel"], 3, axis=1)
        d_h = d_output + d_states[0]
        d_z = d_h * (before - c) * self.gate_slope(z)
        d_c = d_h * (1 - z) * self.slope(c)
        d_before = d_h * z
        if self.reset_after:
            d_r = d_c * product * self.gate_slope(r)
            d_product = d_c * r
            d_u_c = before.T @ d_product
            d_before = d_before + d_product @ u_c.T
        else:
            d_gated = d_c @ u_c.T
            d_r = d_gated * before * self.gate_slope(r)
            d_product = d_c
            d_u_c = (r * before).T @ d_c
            d_before = d_before + d_gated * r
        d_before = d_before + d_z @ u_z.T + d_r @ u_r.T
        d_a = np.concatenate([d_z, d_r, d_c], axis=1)
        d_weights = {
            "kernel": x.T @ d_a,
            "recurrent_kernel": np.concatenate([before.T @ d_z, before.T @ d_r, d_u_c], axis=1),
        }
        if "bias" in self.weights:
            of_state = np.concatenate([d_z, d_r, d_product], axis=1)
            both = np.stack([d_a.sum(0), of_state.sum(0)])
            d_weights["bias"] = both if self.reset_after else both[0]
        return d_a @ self.weights["kernel"].T, [d_before], d_weights
