"""One look at a cell's `update` before its loops are laid out."""

import dataclasses
import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell, products_by
from keras_rnn_kit.errors import KitError


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one look at `cell.update` tells before any loop is laid out."""

    output_is_state: bool  # the output is the first state: kept once
    output_width: int  # of what `update` gives, before any `readout`
    additive: bool  # ∂/∂projected = ∂/∂recurrent: kept once
    # φ' as a function of φ's value, where the update is φ(projected + recurrent) and no more: then
    # nothing but the states is kept.
    slope: Callable[[tf.Tensor], tf.Tensor] | None
    products: list[tuple[int, tf.DType]]  # width and type of those that `update` takes itself
    weights: list[Any]  # the cell's Keras variables that `update` reads
    graph: bytes  # what `update` does; cells with the same can share compiled loops


# φ' in terms of φ's value, by φ's operation; a plain sum is its own φ.
_SLOPES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "AddV2": tf.ones_like,
    "Relu": lambda h: tf.cast(h > 0, h.dtype),
    "Sigmoid": lambda h: h * (1 - h),
    "Tanh": lambda h: 1 - h * h,
}
# Set anew at each call.
_FLEETING = ("_dropout_mask", "_recurrent_dropout_mask", "_output_dropout_mask")
_plans: "weakref.WeakKeyDictionary[ProjectedCell, tuple[Any, Plan]]" = weakref.WeakKeyDictionary()
_numbers = itertools.count()


def plan_of(
    cell: ProjectedCell,
    projected: tf.Tensor,
    states: Sequence[tf.Tensor],
    matrix: tf.Tensor | None,
) -> Plan:
    """The plan of `cell` for tensors of these widths and types, looked up again where it is known.

    An attribute that is set anew (another activation, say), of the cell or of one that it wraps,
    makes it another plan.
    """
    tensors = [projected, *states, *([] if matrix is None else [matrix])]
    attributes = (
        (name, id(value))
        for layer in cell._flatten_layers()
        for name, value in vars(layer).items()
        if name not in _FLEETING
    )
    key = (*((tensor.shape[-1], tensor.dtype) for tensor in tensors), *attributes)
    known, plan = _plans.get(cell, (None, None))
    if plan is None or known != key:
        plan = _look_at(cell, projected, states, matrix)
        _plans[cell] = (key, plan)
    return plan


def _look_at(
    cell: ProjectedCell,
    projected: tf.Tensor,
    states: Sequence[tf.Tensor],
    matrix: tf.Tensor | None,
) -> Plan:
    found: dict[str, Any] = {"products": []}
    variables = list(cell.variables)

    def look(
        projected: tf.Tensor,
        recurrent: tf.Tensor | None,
        states: list[tf.Tensor],
        weights: list[tf.Tensor],
    ) -> Any:
        # Given as inputs, weights need no value yet, nor the one that they have.
        values = keras.StatelessScope(state_mapping=zip(variables, weights, strict=True))

        def product(operand: tf.Tensor, matrix: Any) -> tf.Tensor:
            matrix = tf.convert_to_tensor(matrix)
            if _made_from(matrix, [projected, recurrent, *states]):
                raise KitError(
                    "product(values, matrix) takes a matrix that is made of the weights alone; "
                    f"received one that {type(cell).__name__}.update makes of its arguments. Take "
                    "keras.ops.matmul for that product."
                )
            made = ops.matmul(operand, matrix)
            found["products"].append((made.shape[-1], made.dtype))
            return made

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([projected, recurrent] if recurrent is not None else [projected])
            with cell.own_precision(projected.dtype.name), values, products_by(product):
                output, new_states = cell.update(projected, recurrent, states)
            targets = [output, *new_states]
        found["output_is_state"] = output is new_states[0]
        found["output_width"] = output.shape[-1]
        found["results"] = [target.name for target in targets]
        found["inputs"], found["slope"] = weights, None
        if output is new_states[0] and len(states) == 1:
            found["slope"] = _slope(output, projected, recurrent)
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
        [tf.TensorSpec(variable.shape, variable.dtype) for variable in variables],
    )
    inputs = found["inputs"]
    unread = {tensor.op.name for tensor in inputs if not tensor.consumers()}
    graph = traced.graph.as_graph_def()
    kept = [node for node in graph.node if node.name not in unread]
    del graph.node[:]
    graph.node.extend(kept)
    does = graph.SerializeToString(deterministic=True) + repr(found["results"]).encode()
    if traced.graph.captures:
        # It reads a tensor from outside, whose value the graph does not tell: not to be shared.
        does += b"#%d" % next(_numbers)
    weights = [v for v, t in zip(variables, inputs, strict=True) if t.op.name not in unread]
    return Plan(
        output_is_state=found["output_is_state"],
        output_width=found["output_width"],
        additive=found.get("additive", False),
        slope=found["slope"],
        products=found["products"],
        weights=weights,
        graph=does,
    )


def _made_from(tensor: tf.Tensor, sources: Sequence[tf.Tensor | None]) -> bool:
    """Whether `tensor` comes from any of `sources`, of one graph."""
    wanted = {id(source) for source in sources}
    seen: set[int] = set()
    left = [tensor]
    while left:
        one = left.pop()
        if id(one) in wanted:
            return True
        if id(one) not in seen:
            seen.add(id(one))
            left.extend(one.op.inputs)
    return False


def _slope(
    output: tf.Tensor, projected: tf.Tensor, recurrent: tf.Tensor | None
) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """φ' by φ's value if `output` is φ(projected + recurrent) for a φ of `_SLOPES`."""
    total = output if output.op.type == "AddV2" else output.op.inputs[0]
    is_sum = total.op.type == "AddV2" and {id(t) for t in total.op.inputs} == {
        id(projected),
        id(recurrent),
    }
    return _SLOPES.get(output.op.type) if is_sum else None
