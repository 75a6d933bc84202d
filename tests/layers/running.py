"""Runs a layer forward and backward in each way that it can be called, for the tests of layers."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.references.contract import Reference, gradients, run

Results = dict[str, np.ndarray]

# Called eagerly, the engine's loops are compiled for the very shape. In a graph they are compiled
# in training (from 8 rows on as two halves, and padded where a size is unknown), and plain else.
WAYS = {
    "eager": {"graph": False, "static": True, "training": True},
    "compiled": {"graph": True, "static": True, "training": True},
    "compiled, unknown sizes": {"graph": True, "static": False, "training": True},
    "plain": {"graph": True, "static": True, "training": False},
    "plain, unknown sizes": {"graph": True, "static": False, "training": False},
}


@dataclasses.dataclass
class Problem:
    """Inputs, and the gradients that are to flow back from what a layer returns."""

    inputs: np.ndarray  # [B, T, E]
    initial: list[np.ndarray]  # [B, H] each
    mask: np.ndarray | None  # [B, T]
    d_outputs: np.ndarray  # [B, T, O]
    d_finals: list[np.ndarray]


def problem(
    cell: Any, rows: int, length: int, features: int, *, masked: bool, seed: int = 0
) -> Problem:
    """A random problem for `cell`; with `masked`, the rows go through every kind of mask."""
    rng = np.random.default_rng([seed, rows, length])
    sizes = tf.nest.flatten(cell.state_size)
    return Problem(
        rng.normal(size=(rows, length, features)),
        [rng.normal(size=(rows, size)) for size in sizes],
        every_mask(rows, length) if masked else None,
        rng.normal(size=(rows, length, cell.output_size)),
        [rng.normal(size=(rows, size)) for size in sizes],
    )


def every_mask(rows: int, length: int) -> np.ndarray:
    """[B, T]: masked at the right, left, in the middle, all over, at both ends, at odd steps."""
    t = np.arange(length)
    kinds = [
        t < (length + 1) // 2,
        t >= length // 2,
        (t < length // 3) | (t > length // 2),
        np.zeros(length, bool),
        (t > 0) & (t < length - 1),
        np.ones(length, bool),
        t % 2 == 0,
        t == length - 1,
    ]
    return np.stack([kinds[row % len(kinds)] for row in range(rows)])


class Differentiated:
    """A layer with `return_sequences` and `return_state`, called in one of the `WAYS`.

    A call returns the outputs, the final states, and the gradients of the inputs, the initial
    states and each weight by name. Where `static` is false, all sizes go through one trace.
    """

    def __init__(self, layer: Any, *, graph: bool, static: bool, training: bool):
        assert layer.return_sequences
        assert layer.return_state
        self.layer, self.training = layer, training
        self.graph, self.static = graph, static
        self.functions: dict[bool, Any] = {}  # with a mask, and without

    def __call__(self, given: Problem) -> Results:
        dtype = self.layer.input_dtype
        as_tensor = [
            tf.nest.map_structure(lambda a: tf.constant(a, dtype), part)
            for part in (given.inputs, given.initial, given.d_outputs, given.d_finals)
        ]
        masks = [] if given.mask is None else [tf.constant(given.mask)]
        if not self.layer.built:
            self.layer.build((None, None, given.inputs.shape[-1]))
        nest = (*as_tensor, masks)
        results = self._function(nest)(*tf.nest.flatten(nest))
        return {
            name: np.asarray(tf.convert_to_tensor(value), "float64")
            for name, value in results.items()
        }

    def _function(self, nest: tuple[list[Any], ...]) -> Any:
        def function(*flat: Any) -> dict[str, Any]:
            return self._results(*tf.nest.pack_sequence_as(nest, flat))

        if not self.graph:
            return function
        masked = bool(nest[-1])
        if masked not in self.functions:
            signature = None if self.static else [_unsized(t) for t in tf.nest.flatten(nest)]
            traced = tf.function(function, input_signature=signature, autograph=False)
            self.functions[masked] = traced
        return self.functions[masked]

    def _results(
        self,
        inputs: Any,
        initial: list[Any],
        d_outputs: Any,
        d_finals: list[Any],
        masks: list[Any],
    ) -> dict[str, Any]:
        weights = {weight.name: weight._value for weight in self.layer.trainable_weights}
        arguments = {"initial_state": initial, "training": self.training}
        if masks:
            arguments["mask"] = masks[0]
        with tf.GradientTape() as tape:
            tape.watch([inputs, initial])
            outputs, *finals = self.layer(inputs, **arguments)
        d_results = [d_outputs, *d_finals]
        d_results = [tf.cast(d, outputs.dtype) for d in d_results]
        d_inputs, d_initial, d_weights = tape.gradient(
            [outputs, *finals], [inputs, initial, weights], d_results
        )
        return _named(outputs, finals, d_inputs, d_initial, d_weights)


def by_reference(reference: Reference, given: Problem, *, go_backwards: bool = False) -> Results:
    """The same results from the NumPy reference."""
    done = run(reference, given.inputs, given.initial, given.mask, go_backwards=go_backwards)
    d_inputs, d_initial, d_weights = gradients(reference, done, given.d_outputs, given.d_finals)
    return _named(done.outputs, done.finals, d_inputs, d_initial, d_weights)


def _named(
    outputs: Any, finals: list[Any], d_inputs: Any, d_initial: list[Any], d_weights: dict[str, Any]
) -> dict[str, Any]:
    return {
        "outputs": outputs,
        **{f"final state {k}": final for k, final in enumerate(finals)},
        "gradient of inputs": d_inputs,
        **{f"gradient of initial state {k}": d for k, d in enumerate(d_initial)},
        **{f"gradient of {name}": d for name, d in d_weights.items()},
    }


def assert_same(got: Results, wanted: Results, tolerance: float) -> None:
    """All of them, to an absolute `tolerance`; a failure says which differ."""
    assert got.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(
            got[name], wanted[name], rtol=0, atol=tolerance, err_msg=name, strict=True
        )


def twin(layer: keras.layers.RNN, kind: type[keras.layers.RNN]) -> keras.layers.RNN:
    """A stock `kind` (`keras.layers.RNN`, `keras.layers.SimpleRNN`) with `layer`'s weights.

    Around a cell of its own for a named layer, around the very same cell for `RNN`.
    """
    config = layer.get_config()
    if "cell" in config:
        config.pop("cell")
        return kind(layer.cell, **config)
    config.pop("seed", None)
    other = kind.from_config(config)
    if layer.built:
        other.build((None, None, layer.cell.kernel.shape[0]))
        other.set_weights(layer.get_weights())
    return other


def _unsized(tensor: tf.Tensor) -> tf.TensorSpec:
    width = [] if tensor.dtype == tf.bool else [tensor.shape[-1]]
    return tf.TensorSpec([None] * (tensor.shape.rank - len(width)) + width, tensor.dtype)
