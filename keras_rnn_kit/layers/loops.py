"""The two loops of a cell: forward, and backward through time; plain, or compiled by XLA."""

import contextlib
import dataclasses
import functools
import weakref
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.layers.plan import Plan


@dataclasses.dataclass
class Kept:
    """What the forward loop keeps for the way back: `[T, B, ...]` each."""

    states: list[tf.Tensor]  # after each step
    recurrents: tf.Tensor | None  # h_{t-1} U; computing it anew would cost a fifth


class Loops:
    """The two loops of one cell, plain or compiled.

    Compiled loops are shared by all cells whose update is the same graph: the two directions of a
    `Bidirectional`, the layers of a stack. Weights are arguments, never captured.
    """

    def __init__(self, cell: ProjectedCell, plan: Plan, compiled: bool):
        self._trace_for(cell, plan)
        self._forward_loop: Callable[..., Any] = self._forward
        self._backward_loop: Callable[..., Any] = self._backward
        if compiled:
            compile = functools.partial(tf.function, jit_compile=True, autograph=False)
            self._forward_loop = compile(self._forward)
            self._backward_loop = compile(self._backward)

    @classmethod
    def of(cls, cell: ProjectedCell, plan: Plan, compiled: bool) -> "Loops":
        if not compiled:
            return cls(cell, plan, compiled=False)
        loops = _compiled_loops.get(plan.graph)
        if loops is None:
            loops = _compiled_loops[plan.graph] = cls(cell, plan, compiled=True)
        _loops_of_cell.setdefault(cell, {})[plan.graph] = loops
        return loops

    def _trace_for(self, cell: ProjectedCell, plan: Plan) -> None:
        # A new shape is traced with the cell that brings it: the first one may be gone. A weak
        # reference, since the loops must not keep alive what keeps them.
        self._traced_for = weakref.ref(cell), plan

    def forward(
        self, cell: ProjectedCell, plan: Plan, *given: Any
    ) -> tuple[tf.Tensor, list[tf.Tensor], Kept]:
        self._trace_for(cell, plan)
        outputs, finals, histories, recurrents = self._forward_loop(*given)
        return outputs, finals, Kept(histories, recurrents)

    def backward(
        self, cell: ProjectedCell, plan: Plan, *given: Any
    ) -> tuple[Any, Any, list[Any], list[Any]]:
        self._trace_for(cell, plan)
        *start, kept, d_outputs, d_finals = given
        return self._backward_loop(*start, kept.states, kept.recurrents, d_outputs, d_finals)

    @property
    def _plan(self) -> Plan:
        return self._traced_for[1]

    def _living_cell(self) -> ProjectedCell:
        cell = self._traced_for[0]()
        assert cell is not None, "loops run on behalf of a cell"
        return cell

    def _update(
        self, weights: list[tf.Tensor], projected: Any, recurrent: Any, states: Any
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """`cell.update`, with the weights that it reads given from outside."""
        cell = self._living_cell()
        with contextlib.ExitStack() as scopes:
            # Said here too: the way back may be traced when the layer's call is long over.
            scopes.enter_context(cell.own_precision())
            if weights:
                pairs = list(zip(self._plan.weights, weights, strict=True))
                scopes.enter_context(keras.StatelessScope(state_mapping=pairs))
            output, new_states = cell.update(projected, recurrent, list(states))
        return output, list(new_states)

    def _meeting(
        self, states: list[tf.Tensor], matrix: tf.Tensor, state_mask: tf.Tensor | None
    ) -> tf.Tensor:
        """What is multiplied by `matrix`: the first state, or the first few side by side."""
        first = states[0] if state_mask is None else states[0] * state_mask
        count = self._living_cell().states_in_product(matrix)
        return first if count == 1 else tf.concat([first, *states[1:count]], axis=-1)

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
                recurrent = tf.matmul(self._meeting(states, matrix, state_mask), matrix)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([] if recurrent is None else [recurrent])
                new_output, new_states = self._update(weights, projected[t], recurrent, states)
            if recurrent is not None:
                slope = tape.gradient(new_output, recurrent) if self._plan.pointwise else None
                recurrent_array = recurrent_array.write(t, recurrent if slope is None else slope)
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
            outputs = tf.where(seen(step_mask), outputs, tf.zeros([], outputs.dtype))
        return outputs, finals, histories, recurrents

    def _step_gradient(
        self,
        weights: list[tf.Tensor],
        projected: tf.Tensor,
        kept: tf.Tensor | None,
        before: list[tf.Tensor],
        d_output: tf.Tensor,
        d_states: list[tf.Tensor],
    ) -> tuple[tf.Tensor, tf.Tensor | None, list[tf.Tensor], list[tf.Tensor]]:
        """The gradients of one `update`: of projected, recurrent, the states before, the weights.

        `kept` is the recurrent product of the step, or its slope where the plan is pointwise.
        """
        if self._plan.pointwise:
            d_projected = d_states[0] * kept
            return d_projected, d_projected, [tf.zeros_like(before[0])], []
        sources = [projected, *([] if kept is None else [kept]), *before, *weights]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            output, new_states = self._update(weights, projected, kept, before)
        targets, d_targets = list(new_states), list(d_states)
        if not self._plan.output_is_state:
            targets, d_targets = [output, *targets], [d_output, *d_targets]
        zero = tf.UnconnectedGradients.ZERO
        d_sources = tape.gradient(targets, sources, d_targets, unconnected_gradients=zero)
        d_projected = d_sources.pop(0)
        d_recurrent = None if kept is None else d_sources.pop(0)
        if self._plan.additive:
            d_recurrent = d_projected
        return d_projected, d_recurrent, d_sources[: len(before)], d_sources[len(before) :]

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
        # Turned over once: a product with a matrix that lies the wrong way is slower at every step.
        flipped = None if matrix is None else tf.transpose(matrix)
        if self._plan.output_is_state and step_mask is not None:
            d_outputs = tf.where(seen(step_mask), d_outputs, tf.zeros([], d_outputs.dtype))

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
            kept = None if recurrents is None else recurrents[t]
            d_projected, d_recurrent, d_before, d_step = self._step_gradient(
                weights, projected[t], kept, before, d_output, d_states
            )
            arrays = [arrays[0].write(t, d_projected), arrays[1]]
            if matrix is not None:
                if not self._plan.additive:
                    arrays[1] = arrays[1].write(t, d_recurrent)
                d_product = tf.matmul(d_recurrent, flipped)
                meeting = self._living_cell().states_in_product(matrix)
                widths = [state.shape[-1] for state in before[:meeting]]
                d_meeting = [d_product] if meeting == 1 else tf.split(d_product, widths, axis=-1)
                if state_mask is not None:
                    d_meeting[0] = d_meeting[0] * state_mask
                for k, d_state in enumerate(d_meeting):
                    d_before[k] = d_before[k] + d_state
            if d_carried is not None:
                d_before = [new + old for new, old in zip(d_before, d_carried, strict=True)]
            if step_mask is not None:
                d_output = d_output_carried
            elif not self._plan.output_is_state:
                d_output = tf.zeros_like(d_output)
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


def seen(step_mask: tf.Tensor) -> tf.Tensor:
    """`[T, B, 1]`: true from a row's first real step on. Before it, Keras's output is zero."""
    return tf.cumsum(tf.cast(step_mask, tf.int32), axis=0)[:, :, None] > 0


# Compiled loops by what their update does; they live as long as a cell that uses them.
_compiled_loops: "weakref.WeakValueDictionary[bytes, Loops]" = weakref.WeakValueDictionary()
_loops_of_cell: "weakref.WeakKeyDictionary[ProjectedCell, dict[bytes, Loops]]"
_loops_of_cell = weakref.WeakKeyDictionary()
