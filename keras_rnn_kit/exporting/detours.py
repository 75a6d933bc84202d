"""Takes out three detours of tf2onnx that cost a small model more than its arithmetic.

- A product of `[B, T, E]` with a matrix is flattened to rows and shaped back, with the arithmetic
  of the shape in the graph. ONNX's `MatMul` takes the tensor as it is.
- An index is guarded against being negative. ONNX's `Gather` counts negative ones from the end
  itself.
- What is chosen by a condition is multiplied by 1 or 0, and added to the other. ONNX has `Where`.

Each is recognized node by node; whatever looks a little different stays as it is.
"""

import numpy as np
import onnx
from onnx import numpy_helper

from keras_rnn_kit.exporting.tidying import remove_unused

# onnxruntime 1.31 crashes on a CPU when a float16 tensor of three axes is turned over and then
# multiplied by a matrix; flattened it does not.
_SHORTENED = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE)


def shorten(graph: onnx.GraphProto) -> None:
    """Shortens all three in the graph, in place; the graphs inside its nodes are left alone."""
    reader = _Reader(graph)
    for node in graph.node:
        if node.op_type == "Reshape":
            direct = reader.product(node)
            if direct is not None:
                node.op_type = "MatMul"
                node.input[:] = direct
        elif node.op_type == "Gather":
            index = reader.unguarded(node)
            if index is not None:
                node.input[1] = index
    for node in graph.node:  # afterwards: an index is guarded by such a choice
        choice = reader.chosen(node) if node.op_type == "Add" else None
        if choice is not None:
            node.op_type = "Where"
            node.input[:] = choice
    remove_unused(graph)


class _Reader:
    """Looks back from a node to what makes its inputs."""

    def __init__(self, graph: onnx.GraphProto):
        self._made_by = {name: node for node in graph.node for name in node.output}
        self._constants = {tensor.name: tensor for tensor in graph.initializer}

    def _op(self, name: str, op: str) -> onnx.NodeProto | None:
        node = self._made_by.get(name)
        return node if node is not None and node.op_type == op else None

    def _uncast(self, name: str) -> str:
        node = self._op(name, "Cast")
        return name if node is None else self._uncast(node.input[0])

    def _value(self, name: str) -> np.ndarray | None:
        tensor = self._constants.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def _shape(self, name: str) -> list[int] | None:
        tensor = self._constants.get(name)
        return None if tensor is None else list(tensor.dims)

    def product(self, reshape: onnx.NodeProto) -> list[str] | None:
        """`[x, W]` where the node is `Reshape(MatMul(Reshape(x, [-1, E]), W), [..., G])`."""
        multiply = self._op(reshape.input[0], "MatMul")
        flatten = None if multiply is None else self._op(multiply.input[0], "Reshape")
        if multiply is None or flatten is None:
            return None
        weights = self._constants.get(multiply.input[1])
        if weights is None or weights.data_type not in _SHORTENED:
            return None
        tensor, matrix = flatten.input[0], list(weights.dims)
        rows = self._value(flatten.input[1])
        if len(matrix) != 2 or rows is None:
            return None
        joined = self._op(self._uncast(reshape.input[1]), "Concat")
        if rows.tolist() != [-1, matrix[0]] or joined is None or len(joined.input) != 2:
            return None
        width = self._value(joined.input[1])
        leading = self._op(self._uncast(joined.input[0]), "Gather")
        if width is None or width.tolist() != [matrix[1]] or leading is None:
            return None
        whole = self._op(self._uncast(leading.input[0]), "Shape")
        axes = self._value(leading.input[1])
        # Two axes before the last one: [B, T, E] or [T, B, E].
        if whole is None or whole.attribute or axes is None or axes.tolist() != [0, 1]:
            return None
        return [tensor, multiply.input[1]] if whole.input[0] == tensor else None

    def unguarded(self, gather: onnx.NodeProto) -> str | None:
        """`x` where the node gathers `x + V` for `x < 0`, else `x`, of a table of V rows."""
        table = self._shape(gather.input[0])
        chosen = self._op(gather.input[1], "Add")
        if table is None or chosen is None or any(a.i for a in gather.attribute):
            return None
        for one, other in (chosen.input, reversed(chosen.input)):
            wrapped, plain = self._op(one, "Mul"), self._op(other, "Mul")
            if wrapped is None or plain is None:
                continue
            for index in plain.input:
                negative = self._negative(index)
                if negative is None:
                    continue
                kept = [name for name in plain.input if name != index]
                factors = {self._uncast(name) for name in wrapped.input}
                sums = [self._op(name, "Add") for name in wrapped.input]
                keeps = self._op(self._uncast(kept[0]), "Not") if len(kept) == 1 else None
                if keeps is None or keeps.input[0] != negative or negative not in factors:
                    continue
                for total in filter(None, sums):
                    rest = [name for name in total.input if name != index]
                    size = self._value(rest[0]) if len(rest) == 1 else None
                    if size is not None and size.size == 1 and int(size) == table[0]:
                        return index
        return None

    def chosen(self, add: onnx.NodeProto) -> list[str] | None:
        """`[c, a, b]` where the node adds `a` times `c` as a number to `b` times `not c`."""
        for one, other in (add.input, reversed(add.input)):
            kept, dropped = self._op(one, "Mul"), self._op(other, "Mul")
            if kept is None or dropped is None:
                continue
            for a, keeps in (kept.input, reversed(kept.input)):
                for b, drops in (dropped.input, reversed(dropped.input)):
                    cast, opposite = self._op(keeps, "Cast"), self._op(drops, "Cast")
                    if cast is None or opposite is None:
                        continue
                    negated = self._op(opposite.input[0], "Not")
                    if negated is not None and negated.input[0] == cast.input[0]:
                        return [cast.input[0], a, b]
        return None

    def _negative(self, index: str) -> str | None:
        """The name of `x < 0`, if the graph has it."""
        for name, node in self._made_by.items():
            if node.op_type == "Less" and self._uncast(node.input[0]) == self._uncast(index):
                zero = self._value(node.input[1])
                if zero is not None and zero.size == 1 and float(zero) == 0:
                    return name
        return None
