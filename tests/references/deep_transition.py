"""The reference of `cells/deep_transition.py`."""

from typing import Any

import numpy as np

from tests.references.contract import ACTIVATIONS, Array


class DeepTransitionReference:
    """Layer after layer, `φ(v K + b)`: the input's, the first of the transition, and so on."""

    def __init__(
        self,
        input_depth: int = 1,
        transition_depth: int = 2,
        output_depth: int = 1,
        skip: bool = True,
        activation: str = "tanh",
        **weights: Array,
    ):
        self.weights = weights
        self.output_size = weights["recurrent_kernel"].shape[0]
        self.activation, self.slope = ACTIVATIONS[activation]
        self.before = [f"input_{{}}_{k}" for k in range(1, input_depth)]
        self.within = [f"transition_{{}}_{k}" for k in range(2, transition_depth + 1)]
        self.behind = [f"output_{{}}_{k}" for k in range(1, output_depth)]
        self.skip = skip and transition_depth > 1

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        kept = []
        h = states[0]
        u, s = self._matrices()

        def layer(name: str, v: Array, more: Array | float = 0.0) -> Array:
            total = v @ self.weights[name.format("kernel")] + more
            made = self.activation(total + self.weights.get(name.format("bias"), 0))
            kept.append((v, made))
            return made

        v = x
        for name in self.before:
            v = layer(name, v)
        a = v @ self.weights["kernel"] + h @ u + self.weights.get("bias", 0)
        z = self.activation(a)
        kept.append((v, z))
        for name in self.within:
            last = name == self.within[-1]
            z = layer(name, z, h @ s if self.skip and last else 0.0)
        output = z
        for name in self.behind:
            output = layer(name, output)
        return output, [z], (h, kept)

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        h, layers = kept
        u, s = self._matrices()
        d_weights: dict[str, Array] = {}

        def back(name: str, d: Array) -> tuple[Array, Array]:
            """Gradients by the layer's input, and by its sum."""
            v, made = layers.pop()
            d_a = d * self.slope(made)
            d_weights[name.format("kernel")] = v.T @ d_a
            if name.format("bias") in self.weights:
                d_weights[name.format("bias")] = d_a.sum(0)
            return d_a @ self.weights[name.format("kernel")].T, d_a

        layers = list(layers)
        d = d_output
        for name in reversed(self.behind):
            d, _ = back(name, d)
        d = d + d_states[0]
        d_h, d_s = np.zeros_like(h), np.zeros_like(s)
        for name in reversed(self.within):
            d, d_a = back(name, d)
            if self.skip and name == self.within[-1]:
                d_h, d_s = d_a @ s.T, h.T @ d_a
        d, d_a = back("{}", d)
        d_h = d_h + d_a @ u.T
        d_u = h.T @ d_a
        d_weights["recurrent_kernel"] = np.concatenate([d_u, d_s], 1) if self.skip else d_u
        for name in reversed(self.before):
            d, _ = back(name, d)
        return d, [d_h], d_weights

    def _matrices(self) -> tuple[Array, Array]:
        """U and S; without a skip, S stands for nothing."""
        units = self.output_size
        kernel = self.weights["recurrent_kernel"]
        return kernel[:, :units], kernel[:, units:]
