"""Runs a model with its recurrent layers unfolded, and keeps what each step had and got back.

While it lasts, Keras's hook `RNN.inner_loop` of each recurrent layer is one that calls the cell
step by step. On the way back it takes the gradients that reach the layer through all its steps,
and keeps them. Nothing else of the model is touched, so that whatever stands around the layers is
differentiated as in training.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree
from keras.src.backend import AutocastScope

from keras_rnn_kit.errors import KitError


@dataclasses.dataclass
class UnfoldedSteps:
    """One call of one recurrent layer, step by step in the order in which it reads."""

    layer: Any
    name: str
    step: "Step"
    inputs: list[Any]  # T tensors [B, E]
    real: np.ndarray  # [B, T], false where a step is masked
    states: list[list[Any]]  # T + 1 times one [B, H] for each state: before the steps, and at last
    gradients: list[list[Any]]  # T times one [B, H] for each state: ∂L/∂ of it after the step

    @property
    def distances(self) -> np.ndarray:
        """How many real steps of its row come after a step, `[B, T]`."""
        return self.real[:, ::-1].cumsum(1)[:, ::-1] - self.real

    @property
    def places(self) -> np.ndarray:
        """How many real steps of its row come before a step, `[B, T]`."""
        return self.real.cumsum(1) - self.real


class Step:
    """One step of a layer's cell, or cells, forward and backward, each traced once.

    Half precision is widened to single here: what is measured should be the network's, and not
    the rounding's.
    """

    def __init__(self, layer: Any):
        cell = layer.cell
        self.cells = list(cell.cells) if hasattr(cell, "cells") else [cell]
        self.counts = [len(tree.flatten(each.state_size)) for each in self.cells]
        last = self.cells[-1]
        self.output_size = getattr(last, "output_size", None) or tree.flatten(last.state_size)[0]
        narrow = getattr(self.cells[0], "compute_dtype", layer.compute_dtype)
        self.dtype = "float32" if narrow in ("float16", "bfloat16") else narrow
        self.forward = tf.function(self._forward, reduce_retracing=True)
        self.backward = tf.function(self._backward, reduce_retracing=True)

    def _apply(self, x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`(output, new states)` as the cells have it."""
        left, new = iter(states), []
        for cell, count in zip(self.cells, self.counts, strict=True):
            own = [next(left) for _ in range(count)]
            training = {"training": False} if getattr(cell, "_call_has_training_arg", 0) else {}
            with AutocastScope(self.dtype if getattr(cell, "autocast", True) else None):
                x, after = cell.call(x, own, **training)
            new.extend(tree.flatten(after))
        return x, new

    def _forward(self, x: Any, states: list[Any], output: Any, real: Any) -> tuple[Any, list[Any]]:
        """The step where `real [B, 1]`; elsewhere output and states stay as they are."""
        new_output, new = self._apply(x, states)
        pairs = zip(new, states, strict=True)
        return tf.where(real, new_output, output), [tf.where(real, n, s) for n, s in pairs]

    def _backward(
        self, x: Any, states: list[Any], real: Any, d_output: Any, d_new: list[Any]
    ) -> tuple[Any, list[Any], list[Any]]:
        """Gradients by (x, the states before, the states after as all that is made of them).

        Where a step is masked, nothing goes through it, and what came back for the states after it
        is what goes back for those before.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([x, *states])
            output, new = self._apply(x, states)
        zero = tf.UnconnectedGradients.ZERO
        arriving = [tf.where(real, d, 0) for d in (d_output, *d_new)]
        d_x, *d = tape.gradient(
            [output, *new], [x, *states, *new], arriving, unconnected_gradients=zero
        )
        pairs = zip(d[: len(states)], d_new, strict=True)
        return d_x, [tf.where(real, b, d) for b, d in pairs], d[len(states) :]


def unfold(
    model: keras.Model, loss: Callable[[], Any], layers: list[Any]
) -> tuple[float, list[UnfoldedSteps]]:
    """Evaluates `loss()`, which calls the model, and gives its value and each layer's steps."""
    found: list[UnfoldedSteps] = []
    anchor = tf.zeros([])
    with _unchanged(model, layers), contextlib.ExitStack() as stack:
        tape = stack.enter_context(tf.GradientTape(watch_accessed_variables=False))
        tape.watch(anchor)
        for layer in layers:
            stack.enter_context(_hooked(layer, tape, anchor, found))
        value = loss()
        for layer in layers:
            if all(steps.layer is not layer for steps in found):
                raise _not_seen(layer)
        tape.gradient(value, anchor)
    return float(value), found


@contextlib.contextmanager
def _unchanged(model: keras.Model, layers: list[Any]) -> Iterator[None]:
    """Gives back what a call moves: carried states, counters, metrics."""
    carried = [state for layer in layers for state in tree.flatten(layer.states or [])]
    kept = [*model.non_trainable_variables, *model.metrics_variables, *carried]
    values = [tf.identity(variable.value) for variable in kept]
    try:
        yield
    finally:
        for variable, value in zip(kept, values, strict=True):
            variable.assign(value)


