"""The engine: runs a projected cell over time, with backpropagation through time written out.

Forward, the loop holds one matrix product a step and keeps what the way back needs. Backward, the
loop carries only the gradients of the states; the gradient of the recurrent matrix is a single
product over all steps afterwards, and that of the kernel and bias comes from the projection, which
was one product to begin with (Zhang et al., "Dive into Deep Learning", "Backpropagation Through
Time").

In training the two loops are compiled by XLA, apart from the rest of the train step: XLA around
the whole step is slower on a CPU. The batch is run as two halves, each a compiled loop of its own,
so that two cores work without waiting for each other at every step. Elsewhere (inference inside a
graph, which may be on its way into a SavedModel) the same loops run as plain TensorFlow.

Everything here is time-major: `[T, B, ...]`.
"""

import dataclasses
import functools
import os
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_rnn_kit.cells.contract import ProjectedCell

_SMALLEST_SPLIT = 8  # rows; below it, two halves cost more than they bring


def run(
    cell: ProjectedCell,
    projected: tf.Tensor,
    initial_states: Sequence[tf.Tensor],
    *,
    state_mask: tf.Tensor | None = None,
    step_mask: tf.Tensor | None = None,
    compiled: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs `cell` over `projected [T, B, G]` and returns `(outputs [T, B, O], final states)`.

    `state_mask [B, H]` multiplies the first state before the recurrent product (recurrent
    dropout). Where `step_mask [T, B]` is false the states stay as they are and the output repeats
    the one before; before the first true step it is zero, as in Keras. `compiled=True` has XLA
    compile the loops.
    """
    matrix = cell.recurrent_matrix()
    matrix = None if matrix is None else tf.convert_to_tensor(matrix)
    plan = _plan_of(cell, projected, initial_states, matrix)
    loops = _Loops.of(cell, plan, compiled)
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[1]
    given = _Given(projected, list(initial_states), matrix, state_mask, step_mask)
    if compiled and None in projected.shape[:2]:
        given = _on_rungs(given)
    static = given.projected.shape[1]
    split = compiled and not tf.executing_eagerly() and _cores() > 1
    if split and (static is None or static >= _SMALLEST_SPLIT):
        half = (tf.shape(given.projected)[1] if static is None else static) // 2
        parts = [given.rows(slice(None, half)), given.rows(slice(half, None))]
    else:
        parts = [given]
    results = [_run_part(loops, plan, steps, part) for part in parts]
    outputs = tf.concat([part[0] for part in results], axis=1)
    finals = [tf.concat(pair, axis=0) for pair in zip(*(part[1] for part in results), strict=True)]
    return outputs[:steps, :batch], [final[:batch] for final in finals]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclasses.dataclass(frozen=True)
class _Given:
    """What a recurrence starts from."""

    projected: tf.Tensor  # [T, B, G]
    states: list[tf.Tensor]  # [B, H] each
    matrix: tf.Tensor | None  # [H, G]
    state_mask: tf.Tensor | None  # [B, H]
    step_mask: tf.Tensor | None  # [T, B]

    def rows(self, rows: slice) -> "_Given":
        """The same for some rows of the batch."""
        return _Given(
            self.projected[:, rows],
            [state[rows] for state in self.states],
            self.matrix,
            None if self.state_mask is None else self.state_mask[rows],
            None if self.step_mask is None else self.step_mask[:, rows],
        )


def _on_rungs(given: _Given) -> _Given:
    """Pads time and batch, where a size is not known beforehand, to one of a few sizes.

    XLA compiles a loop for each shape that it meets. Time goes up to a power of two: the loop still
    stops at the true length, so that only memory is padded. Rows are computed, so the batch goes to
    a multiple of a quarter of the power of two below it, and to an even number, for two halves of
    one shape. Lengths up to T and batches up to B then cost at most about `log2 T · 4 log2 B`
    compilations, whatever comes.
    """
    length, batch = tf.unstack(tf.shape(given.projected)[:2])
    more_steps, more_rows = 0, 0
    if given.projected.shape[0] is None:
        more_steps = _power_of_two(2 * length - 1) - length
    if given.projected.shape[1] is None:
        more_rows = -batch % tf.maximum(_power_of_two(batch) // 4, 2)

    def padded(tensor: tf.Tensor | None, *more: Any) -> tf.Tensor | None:
        if tensor is None:
            return None
        rank = tensor.shape.rank
        return tf.pad(tensor, [[0, n] for n in more] + [[0, 0]] * (rank - len(more)))

    return _Given(
        padded(given.projected, more_steps, more_rows),
        [padded(state, more_rows) for state in given.states],
        given.matrix,
        padded(given.state_mask, more_rows),
        padded(given.step_mask, more_steps, more_rows),
    )


def _power_of_two(number: tf.Tensor) -> tf.Tensor:
    """The largest power of two that is not above `number >= 1`."""
    powers = 2 ** tf.range(31)
    return tf.reduce_max(tf.where(powers <= number, powers, 1))


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What one look at `cell.update` tells before any loop is laid out."""

    output_is_state: bool  # the output is the first state: kept once
    additive: bool  # ∂/∂projected = ∂/∂recurrent: kept once
    weights: list[Any]  # the cell's Keras variables that `update` reads
    graph: bytes  # what `update` does; cells with the same can share compiled loops


_plans: "weakref.WeakKeyDictionary[ProjectedCell, dict[Any, _Plan]]" = weakref.WeakKeyDictionary()


def _plan_of(
    cell: ProjectedCell,
    projected: tf.Tensor,
    states: Sequence[tf.Tensor],
    matrix: tf.Tensor | None,
) -> _Plan:
    tensors = [projected, *states, *([] if matrix is None else [matrix])]
    key = tuple((tensor.shape[-1], tensor.dtype) for tensor in tensors)
    plans = _plans.setdefault(cell, {})
    if key not in plans:
        plans[key] = _look_at(cell, projected, states, matrix)
    return plans[key]


def _look_at(
    cell: ProjectedCell,
    projected: tf.Tensor,
    states: Sequence[tf.Tensor],
    matrix: tf.Tensor | None,
) -> _Plan:
    found: dict[str, bool] = {}

    def look(projected: tf.Tensor, recurrent: tf.Tensor | None, states: list[tf.Tensor]) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([projected, recurrent] if recurrent is not None else [projected])
            output, new_states = cell.update(projected, recurrent, states)
            targets = [output, *new_states]
        found["output_is_state"] = output is new_states[0]
        if recurrent is not None:
            # Shapes are static here, so that a plain sum hands the very same tensor to both.
            both = tape.gradient(targets, [projected, recurrent])
            found["additive"] = both[0] is not None and both[0] is both[1]
        return targets

    rows = 2  # any number, only static
    traced = tf.function(look, autograph=False).get_concrete_function(
        tf.TensorSpec([rows, projected.shape[-1]], projected.dtype),
        None if matrix is None else tf.TensorSpec([rows, matrix.shape[-1]], matrix.dtype),
        [tf.TensorSpec([rows, state.shape[-1]], state.dtype) for state in states],
    )
    read = {variable.ref() for variable in traced.variables}
    return _Plan(
        output_is_state=found["output_is_state"],
        additive=found.get("additive", False),
        weights=[weight for weight in cell.variables if weight._value.ref() in read],
        graph=traced.graph.as_graph_def().SerializeToString(deterministic=True),
    )


def _run_part(
    loops: "_Loops", plan: _Plan, steps: tf.Tensor, given: _Given
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    count = len(given.states)

    @tf.custom_gradient
    def through_time(*inputs: tf.Tensor) -> Any:
        (projected, *states), weights = inputs[: 1 + count], list(inputs[1 + count :])
        matrix = None if given.matrix is None else weights.pop()
        now = (steps, projected, states, matrix, given.state_mask, given.step_mask, weights)
        # The gradient is ours to give, so no tape has to look into the forward loop.
        outputs, finals, kept = loops.forward(*tf.nest.map_structure(_unwatched, now))

        def backpropagate(d_outputs: tf.Tensor, *d_finals: tf.Tensor) -> list[Any]:
            d_projected, d_recurrent, d_states, d_weights = loops.backward(
                *now, kept, d_outputs, list(d_finals)
            )
            if matrix is None:
                return [d_projected, *d_states, *d_weights]
            d_recurrent = d_projected if d_recurrent is None else d_recurrent
            d_matrix = _matrix_gradient(states[0], kept.states[0], given.state_mask, d_recurrent)
            return [d_projected, *d_states, *d_weights, d_matrix]

        return (outputs, *finals), backpropagate

    weights = [tf.convert_to_tensor(weight._value) for weight in plan.weights]
    matrix = [] if given.matrix is None else [given.matrix]
    outputs, *finals = through_time(given.projected, *given.states, *weights, *matrix)
    return outputs, finals


def _unwatched(value: Any) -> Any:
    return tf.stop_gradient(value) if tf.is_tensor(value) else value


def _matrix_gradient(
    initial: tf.Tensor, history: tf.Tensor, state_mask: tf.Tensor | None, d_recurrent: tf.Tensor
) -> tf.Tensor:
    """`Σ_t h_{t-1}ᵀ d_t` as one product over all steps, `[H, G]`."""
    before = history[:-1]
    if state_mask is not None:
        initial, before = initial * state_mask, before * state_mask
    rows = tf.reshape(before, [-1, before.shape[-1]])
    d_rows = tf.reshape(d_recurrent[1:], [-1, d_recurrent.shape[-1]])
    first = tf.matmul(initial, d_recurrent[0], transpose_a=True)
    return tf.matmul(rows, d_rows, transpose_a=True) + first


@dataclasses.dataclass
class _Kept:
    """What the forward loop keeps for the way back: `[T, B, ...]` each."""

    states: list[tf.Tensor]  # after each step
    recurrents: tf.Tensor | None  # h_{t-1} U; computing it anew would cost a fifth


class _Loops:
    """The two loops of one cell, plain or compiled.

    Compiled loops are shared by all cells whose update is the same graph: the two directions of a
    `Bidirectional`, the layers of a stack. Weights are arguments, never captured.
    """

    def __init__(self, cell: ProjectedCell, plan: _Plan, compiled: bool):
        self._cell = weakref.ref(cell)  # the loops must not keep alive what keeps them
        self._plan = plan
        self._forward_loop: Callable[..., Any] = self._forward
        self._backward_loop: Callable[..., Any] = self._backward
        if compiled:
            compile = functools.partial(tf.function, jit_compile=True, autograph=False)
            self._forward_loop = compile(self._forward)
            self._backward_loop = compile(self._backward)

    @classmethod
    def of(cls, cell: ProjectedCell, plan: _Plan, compiled: bool) -> "_Loops":
        if not compiled:
            return cls(cell, plan, compiled=False)
        loops = _compiled_loops.get(plan.graph)
        if loops is None:
            loops = _compiled_loops[plan.graph] = cls(cell, plan, compiled=True)
        # A new shape is traced with the cell that brings it: the first one may be gone.
        loops._cell, loops._plan = weakref.ref(cell), plan
        _loops_of_cell.setdefault(cell, {})[plan.graph] = loops
        return loops

    def forward(self, *given: Any) -> tuple[tf.Tensor, list[tf.Tensor], _Kept]:
        outputs, finals, histories, recurrents = self._forward_loop(*given)
        return outputs, finals, _Kept(histories, recurrents)

    def backward(self, *given: Any) -> tuple[Any, Any, list[Any], list[Any]]:
        *start, kept, d_outputs, d_finals = given
        return self._backward_loop(*start, kept.states, kept.recurrents, d_outputs, d_finals)

    def _living_cell(self) -> ProjectedCell:
        cell = self._cell()
        assert cell is not None, "loops run on behalf of a cell"
        return cell

    def _update(
        self, weights: list[tf.Tensor], projected: Any, recurrent: Any, states: Any
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """`cell.update`, with the weights that it reads given from outside."""
        cell = self._living_cell()
        if not weights:
            output, new_states = cell.update(projected, recurrent, list(states))
        else:
            pairs = list(zip(self._plan.weights, weights, strict=True))
            with keras.StatelessScope(state_mapping=pairs):
                output, new_states = cell.update(projected, recurrent, list(states))
        return output, list(new_states)

    def _forward(
        self,
        steps: tf.Tensor,
        projected: tf.Tensor,  # [T, B, G]
        initial_states: list[tf.Tensor],
        matrix: tf.Tensor | None,
        state_mask: tf.Tensor | None,
        step_mask: tf.Tensor | None,
        weights: list[tf.Tensor],
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor], tf.Tensor | None]:
        length = tf.shape(projected)[0]
        batch = tf.shape(projected)[1]
        array = functools.partial(tf.TensorArray, size=length)

        def step(t: tf.Tensor, states: list, output: tf.Tensor, arrays: list) -> Any:
            states_array, output_array, recurrent_array = arrays
            recurrent = None
            if matrix is not None:
                state = states[0] if state_mask is None else states[0] * state_mask
                recurrent = tf.matmul(state, matrix)
                recurrent_array = recurrent_array.write(t, recurrent)
            new_output, new_states = self._update(weights, projected[t], recurrent, states)
            if step_mask is not None:
                real = step_mask[t][:, None]
                new_states = [
                    tf.where(real, new, old) for new, old in zip(new_states, states, strict=True)
                ]
            states_array = [
                array.write(t, new) for array, new in zip(states_array, new_states, strict=True)
            ]
            if not self._plan.output_is_state:
                if step_mask is not None:
                    new_output = tf.where(real, new_output, output)
                output_array = output_array.write(t, new_output)
                output = new_output
            return t + 1, new_states, output, [states_array, output_array, recurrent_array]

        dtype = projected.dtype
        width = 0 if self._plan.output_is_state else self._living_cell().output_size
        initial = list(initial_states)
        arrays = [
            [array(state.dtype, element_shape=state.shape) for state in initial],
            array(dtype, element_shape=[projected.shape[1], width]),
            array(
                dtype,
                element_shape=[projected.shape[1], None if matrix is None else matrix.shape[1]],
            ),
        ]
        _, finals, _, arrays = tf.while_loop(
            lambda t, *_: t < steps,
            step,
            (0, initial, tf.zeros([batch, width], dtype), arrays),
            maximum_iterations=length,
        )
        histories = [array.stack() for array in arrays[0]]
        recurrents = None if matrix is None else arrays[2].stack()
        if not self._plan.output_is_state:
            return arrays[1].stack(), finals, histories, recurrents
        outputs = histories[0]
        if step_mask is not None:
            outputs = tf.where(_seen(step_mask), outputs, tf.zeros([], outputs.dtype))
        return outputs, finals, histories, recurrents

    def _backward(
        self,
        steps: tf.Tensor,
        projected: tf.Tensor,
        initial_states: list[tf.Tensor],
        matrix: tf.Tensor | None,
        state_mask: tf.Tensor | None,
        step_mask: tf.Tensor | None,
        weights: list[tf.Tensor],
        histories: list[tf.Tensor],
        recurrents: tf.Tensor | None,
        d_outputs: tf.Tensor,
        d_finals: list[tf.Tensor],
    ) -> tuple[tf.Tensor, tf.Tensor | None, list[tf.Tensor], list[tf.Tensor]]:
        length = tf.shape(projected)[0]
        array = functools.partial(tf.TensorArray, size=length)
        if self._plan.output_is_state and step_mask is not None:
            d_outputs = tf.where(_seen(step_mask), d_outputs, tf.zeros([], d_outputs.dtype))

        def step(
            t: tf.Tensor, d_states: list, d_output: tf.Tensor, d_weights: list, arrays: list
        ) -> Any:
            if self._plan.output_is_state:
                d_states = [d_states[0] + d_outputs[t], *d_states[1:]]
            else:
                d_output = d_output + d_outputs[t]
            d_carried = None
            if step_mask is not None:
                # A masked step handed its states on: so does their gradient.
                real = step_mask[t][:, None]
                none = tf.zeros([], projected.dtype)
                d_carried = [tf.where(real, none, d_state) for d_state in d_states]
                d_states = [tf.where(real, d_state, none) for d_state in d_states]
                d_output_carried = tf.where(real, none, d_output)
                d_output = tf.where(real, d_output, none)
            before = [
                tf.where(t > 0, history[tf.maximum(t - 1, 0)], initial)
                for history, initial in zip(histories, initial_states, strict=True)
            ]
            recurrent = None if recurrents is None else recurrents[t]
            sources = [projected[t], *([] if recurrent is None else [recurrent]), *before, *weights]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(sources)
                output, new_states = self._update(weights, sources[0], recurrent, before)
            targets, d_targets = list(new_states), list(d_states)
            if not self._plan.output_is_state:
                targets, d_targets = [output, *targets], [d_output, *d_targets]
            zero = tf.UnconnectedGradients.ZERO
            d_sources = tape.gradient(targets, sources, d_targets, unconnected_gradients=zero)

            d_projected, *d_sources = d_sources
            arrays = [arrays[0].write(t, d_projected), arrays[1]]
            d_before = d_sources[-len(before) - len(weights) :][: len(before)]
            if matrix is not None:
                d_recurrent = d_projected if self._plan.additive else d_sources[0]
                if not self._plan.additive:
                    arrays[1] = arrays[1].write(t, d_recurrent)
                d_state = tf.matmul(d_recurrent, matrix, transpose_b=True)
                if state_mask is not None:
                    d_state = d_state * state_mask
                d_before[0] = d_before[0] + d_state
            if d_carried is not None:
                d_before = [new + old for new, old in zip(d_before, d_carried, strict=True)]
            if step_mask is not None:
                d_output = d_output_carried
            elif not self._plan.output_is_state:
                d_output = tf.zeros_like(d_output)
            d_step = d_sources[len(d_sources) - len(weights) :]
            d_weights = [total + new for total, new in zip(d_weights, d_step, strict=True)]
            return t - 1, d_before, d_output, d_weights, arrays

        rows = projected.shape[1]
        arrays = [
            array(projected.dtype, element_shape=[rows, projected.shape[2]]),
            array(
                projected.dtype, element_shape=[rows, None if matrix is None else matrix.shape[1]]
            ),
        ]
        d_output = tf.zeros_like(d_outputs[0])
        if self._plan.output_is_state:
            d_output = d_output[:, :0]  # it travels with the first state
        _, d_states, _, d_weights, arrays = tf.while_loop(
            lambda t, *_: t >= 0,
            step,
            (steps - 1, list(d_finals), d_output, [tf.zeros_like(w) for w in weights], arrays),
            maximum_iterations=length,
        )
        d_recurrents = None if matrix is None or self._plan.additive else arrays[1].stack()
        return arrays[0].stack(), d_recurrents, d_states, d_weights


def _seen(step_mask: tf.Tensor) -> tf.Tensor:
    """`[T, B, 1]`: true from a row's first real step on. Before it, Keras's output is zero."""
    return tf.cumsum(tf.cast(step_mask, tf.int32), axis=0)[:, :, None] > 0


# Compiled loops by what their update does; they live as long as a cell that uses them.
_compiled_loops: "weakref.WeakValueDictionary[bytes, _Loops]" = weakref.WeakValueDictionary()
_loops_of_cell: "weakref.WeakKeyDictionary[ProjectedCell, dict[bytes, _Loops]]"
_loops_of_cell = weakref.WeakKeyDictionary()
