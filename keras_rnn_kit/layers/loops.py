"""The two loops of a cell: forward, and backward through time; plain, or compiled by XLA."""

import dataclasses
import functools
import weakref
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.layers.given import Given
from keras_rnn_kit.layers.one_step import OneStep, Remembered
from keras_rnn_kit.layers.plan import Plan
from keras_rnn_kit.layers.storage import ByStep, InPlace, Storage


@dataclasses.dataclass
class Kept:
    """What the forward loop keeps for the way back: `[B, T, ...]` each."""

    states: list[tf.Tensor]  # after each step
    recurrents: tf.Tensor | None  # h_{t-1} U, or x W + h_{t-1} U; computing it anew costs a fifth
    products: list[tf.Tensor]  # those that `update` takes itself


@dataclasses.dataclass
class Gradients:
    """What the backward loop finds: `[B, T, ...]`, `[B, ...]` of the states, of each weight."""

    projected: tf.Tensor
    recurrent: tf.Tensor  # of h_{t-1} U
    states: list[tf.Tensor]
    weights: list[tf.Tensor]


class Loops:
    """The two loops of one cell, plain or compiled.

    Compiled loops are shared by all cells whose update is the same graph: the two directions of a
    `Bidirectional`, the layers of a stack. Weights are arguments, never captured.
    """

    def __init__(self, cell: ProjectedCell, plan: Plan, compiled: bool):
        self._trace_for(cell, plan)
        self._storage: Storage = InPlace() if compiled else ByStep()
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
        self,
        cell: ProjectedCell,
        plan: Plan,
        steps: tf.Tensor,
        given: Given,
        weights: list[tf.Tensor],
    ) -> tuple[tf.Tensor, list[tf.Tensor], Kept]:
        """Outputs `[B, T, O]`, final states, and what `backward` needs."""
        self._trace_for(cell, plan)
        outputs, finals, histories, recurrents, products = self._forward_loop(
            steps,
            given.projected,
            given.states,
            given.matrix,
            given.state_mask,
            given.step_mask,
            weights,
        )
        if plan.output_is_state:
            outputs = histories[0]
            if given.step_mask is not None:
                outputs = tf.where(seen(given.step_mask), outputs, tf.zeros([], outputs.dtype))
        return outputs, finals, Kept(histories, recurrents, products)

    def backward(
        self,
        cell: ProjectedCell,
        plan: Plan,
        steps: tf.Tensor,
        given: Given,
        weights: list[tf.Tensor],
        kept: Kept,
        d_outputs: tf.Tensor,
        d_finals: list[tf.Tensor],
    ) -> Gradients:
        """The gradients of `forward`, from those of its outputs and final states."""
        self._trace_for(cell, plan)
        rebuilt = plan.slope is not None or (plan.additive and kept.recurrents is not None)
        started = None
        if plan.output_is_state and given.step_mask is not None:
            started = seen(given.step_mask)[..., 0]
        d_projected, d_recurrent, d_states, d_weights = self._backward_loop(
            steps,
            None if rebuilt else given.projected,
            given.states,
            given.matrix,
            given.state_mask,
            given.step_mask,
            started,
            weights,
            kept.states,
            kept.recurrents,
            kept.products,
            d_outputs,
            d_finals,
        )
        d_recurrent = d_projected if d_recurrent is None else d_recurrent
        return Gradients(d_projected, d_recurrent, d_states, d_weights)

    @property
    def _plan(self) -> Plan:
        return self._traced_for[1]

    def _living_cell(self) -> ProjectedCell:
        cell = self._traced_for[0]()
        assert cell is not None, "loops run on behalf of a cell"
        return cell

    def _one_step(self, weights: list[tf.Tensor]) -> OneStep:
        return OneStep(self._living_cell(), self._plan, weights)

    def _forward(
        self,
        steps: tf.Tensor,
        projected: tf.Tensor,  # [B, T, G]
        initial_states: list[tf.Tensor],
        matrix: tf.Tensor | None,
        state_mask: tf.Tensor | None,
        step_mask: tf.Tensor | None,
        weights: list[tf.Tensor],
    ) -> tuple[
        tf.Tensor | None, list[tf.Tensor], list[tf.Tensor], tf.Tensor | None, list[tf.Tensor]
    ]:
        """(outputs, unless they are the first state; final states; what is kept: three kinds)."""
        plan, storage, one_step = self._plan, self._storage, self._one_step(weights)
        batch, length = tf.unstack(tf.shape(projected)[:2])
        # A plain activation reads its step where it lies; a step of several gates wants it apart.
        projected_at = storage.reader(projected)
        real_at = None if step_mask is None else storage.reader(step_mask)

        # A loop carries no None: what a cell does not have is an empty list.
        def step(
            t: tf.Tensor, handed_on: list, states: list, output: list, arrays: dict[str, list]
        ) -> Any:
            now, recurrent = handed_on[0] if handed_on else projected_at(t), None
            handed_on = [projected_at(tf.minimum(t + 1, length - 1)) for _ in handed_on]
            if matrix is not None:
                meeting = _meeting(self._living_cell(), states, matrix, state_mask)
                recurrent = tf.matmul(meeting, matrix)
                if plan.additive:  # one sum is all that the step makes of the two
                    now, recurrent = now + recurrent, tf.zeros_like(recurrent)
                kept = now if plan.additive else recurrent
                arrays["recurrent"] = [storage.write(a, t, kept) for a in arrays["recurrent"]]
            made: list[tf.Tensor] = []

            def product(values: tf.Tensor, matrix: Any) -> tf.Tensor:
                made.append(ops.matmul(values, matrix))
                return made[-1]

            new_output, new_states = one_step.run(now, recurrent, states, product)
            arrays["products"] = [
                storage.write(array, t, value)
                for array, value in zip(arrays["products"], made, strict=True)
            ]
            if real_at is not None:
                real = real_at(t)[:, None]
                new_states = [
                    tf.where(real, new, old) for new, old in zip(new_states, states, strict=True)
                ]
            arrays["states"] = [
                storage.write(array, t, new)
                for array, new in zip(arrays["states"], new_states, strict=True)
            ]
            if output:
                if real_at is not None:
                    new_output = tf.where(real, new_output, output[0])
                arrays["output"] = [storage.write(arrays["output"][0], t, new_output)]
                output = [new_output]
            return t + 1, handed_on, new_states, output, arrays

        new_array = functools.partial(storage.array, projected.shape[0], batch, length)
        initial, dtype, output = list(initial_states), projected.dtype, []
        arrays: dict[str, list] = {"output": [], "recurrent": []}
        arrays["states"] = [new_array(state.shape[-1], state.dtype) for state in initial]
        arrays["products"] = [new_array(*product) for product in plan.products]
        if not plan.output_is_state:
            output = [tf.zeros([batch, plan.output_width], dtype)]
            arrays["output"] = [new_array(plan.output_width, dtype)]
        if matrix is not None and plan.slope is None:
            arrays["recurrent"] = [new_array(matrix.shape[1], dtype)]
        handed_on = [projected_at(0)] if storage.hands_on and not plan.slope else []
        _, _, finals, _, arrays = tf.while_loop(
            lambda t, *_: t < steps,
            step,
            (0, handed_on, initial, output, arrays),
            maximum_iterations=length,
        )
        histories, products = (
            [storage.sequence(array) for array in arrays[name]] for name in ("states", "products")
        )
        outputs, recurrents = (
            storage.sequence(arrays[name][0]) if arrays[name] else None
            for name in ("output", "recurrent")
        )
        return outputs, finals, histories, recurrents, products

    def _backward(
        self,
        steps: tf.Tensor,
        projected: tf.Tensor | None,  # None where what is kept says as much
        initial_states: list[tf.Tensor],
        matrix: tf.Tensor | None,
        state_mask: tf.Tensor | None,
        step_mask: tf.Tensor | None,
        started: tf.Tensor | None,
        weights: list[tf.Tensor],
        histories: list[tf.Tensor],
        recurrents: tf.Tensor | None,
        products: list[tf.Tensor],
        d_outputs: tf.Tensor,
        d_finals: list[tf.Tensor],
    ) -> tuple[tf.Tensor, tf.Tensor | None, list[tf.Tensor], list[tf.Tensor]]:
        plan, storage, cell = self._plan, self._storage, self._living_cell()
        one_step = self._one_step(weights)
        batch, length = tf.unstack(tf.shape(d_outputs)[:2])
        dtype = d_outputs.dtype
        none = tf.zeros([], dtype)
        # Turned over once: a product with a matrix that lies the wrong way is slower at every step.
        flipped = None if matrix is None else tf.transpose(matrix)
        d_output_at = storage.reader(d_outputs)
        state_at, product_at = (list(map(storage.reader, kept)) for kept in (histories, products))
        kept_at, projected_at, real_at, started_at = (
            None if sequence is None else storage.reader(sequence)
            for sequence in (recurrents, projected, step_mask, started)
        )

        def remembered(t: tf.Tensor, before: list[tf.Tensor]) -> Remembered:
            return Remembered(
                None if projected_at is None else projected_at(t),
                None if kept_at is None else kept_at(t),
                [at(t) for at in product_at],
                before,
            )

        matrices = one_step.matrices(remembered(steps - 1, initial_states)) if products else []
        flipped_too = [tf.transpose(one) for one in matrices]

        def step(t: tf.Tensor, d_states: list, d_output: list, arrays: dict[str, list]) -> Any:
            d_now = d_output_at(t)
            if started_at is not None:  # before a row's first real step its output was a plain zero
                d_now = tf.where(started_at(t)[:, None], d_now, none)
            if plan.output_is_state:
                d_states = [d_states[0] + d_now, *d_states[1:]]
            else:
                d_output = [d_output[0] + d_now]
            d_carried, d_output_carried = None, [tf.zeros_like(d) for d in d_output]
            if real_at is not None:
                # A masked step handed its states on: so does their gradient.
                real = real_at(t)[:, None]
                d_carried = [tf.where(real, none, d_state) for d_state in d_states]
                d_states = [tf.where(real, d_state, none) for d_state in d_states]
                d_output_carried = [tf.where(real, none, d) for d in d_output]
                d_output = [tf.where(real, d, none) for d in d_output]
            if weights:
                for name, values in (("states", d_states), ("output", d_output)):
                    arrays[name] = [
                        storage.write(array, t, value)
                        for array, value in zip(arrays[name], values, strict=True)
                    ]
            before = [
                tf.where(t > 0, at(tf.maximum(t - 1, 0)), initial)
                for at, initial in zip(state_at, initial_states, strict=True)
            ]
            if plan.slope is not None:
                d_projected = d_recurrent = d_states[0] * plan.slope(state_at[0](t))
                d_before = [none]
            else:
                d_projected, d_recurrent, d_before = one_step.gradients(
                    remembered(t, before), flipped_too, d_output, d_states
                )
            arrays["projected"] = [storage.write(arrays["projected"][0], t, d_projected)]
            if matrix is not None:
                arrays["recurrent"] = [
                    storage.write(array, t, d_recurrent) for array in arrays["recurrent"]
                ]
                d_product = tf.matmul(d_recurrent, flipped)
                count = cell.states_in_product(matrix)
                widths = [state.shape[-1] for state in before[:count]]
                d_meeting = [d_product] if count == 1 else tf.split(d_product, widths, axis=-1)
                if state_mask is not None:
                    d_meeting[0] = d_meeting[0] * state_mask
                for k, d_state in enumerate(d_meeting):
                    d_before[k] = d_before[k] + d_state
            if d_carried is not None:
                d_before = [new + old for new, old in zip(d_before, d_carried, strict=True)]
            return t - 1, d_before, d_output_carried, arrays

        new_array = functools.partial(storage.array, d_outputs.shape[0], batch, length)
        width: Any = None if matrix is None else matrix.shape[1]
        of_projected: Any = width if projected is None else projected.shape[-1]
        arrays: dict[str, list] = {"recurrent": [], "states": [], "output": []}
        arrays["projected"] = [new_array(of_projected, dtype)]
        if matrix is not None and not plan.additive:
            arrays["recurrent"] = [new_array(width, dtype)]
        if weights:
            arrays["states"] = [new_array(h.shape[-1], h.dtype) for h in histories]
            if not plan.output_is_state:
                arrays["output"] = [new_array(d_outputs.shape[-1], dtype)]
        _, d_states, _, arrays = tf.while_loop(
            lambda t, *_: t >= 0,
            step,
            (
                steps - 1,
                list(d_finals),
                [] if plan.output_is_state else [tf.zeros_like(d_outputs[:, 0])],
                arrays,
            ),
            maximum_iterations=length,
        )
        d_projected, d_recurrent = (
            storage.sequence(arrays[name][0]) if arrays[name] else None
            for name in ("projected", "recurrent")
        )
        d_weights = []
        if weights:
            # An update works row by row: the sum over all steps is one reduction, or one product,
            # where in the loop it would be T, slow ones.
            d_weights = one_step.weight_gradients(
                _every_step(steps, projected, recurrents, products, initial_states, histories),
                flipped_too,
                *([_rows(storage.sequence(a)) for a in arrays[n]] for n in ("output", "states")),
            )
        return d_projected, d_recurrent, d_states, d_weights