@contextlib.contextmanager
def _hooked(layer: Any, tape: Any, anchor: Any, found: list[UnfoldedSteps]) -> Iterator[None]:
    """The layer's `inner_loop` is ours; its dictionary is written, which Keras doesn't track."""
    step = Step(layer)

    def inner_loop(
        sequences: Any, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Any, Any, Any]:
        _check(layer, sequences, initial_state)
        calls = sum(each.layer is layer for each in found)
        name = (layer.path or layer.name) + (f" (call {calls + 1})" if calls else "")
        with tape.stop_recording():
            steps, outputs = _run(layer, name, step, sequences, initial_state, mask)
        found.append(steps)
        return _differentiable(steps, outputs, anchor, sequences, initial_state)

    vars(layer)["inner_loop"] = inner_loop
    try:
        yield
    finally:
        del vars(layer)["inner_loop"]


def _not_seen(layer: Any) -> KitError:
    return KitError(
        "gradient_flow looks at values, so the model's call has to reach every recurrent layer, "
        f"and eagerly; received {layer.name!r}, which is not called or runs inside a graph. Look "
        "at a model that calls it directly."
    )


def _check(layer: Any, sequences: Any, initial_state: Any) -> None:
    if not tf.executing_eagerly():
        raise _not_seen(layer)
    ranks = [len(each.shape) for each in tree.flatten(initial_state)]
    if len(sequences.shape) != 3 or set(ranks) != {2} or not all(sequences.shape[:2]):
        raise KitError(
            "gradient_flow needs sequences [B, T, E] of one row and one step at least, and states "
            f"[B, H]; received {tuple(sequences.shape)} and states of {ranks} axes in the layer "
            f"{layer.name!r}. Pass another batch, or another model."
        )


def _run(
    layer: Any, name: str, step: Step, sequences: Any, initial_state: Any, mask: Any
) -> tuple[UnfoldedSteps, list[Any]]:
    """The steps without gradients yet, and the output of each."""
    rows, length = sequences.shape[:2]
    inputs = tf.unstack(tf.cast(sequences, step.dtype), axis=1)
    real = np.ones((rows, length), bool)
    if mask is not None:
        real = np.reshape(np.asarray(mask, bool), (rows, length))
    if layer.go_backwards:
        inputs, real = inputs[::-1], real[:, ::-1]
    states = [[tf.cast(state, step.dtype) for state in tree.flatten(initial_state)]]
    output, outputs = tf.zeros((rows, step.output_size), step.dtype), []
    for t in range(length):
        output, new = step.forward(inputs[t], states[-1], output, tf.constant(real[:, t, None]))
        outputs.append(output)
        states.append(new)
    if layer.zero_output_for_mask:
        outputs = [tf.where(real[:, t, None], each, 0) for t, each in enumerate(outputs)]
    nothing = [[tf.zeros_like(state) for state in states[0]] for _ in range(length)]
    return UnfoldedSteps(layer, name, step, inputs, real, states, nothing), outputs


def _differentiable(
    steps: UnfoldedSteps, outputs: list[Any], anchor: Any, sequences: Any, initial_state: Any
) -> tuple[Any, Any, Any]:
    """What `inner_loop` returns, with a gradient that goes back step by step."""
    layer, given = steps.layer, tree.flatten(initial_state)
    chosen = tf.stack(outputs if layer.return_sequences else outputs[-1:], axis=1)

    @tf.custom_gradient
    def results(anchor: Any, sequences: Any, *states: Any) -> Any:
        def back(*d_results: Any) -> tuple[Any, ...]:
            d_last, d_chosen, *d_finals = (tf.cast(d, steps.step.dtype) for d in d_results)
            d_outputs = [tf.zeros_like(output) for output in outputs]
            if layer.return_sequences:
                d_outputs = tf.unstack(d_chosen, axis=1)
            else:
                d_last = d_last + d_chosen[:, 0]
            d_outputs[-1] = d_outputs[-1] + d_last
            d_inputs, d_initial = _go_back(steps, d_outputs, d_finals)
            d_sequences = tf.cast(tf.stack(d_inputs, axis=1), sequences.dtype)
            d_states = [tf.cast(d, s.dtype) for d, s in zip(d_initial, states, strict=True)]
            return (tf.zeros_like(anchor), d_sequences, *d_states)

        found = (outputs[-1], chosen, *steps.states[-1])
        return tuple(tf.cast(value, layer.compute_dtype) for value in found), back

    last, all_outputs, *finals = results(anchor, sequences, *given)
    return last, all_outputs, tree.pack_sequence_as(initial_state, finals)


def _go_back(
    steps: UnfoldedSteps, d_outputs: list[Any], d_finals: list[Any]
) -> tuple[list[Any], list[Any]]:
    """Backpropagation through time: keeps ∂L/∂h_t, and gives those of inputs and first states."""
    d_inputs, d_states = [], d_finals
    for t, d_output in reversed(list(enumerate(_of_real_outputs(steps, d_outputs)))):
        d_x, d_states, steps.gradients[t] = steps.step.backward(
            steps.inputs[t], steps.states[t], steps.real[:, t, None], d_output, d_states
        )
        d_inputs.append(d_x)
    # Collected from the last step read to the first.
    return (d_inputs if steps.layer.go_backwards else d_inputs[::-1]), d_states


def _of_real_outputs(steps: UnfoldedSteps, d_outputs: list[Any]) -> list[Any]:
    """The gradients with what a masked step has added to those of the real step it repeats."""
    if steps.real.all() or steps.layer.zero_output_for_mask:
        return d_outputs
    gathered = list(d_outputs)
    for t in reversed(range(1, len(gathered))):
        real = steps.real[:, t, None]
        gathered[t - 1] = gathered[t - 1] + tf.where(real, 0, gathered[t])
    return gathered
