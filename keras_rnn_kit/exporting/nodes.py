"""A small writer of ONNX nodes: each call adds one node and returns the name of its output."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper


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

    def dimension(self, tensor: str, axis: int) -> str:
        """The size of one axis, `[1]` int64."""
        return self.add("Shape", [tensor], start=axis, end=axis + 1)
