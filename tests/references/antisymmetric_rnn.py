"""The reference of `cells/antisymmetric_rnn.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class AntisymmetricRNNReference:
    """`h_t = h_{t-1} + ε z_t ⊙ φ(x_t W + h_{t-1} (U − Uᵀ − γ I) + b)`, z being 1 or a gate."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        gated: bool = False,
        step_size: float = 0.1,
        diffusion: float = 0.01,
        activation: str = "tanh",
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = len(recurrent_kernel)
        self.gated, self.step_size, self.diffusion = gated, step_size, diffusion
        self.activation, self.slope = ACTIVATIONS[activation]

    @property
    def matrix(self) -> Array:
        u = self.weights["recurrent_kernel"]
        return u - u.T - self.diffusion * np.eye(len(u))

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        before = states[0]
        projected = x @ self.weights["kernel"] + self.weights.get("bias", 0)
        product = before @ self.matrix
        z = np.ones_like(before)
        if self.gated:
            of_gate, projected = np.split(projected, 2, axis=1)
            z = ACTIVATIONS["sigmoid"][0](of_gate + product)
        c = self.activation(projected + product)
        h = before + self.step_size * z * c
        return h, [h], (x, before, z, c)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, before, z, c = kept
        d_h = d_output + d_states[0]
        d_projected = d_product = self.step_size * d_h * z * self.slope(c)
        if self.gated:
            d_gate = self.step_size * d_h * c * ACTIVATIONS["sigmoid"][1](z)
            d_projected = np.concatenate([d_gate, d_projected], axis=1)
            d_product = d_product + d_gate
        d_matrix = before.T @ d_product
        d_weights = {"kernel": x.T @ d_projected, "recurrent_kernel": d_matrix - d_matrix.T}
        if "bias" in self.weights:
            d_weights["bias"] = d_projected.sum(0)
        d_before = d_h + d_product @ self.matrix.T
        return d_projected @ self.weights["kernel"].T, [d_before], d_weights
