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

The loops stand in `loops.py`; `plan.py` looks at a cell before they are laid out, and `given.py`
bounds how often XLA compiles. Sequences are `[B, T, ...]` throughout, as Keras has them.
"""

import contextlib
import contextvars
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
from keras.src.backend import AutocastScope

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.cores import cores
from keras_rnn_kit.layers.given import Given, on_rungs
from keras_rnn_kit.layers.loops import Kept, Loops, seen
from keras_rnn_kit.layers.plan import Plan, plan_of
from keras_rnn_kit.layers.scan import parallel_scan, worth_it

_SMALLEST_SPLIT = 8  # rows; below it, two halves cost more than they bring

_without_gradient: contextvars.ContextVar[bool] = contextvars.ContextVar("without", default=False)


@contextlib.contextmanager
def without_gradient() -> Iterator[None]:
    """Within it, loops are laid out without the gradient written for them.

    For a model that is saved to be served: the gradient would be saved with it, a quarter of the
    file, and TensorFlow would warn of it at each loading.
    """
    token = _without_gradient.set(True)
    try:
        yield
    finally:
        _without_gradient.reset(token)


def run(
    cell: ProjectedCell,
    projected: tf.Tensor,
    initial_states: Sequence[tf.Tensor],
    *,
    state_mask: tf.Tensor | None = None,
    step_mask: tf.Tensor | None = None,
    compiled: bool = False,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs `cell` over `projected [B, T, G]` and returns `(outputs [B, T, O], final states)`.

    `state_mask [B, H]` multiplies the first state before the recurrent product (recurrent
    dropout). Where `step_mask [B, T]` is false the states stay as they are and the output repeats
    the one before; before the first true step it is zero, as in Keras. `compiled=True` has XLA
    compile the loops; on a CPU they then compute in single precision where the layer has half.
    """
    compiled = compiled and not _without_gradient.get()
    dtype, kept_dtypes = projected.dtype, [state.dtype for state in initial_states]
    if compiled and _slow_when_compiled(dtype):
        # The weights in the type of the steps, too: their gradients are then not rounded twice.
        projected, initial_states = _as_single((projected, list(initial_states)))
        state_mask = None if state_mask is None else _as_single(state_mask)
    with cell.own_precision(projected.dtype.name):
        matrix = cell.recurrent_matrix()
        matrix = None if matrix is None else tf.convert_to_tensor(matrix)
    plan = plan_of(cell, projected, initial_states, matrix)
    loops = Loops.of(cell, plan, compiled)
    shape = tf.shape(projected)
    steps = shape[1] if projected.shape[1] is None else tf.constant(projected.shape[1])
    given = Given(projected, list(initial_states), matrix, state_mask, step_mask)
    if not compiled and cell.affine(projected) is not None:
        return tf.cond(
            worth_it(initial_states[0], shape[1]),
            lambda: _joined(cell, given),
            lambda: _run_part(loops, cell, plan, steps, given),
        )
    # A layer that is called eagerly meets any size, one after the other.
    fixed = [size is not None and not tf.executing_eagerly() for size in projected.shape[:2]]
    padded = compiled and not all(fixed)
    if padded:
        given = on_rungs(given, fixed_rows=fixed[0], fixed_length=fixed[1])
    parts = given.parts(_parts(given, compiled))
    results = [_run_part(loops, cell, plan, steps, part) for part in parts]
    outputs = tf.cast(tf.concat([part[0] for part in results], axis=0), dtype)
    finals = [
        tf.cast(tf.concat(pair, axis=0), kept)
        for kept, *pair in zip(kept_dtypes, *(part[1] for part in results), strict=True)
    ]
    if padded:
        outputs = outputs[: shape[0], :steps]
        finals = [final[: shape[0]] for final in finals]
    # What is known of the sizes must not be lost on the layers that come after.
    outputs.set_shape([*projected.shape[:2], None])
    for final in finals:
        final.set_shape([projected.shape[0], None])
    return outputs, finals


def _slow_when_compiled(dtype: tf.DType) -> bool:
    """Whether XLA has no fast arithmetic of `dtype` here: of half precision, on a CPU.

    It takes five to ten times as long as single precision there, whose steps are more exact.
    """
    return dtype in (tf.bfloat16, tf.float16) and not tf.config.list_logical_devices("GPU")


def _as_single(tensors: Any) -> Any:
    return tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32), tensors)


def _joined(cell: ProjectedCell, given: Given) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """A linear recurrence, its steps joined: a masked one decays nothing and adds nothing."""
    affine = cell.affine(given.projected)
    assert affine is not None, "only a linear step can be joined"
    decay, drive = affine
    if given.step_mask is None:
        outputs = parallel_scan(decay, drive, given.states[0])
        return outputs, [outputs[:, -1]]
    real = given.step_mask[:, :, None]
    decay = tf.where(real, decay, tf.ones([], decay.dtype))
    states = parallel_scan(decay, tf.where(real, drive, tf.zeros([], drive.dtype)), given.states[0])
    return tf.where(seen(given.step_mask), states, tf.zeros([], states.dtype)), [states[:, -1]]