def _every_step(
    steps: tf.Tensor,
    projected: tf.Tensor | None,
    recurrents: tf.Tensor | None,
    products: list[tf.Tensor],
    initial_states: list[tf.Tensor],
    histories: list[tf.Tensor],
) -> Remembered:
    """All of what is remembered, the steps of all rows as so many rows."""
    befores = [
        tf.concat([initial[:, None], history[:, :-1]], axis=1)
        for initial, history in zip(initial_states, histories, strict=True)
    ]
    reached = (tf.range(tf.shape(befores[0])[1]) < steps)[:, None]

    def filled(sequence: tf.Tensor) -> tf.Tensor:
        # Steps that only padded T add nothing, but an equation may have no value at zero.
        return _rows(tf.where(reached, sequence, sequence[:, :1]))

    return Remembered(
        None if projected is None else filled(projected),
        None if recurrents is None else filled(recurrents),
        [filled(product) for product in products],
        [filled(before) for before in befores],
    )


def _rows(sequence: tf.Tensor) -> tf.Tensor:  # [B, T, W] -> [B·T, W]
    return tf.reshape(sequence, [-1, sequence.shape[-1]])


def _meeting(
    cell: ProjectedCell, states: list[tf.Tensor], matrix: tf.Tensor, state_mask: tf.Tensor | None
) -> tf.Tensor:
    """What is multiplied by `matrix`: the first state, or the first few side by side."""
    first = states[0] if state_mask is None else states[0] * state_mask
    count = cell.states_in_product(matrix)
    return first if count == 1 else tf.concat([first, *states[1:count]], axis=-1)


def seen(step_mask: tf.Tensor) -> tf.Tensor:
    """`[B, T, 1]`: true from a row's first real step on. Before it, Keras's output is zero."""
    return tf.cumsum(tf.cast(step_mask, tf.int32), axis=1)[:, :, None] > 0


# Compiled loops by what their update does; they live as long as a cell that uses them.
_compiled_loops: "weakref.WeakValueDictionary[bytes, Loops]" = weakref.WeakValueDictionary()
_loops_of_cell: "weakref.WeakKeyDictionary[ProjectedCell, dict[bytes, Loops]]"
_loops_of_cell = weakref.WeakKeyDictionary()
