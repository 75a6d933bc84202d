"""The reference of `cells/fast_grnn.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array

sigmoid, slope_of_sigmoid = ACTIVATIONS["sigmoid"]


class FastGRNNReference:
    """`a = x W + h U`, `z = σ(a + b_z)`, `c = φ(a + b_c)`, `h = (ζ' (1 − z) + ν') ⊙ c + z ⊙ h`.

    ζ' and ν' are the sigmoids of ζ and ν.
    """

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        zeta: Array,
        nu: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ):
        self.weights = {
            "kernel": kernel,
            "recurrent_kernel": recurrent_kernel,
            "zeta": zeta,
            "nu": nu,
        }
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = len(recurrent_kernel)
        self.activation, self.slope = ACTIVATIONS[activation]
        self.gate, self.slope_of_gate = ACTIVATIONS[recurrent_activation]

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        a = x @ self.weights["kernel"] + before @ self.weights["recurrent_kernel"]
        of_gate, of_candidate = np.split(self.weights.get("bias", np.zeros(2 * a.shape[1])), 2)
        z, c = self.gate(a + of_gate), self.activation(a + of_candidate)
        zeta, nu = sigmoid(self.weights["zeta"]), sigmoid(self.weights["nu"])
        h = (zeta * (1 - z) + nu) * c + z * before
        return h, [h], (x, before, z, c)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, z, c = kept
        d_h = d_output + d_states[0]
        zeta, nu = sigmoid(self.weights["zeta"]), sigmoid(self.weights["nu"])
        d_gate = d_h * (before - zeta * c) * self.slope_of_gate(z)
        d_candidate = d_h * (zeta * (1 - z) + nu) * self.slope(c)
        d_a = d_gate + d_candidate
        d_weights = {
            "kernel": x.T @ d_a,
            "recurrent_kernel": before.T @ d_a,
            "zeta": (d_h * (1 - z) * c).sum() * slope_of_sigmoid(zeta),
            "nu": (d_h * c).sum() * slope_of_sigmoid(nu),
        }
        if "bias" in self.weights:
            d_weights["bias"] = np.concatenate([d_gate.sum(0), d_candidate.sum(0)])
        d_before = d_h * z + d_a @ self.weights["recurrent_kernel"].T
        return d_a @ self.weights["kernel"].T, [d_before], d_weights
