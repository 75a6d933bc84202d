"""The marker operation that stands for a recurrence while a model is traced for ONNX.

tf2onnx would turn TensorFlow's loop into an ONNX `Loop` with all its bookkeeping inside. Instead,
inside `marking()`, each engine-run layer emits one stateless operation that names its cell and
has the projected inputs, initial states, matrix and mask as its inputs. The exporter
(`exporting/onnx.py`) lets tf2onnx convert everything around it and puts a `Scan` in its place.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator, Sequence

import tensorflow as tf

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.layers.plan import plan_of

TOKEN_PREFIX = "keras_rnn_kit.recurrence."


@dataclasses.dataclass(frozen=True)
class Mark:
    """One recurrence in a traced graph. The marker's inputs come in the order of the fields.

    Inputs: the sequence (`projected [T, B, G]`, or the layer's `inputs [T, B, E]` where for some
    batches the exporter wants the cell's own operator), the states `[B, H]`, then `matrix [H, G]`
    if `has_matrix` and `step_mask [T, B]` if `has_mask`. Outputs: those of the cell's update,
    `outputs [B, T, O']`, then the final states.
    """

    cell: ProjectedCell
    states: int
    operator_below: float  # so many rows: 0 never, infinity always
    width: int  # G or E
    matrix_width: int | None
    states_in_product: int  # the first ones, that meet the matrix side by side
    has_mask: bool

    @property
    def projected(self) -> bool:
        return not self.operator_below

    @property
    def has_matrix(self) -> bool:
        return self.matrix_width is not None


@dataclasses.dataclass
class _Marking:
    marks: list[Mark]
    operator_below: Callable[[ProjectedCell, int | None], float]


_marking: contextvars.ContextVar[_Marking | None] = contextvars.ContextVar("marking", default=None)


@contextlib.contextmanager
def marking(
    operator_below: Callable[[ProjectedCell, int | None], float],
) -> Iterator[list[Mark]]:
    """Within it, layers emit markers; it yields the list that they are entered in.

    Where `operator_below(cell, rows)` is not 0 the marker gets the layer's inputs, not their
    projection; `rows` is the batch where it is fixed.
    """
    current = _Marking([], operator_below)
    previous = _marking.set(current)
    try:
        yield current.marks
    finally:
        _marking.reset(previous)


def wanted() -> bool:
    """Whether a layer should emit a marker instead of its loop."""
    return _marking.get() is not None


def would_outlive() -> bool:
    """Whether a marker emitted here would be met again after the export.

    A `tf.function` of the model's own keeps its trace, marker and all. Its layers have to run
    through Keras's loop, which tf2onnx converts.
    """
    functions, graph = 0, tf.compat.v1.get_default_graph()
    while isinstance(graph, tf.__internal__.FuncGraph):
        functions += type(graph) is tf.__internal__.FuncGraph  # loops' and branches' are subclasses
        graph = graph.outer_graph
    return functions > 1


def emit(
    cell: ProjectedCell,
    inputs: tf.Tensor,
    states: Sequence[tf.Tensor],
    step_mask: tf.Tensor | None,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Emits the marker for `inputs [B, T, E]`; returns `(outputs [B, T, O'], final states)`.

    The outputs are those of the cell's update: its `readout`, if it has one, is the layer's to do.
    What the marker reads has time first, as ONNX's `Scan` and `RNN` have it; how what they give is
    turned back is the exporter's.
    """
    inputs = tf.transpose(inputs, [1, 0, 2])
    step_mask = None if step_mask is None else tf.transpose(step_mask)
    current = _marking.get()
    assert current is not None, "emit() is called inside marking()"
    below = current.operator_below(cell, inputs.shape[1])
    sequence = inputs if below else cell.project(inputs)
    matrix = cell.recurrent_matrix()
    current.marks.append(
        Mark(
            cell,
            states=len(states),
            operator_below=below,
            width=sequence.shape[-1],
            matrix_width=None if matrix is None else matrix.shape[-1],
            states_in_product=0 if matrix is None else cell.states_in_product(matrix),
            has_mask=step_mask is not None,
        )
    )
    width = cell.output_size
    if cell.reads_out:  # which is done to the marker's outputs, outside
        matrix = None if matrix is None else tf.convert_to_tensor(matrix)
        width = plan_of(cell, sequence, states, matrix).output_width
    optional = [tensor for tensor in (matrix, step_mask) if tensor is not None]
    outputs, *finals = tf.raw_ops.PyFuncStateless(
        input=[tf.convert_to_tensor(tensor) for tensor in (sequence, *states, *optional)],
        token=f"{TOKEN_PREFIX}{len(current.marks) - 1}",
        Tout=[sequence.dtype, *(state.dtype for state in states)],
    )
    outputs = tf.ensure_shape(outputs, [inputs.shape[1], inputs.shape[0], width])
    finals = [tf.ensure_shape(f, s.shape) for f, s in zip(finals, states, strict=True)]
    return outputs, finals