def _parts(given: Given, compiled: bool) -> int:
    """How many parts of the batch are run side by side."""
    if not compiled or tf.executing_eagerly() or cores() < 2:
        return 1
    rows = given.projected.shape[0]
    if rows is None:
        return 2
    # Two is what was measured; with more cores a part should still be worth its product.
    return 1 if rows < _SMALLEST_SPLIT else min(cores(), max(2, rows // 16))


def _run_part(
    loops: Loops, cell: ProjectedCell, plan: Plan, steps: tf.Tensor, given: Given
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    count = len(given.states)
    # Of a layer called eagerly a tape may be all that is left; what the gradient of a graph holds,
    # TensorFlow never lets go.
    owner: Callable[[], Any] = (lambda: cell) if tf.executing_eagerly() else weakref.ref(cell)

    @tf.custom_gradient
    def through_time(*inputs: tf.Tensor) -> Any:
        # The gradient is ours to give, so no tape has to look into the loops.
        (projected, *states), weights = inputs[: 1 + count], list(inputs[1 + count :])
        matrix = None if given.matrix is None else weights.pop()
        parts = (projected, states, matrix, given.state_mask, given.step_mask)
        now = Given(*tf.nest.map_structure(_unwatched, parts))
        weights = tf.nest.map_structure(_unwatched, weights)
        outputs, finals, kept = loops.forward(owner(), plan, steps, now, weights)

        def backpropagate(d_outputs: tf.Tensor, *d_finals: tf.Tensor) -> tuple[tf.Tensor, ...]:
            d_results = tf.nest.map_structure(_unwatched, (d_outputs, list(d_finals)))
            # Read here first: out of a branch of `tf.cond`, a call of a compiled loop can't.
            here = tf.nest.map_structure(_unwatched, [steps, parts, weights, vars(kept)])
            read = here[0], Given(*here[1]), here[2], Kept(**here[3])
            d = loops.backward(owner(), plan, *read, *d_results)
            found = [d.projected, *d.states, *d.weights]
            if now.matrix is not None:
                masks = [now.state_mask, *[None] * (count - 1)]
                meeting = list(zip(now.states, kept.states, masks, strict=True))
                meeting = meeting[: owner().states_in_product(now.matrix)]
                blocks = [_matrix_gradient(*part, d.recurrent) for part in meeting]
                found.append(blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=0))
            return _only_first_derivatives(found, [*inputs, d_outputs, *d_finals])

        return (outputs, *finals), backpropagate

    with AutocastScope(None):  # the gradient of a weight is in its own type
        weights = [tf.convert_to_tensor(weight.value) for weight in plan.weights]
    if _without_gradient.get():
        outputs, finals, _ = loops.forward(cell, plan, steps, given, weights)
        return outputs, finals
    matrix = [] if given.matrix is None else [given.matrix]
    outputs, *finals = through_time(given.projected, *given.states, *weights, *matrix)
    return outputs, finals


@tf.custom_gradient
def _only_first_derivatives(gradients: list[tf.Tensor], sources: list[tf.Tensor]) -> Any:
    """`gradients`, which come from `sources` out of any tape's sight: none may differentiate them.

    To let it would be a wrong second derivative, without a word.
    """

    def refuse(*_: tf.Tensor) -> None:
        raise KitError(
            "the engine gives first derivatives; received a gradient of a gradient. Build the "
            "layer with unroll=True, which runs on Keras's own loop, for those."
        )

    return [tf.identity(gradient) for gradient in gradients], refuse


def _unwatched(value: Any) -> Any:
    return tf.stop_gradient(value) if tf.is_tensor(value) else value


def _matrix_gradient(
    initial: tf.Tensor,  # [B, H]
    history: tf.Tensor,  # [B, T, H], after each step
    state_mask: tf.Tensor | None,
    d_recurrent: tf.Tensor,  # [B, T, R]
) -> tf.Tensor:
    """`Σ_t h_{t-1}ᵀ d_t` as one product over all rows and steps, `[H, R]`.

    Seen as a list of B·T lines, the state before a line is the line before it, so that nothing is
    moved; only a row's first line stands behind another row's last one. What that brings in is
    taken off again, together with what the initial states are owed.
    """
    if state_mask is not None:
        initial, history = initial * state_mask, history * state_mask[:, None]
    before = tf.reshape(history, [-1, history.shape[-1]])[:-1]
    d_lines = tf.reshape(d_recurrent, [-1, d_recurrent.shape[-1]])[1:]
    strangers = tf.concat([tf.zeros_like(initial[:1]), history[:-1, -1]], axis=0)
    first = tf.matmul(initial - strangers, d_recurrent[:, 0], transpose_a=True)
    return tf.matmul(before, d_lines, transpose_a=True) + first
