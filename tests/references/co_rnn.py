"""The reference of `cells/co_rnn.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class CoRNNReference:
    """`z_t = z + Δt (φ(x W + [y, z] U + b) − γ y − ε z)`, `y_t = y + Δt z_t`."""

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        activation: str = "tanh",
        dt: float = 0.042,
        gamma: float = 2.7,
        epsilon: float = 4.7,
    ):
        self.weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel}
        if bias is not None:
            self.weights["bias"] = bias
        self.output_size = recurrent_kernel.shape[1]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.dt, self.gamma, self.epsilon = dt, gamma, epsilon

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        y, z = states
        both = np.concatenate([y, z], axis=1)
        a = x @ self.weights["kernel"] + both @ self.weights["recurrent_kernel"]
        force = self.activation(a + self.weights.get("bias", 0))
        new_z = z + self.dt * (force - self.gamma * y - self.epsilon * z)
        new_y = y + self.dt * new_z
        return new_y, [new_y, new_z], (x, both, force)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        x, both, force = kept
        d_y = d_output + d_states[0]
        d_z = d_states[1] + self.dt * d_y
        d_a = self.dt * d_z * self.slope(force)
        of_y, of_z = np.split(d_a @ self.weights["recurrent_kernel"].T, 2, axis=1)
        d_before = [
            d_y - self.dt * self.gamma * d_z + of_y,
            d_z - self.dt * self.epsilon * d_z + of_z,
        ]
        d_weights = {"kernel": x.T @ d_a, "recurrent_kernel": both.T @ d_a}
        if "bias" in self.weights:
            d_weights["bias"] = d_a.sum(0)
        return d_a @ self.weights["kernel"].T, d_before, d_weights
