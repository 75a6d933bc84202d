"""A small writer of ONNX nodes: each call adds one node and returns the name of its output."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper


def tensor_value(name: str, dtype: Any, shape: Sequence[int | str | None]) -> onnx.ValueInfoProto:
    """What goes in or out of a graph; a dimension is a size, the name of an axis, or unknown."""
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return onnx.helper.make_tensor_value_info(name, element, shape)


class Nodes:
    """Collects nodes and constants whose names all begin with `prefix`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.exporting.nodes import Nodes
    >>> nodes = Nodes("twice/")
    >>> nodes.add("Mul", ["x", nodes.constant(np.float32(2))])
    'twice/Mul_1'
    """

    def __init__(self, prefix: str):
        self.prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def _name(self, kind: str) -> str:
        return f"{self.prefix}{kind}_{len(self.nodes) + len(self.initializers)}"

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A constant tensor; Python integers become int64, as ONNX wants for shapes and axes."""
        array = np.asarray(value, dtype=dtype)
        name = self._name("constant")
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> Any:
        """Adds a node; returns its output's name, or a list of names for several `outputs`."""
        base = self._name(op)
        names = [base] if outputs == 1 else [f"{base}:{k}" for k in range(outputs)]
        self.nodes.append(onnx.helper.make_node(op, list(inputs), names, name=base, **attributes))
        return base if outputs == 1 else names

    def outputs(self, names: Sequence[str]) -> list[str]:
        """`names` as a body's outputs: one is listed once, and is made by a node, no input."""
        made = {output for node in self.nodes for output in node.output}
        found: list[str] = []
        for name in names:
            fresh = name in made and name not in found
            found.append(name if fresh else self.add("Identity", [name]))
        return found

    def dimension(self, tensor: str, axis: int) -> str:
        """The size of one axis, `[1]` int64."""
        return self.add("Shape", [tensor], start=axis, end=axis + 1)

    def branch(self, outputs: Sequence[str]) -> onnx.GraphProto:
        """All of it as a branch of an `If`, which has no inputs and reads what is around it."""
        values = [onnx.helper.make_empty_tensor_value_info(name) for name in self.outputs(outputs)]
        return onnx.helper.make_graph(
            self.nodes, self.prefix.rstrip("/"), [], values, initializer=self.initializers
        )
