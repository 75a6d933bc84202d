"""What a recurrence and its gradients are, in NumPy and float64, straight from the equations.

A cell's reference is one step and the step back through it, written out by hand; `run` and
`gradients` are the same for all: a masked step keeps the states and repeats the output, and what
comes before the first real step is zero. `tests/cells/test_reference.py` proves every reference
by finite differences, so that it can be the measure for the engine.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

Array = np.ndarray


class Reference(Protocol):
    """One cell's equation. All arrays are float64; `states` is a list of `[B, H]`."""

    weights: dict[str, Array]
    output_size: int

    def step(self, x: Array, states: list[Array]) -> tuple[Array, list[Array], Any]:
        """`x [B, E]` to (output `[B, O]`, new states, what `step_back` needs)."""
        ...

    def step_back(
        self, kept: Any, d_output: Array, d_states: list[Array]
    ) -> tuple[Array, list[Array], dict[str, Array]]:
        """Gradients of the results to those of (x, the states before, each weight)."""
        ...


@dataclasses.dataclass
class Run:
    """A recurrence that was run, batch-major."""

    outputs: Array  # [B, T, O]
    finals: list[Array]
    kept: list[Any]  # of each step, in the order that they were run in
    mask: Array  # [B, T]
    backwards: bool


def run(
    reference: Reference,
    inputs: Array,
    initial: Sequence[Array],
    mask: Array | None = None,
    *,
    go_backwards: bool = False,
) -> Run:
    """`inputs [B, T, E]` and initial states through `reference`."""
    rows, length = inputs.shape[:2]
    mask = np.ones((rows, length), bool) if mask is None else np.asarray(mask, bool)
    inputs = np.asarray(inputs, "float64")
    states = [np.asarray(state, "float64") for state in initial]
    output = np.zeros((rows, reference.output_size))
    outputs, kept = [], []
    for t in range(length)[:: -1 if go_backwards else 1]:
        real = mask[:, t, None]
        new_output, new_states, keep = reference.step(inputs[:, t], states)
        output = np.where(real, new_output, output)
        states = [np.where(real, new, old) for new, old in zip(new_states, states, strict=True)]
        outputs.append(output)
        kept.append(keep)
    return Run(np.stack(outputs, 1), states, kept, mask, go_backwards)


def gradients(
    reference: Reference, done: Run, d_outputs: Array, d_finals: Sequence[Array]
) -> tuple[Array, list[Array], dict[str, Array]]:
    """Backpropagation through time: gradients of (inputs, initial states, each weight).

    `d_outputs [B, T, O]` and `d_finals` are the gradients of a loss by what `run` returned.
    """
    mask = done.mask[:, ::-1] if done.backwards else done.mask
    d_states = [np.asarray(d_final, "float64") for d_final in d_finals]
    d_output = np.zeros_like(d_outputs[:, 0], "float64")
    d_inputs: list[Array] = []
    d_weights = {name: np.zeros_like(weight) for name, weight in reference.weights.items()}
    for t in reversed(range(len(done.kept))):
        real = mask[:, t, None]
        d_output = d_output + d_outputs[:, t]
        d_x, d_before, d_step = reference.step_back(
            done.kept[t], np.where(real, d_output, 0), [np.where(real, d, 0) for d in d_states]
        )
        d_inputs.insert(0, d_x)
        d_states = [np.where(real, new, old) for new, old in zip(d_before, d_states, strict=True)]
        d_output = np.where(real, 0, d_output)
        for name, d_weight in d_step.items():
            d_weights[name] = d_weights[name] + d_weight
    if done.backwards:
        d_inputs.reverse()
    return np.stack(d_inputs, 1), d_states, d_weights


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


# φ, and φ' written in terms of φ's value.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "sigmoid": (sigmoid, lambda h: h * (1 - h)),
    "relu": (lambda a: np.maximum(a, 0), lambda h: (h > 0).astype(h.dtype)),
    "linear": (lambda a: a, np.ones_like),
}
