"""A product of what is looked up is itself looked up.

Each row of `Embedding(ids) @ kernel + bias` is one of V rows. They are computed here, once, and
the graph takes them from a table `[V, G]`: no product is left before the recurrence. A one-hot
vector is a row of the identity matrix. What only moves rows about on the way, a transposition, a
reversal in time, the compaction of a mask, moves the ids instead.

A table that would be much larger than what it replaces is not made.
"""

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from keras_rnn_kit.exporting.nodes import Nodes
from keras_rnn_kit.exporting.tidying import all_nodes, bodies, remove_unused, sort_nodes

_SMALL = 1 << 20  # bytes that a table may have in any case
_TIMES = 2  # of the bytes of embedding and kernel, that it may have otherwise


def fold_lookups(graph: onnx.GraphProto) -> None:
    """Looks products of looked-up rows up, in place; the graphs inside its nodes are left alone."""
    folder = _Folder(graph)
    for node in list(graph.node):
        table = folder.table(node)
        if table is not None:
            folder.follow(node.output[0], node.input[_IDS[node.op_type]], table)
    folder.finish()


# Which input of a look-up holds the ids.
_IDS = {"Gather": 1, "OneHot": 0}


@dataclasses.dataclass(frozen=True)
class _Table:
    """Rows `[V, E]`; of one-hot vectors, which are too many to be written out, just their size."""

    shape: tuple[int, int]
    rows: npt.NDArray[Any] | None

    def times(self, kernel: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """The products with a kernel `[E, G]`."""
        wide = kernel.astype(np.float64)
        return wide if self.rows is None else self.rows.astype(np.float64) @ wide

    @property
    def nbytes(self) -> int:
        return 0 if self.rows is None else self.rows.nbytes


class _Folder:
    def __init__(self, graph: onnx.GraphProto):
        self._graph = graph
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self._readers[name].append(node)
        # What something besides this graph's own nodes reads.
        self._kept = {output.name for output in graph.output}
        inside = (body for node in graph.node for body in bodies(node))
        self._kept |= {name for body in inside for n in all_nodes(body) for name in n.input}
        self._nodes = Nodes("lookup/")
        self._replaced: set[str] = set()  # outputs that a new node gives
        self._count = itertools.count()

    def table(self, node: onnx.NodeProto) -> _Table | None:
        """What the node looks up along a last axis, if it does."""
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Gather" and not attributes.get("axis", 0):
            rows = self._matrix(node.input[0])
            if rows is not None and rows.dtype.kind == "f":
                return _Table((len(rows), rows.shape[1]), rows)
        if node.op_type == "OneHot" and attributes.get("axis", -1) == -1:
            depth, values = (self._constants.get(name) for name in node.input[1:])
            if depth is None or values is None:
                return None
            off_on = numpy_helper.to_array(values)
            if off_on.dtype.kind == "f" and off_on.tolist() == [0, 1]:
                size = int(numpy_helper.to_array(depth).reshape(-1)[0])
                return _Table((size, size), None)
        return None

    def _matrix(self, name: str) -> npt.NDArray[Any] | None:
        tensor = self._constants.get(name)
        return None if tensor is None or len(tensor.dims) != 2 else numpy_helper.to_array(tensor)

    def follow(self, looked_up: str, ids: str, table: _Table) -> None:
        """Folds what reads `looked_up`, `[..., E]`, whose row k is `table[ids[k]]`."""
        for reader in self._readers[looked_up]:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in reader.attribute}
            result, perm = reader.output[0], attributes.get("perm", [])
            if reader.op_type == "MatMul" and reader.input[0] == looked_up:
                self._fold(reader, ids, table)
            elif reader.op_type == "Shape" and not attributes:
                width = self._nodes.constant([table.shape[1]])
                self._give(result, "Concat", [self._nodes.add("Shape", [ids]), width], axis=0)
            elif reader.op_type == "Transpose" and perm and perm[-1] == len(perm) - 1:
                self.follow(result, self._nodes.add("Transpose", [ids], perm=perm[:-1]), table)
            elif reader.op_type == "ReverseSequence" and reader.input[0] == looked_up:
                moved = self._nodes.add("ReverseSequence", [ids, reader.input[1]], **attributes)
                self.follow(result, moved, table)

    def _fold(self, multiply: onnx.NodeProto, ids: str, table: _Table) -> None:
        kernel = self._matrix(multiply.input[1])
        if kernel is None or kernel.shape[0] != table.shape[1]:
            return
        result, bias = multiply.output[0], None
        for add in self._only_reader(result):
            other = [name for name in add.input if name != result]
            tensor = self._constants.get(other[0]) if other else None
            if add.op_type == "Add" and tensor is not None and [*tensor.dims] == [kernel.shape[1]]:
                result, bias = add.output[0], numpy_helper.to_array(tensor)
        before = table.nbytes + kernel.nbytes
        if table.shape[0] * kernel[0].nbytes > max(_SMALL, _TIMES * before):
            return
        rows = table.times(kernel)
        self._look_up(result, ids, (rows if bias is None else rows + bias).astype(kernel.dtype))

    def _look_up(self, result: str, ids: str, rows: npt.NDArray[Any]) -> None:
        """Gives `result` by looking it up; where it is laid in rows and some are taken, those."""
        constant = self._nodes.constant(rows)
        for flatten, take in self._taken_rows(result):
            flat = self._nodes.add("Reshape", [ids, self._nodes.constant([-1])])
            taken = self._nodes.add("Gather", [flat, take.input[1]])
            self._give(take.output[0], "Gather", [constant, taken])
            self._replaced |= {flatten.output[0], result}
            return
        self._give(result, "Gather", [constant, ids])

    def _taken_rows(self, name: str) -> Iterator[tuple[onnx.NodeProto, onnx.NodeProto]]:
        """`Reshape(x, [-1, its last dimension])` and the `Gather` of it, if nothing else is read.

        As `Compaction` moves the steps of a sequence.
        """
        readers = {reader.op_type: reader for reader in self._readers[name]}
        if name in self._kept or set(readers) != {"Shape", "Reshape"}:
            return
        if len(self._readers[name]) != len(readers):
            return
        start = {a.name: a.i for a in readers["Shape"].attribute}.get("start")
        for joined in self._only_reader(readers["Shape"].output[0]):
            minus_one = self._constants.get(joined.input[0])
            if start != 2 or joined.op_type != "Concat" or minus_one is None:
                continue
            if numpy_helper.to_array(minus_one).tolist() != [-1]:
                continue
            if readers["Reshape"].input[1] != joined.output[0]:
                continue
            for take in self._only_reader(readers["Reshape"].output[0]):
                if take.op_type == "Gather" and not any(a.i for a in take.attribute):
                    yield readers["Reshape"], take

    def _only_reader(self, name: str) -> Iterator[onnx.NodeProto]:
        if name not in self._kept and len(self._readers[name]) == 1:
            yield self._readers[name][0]

    def _give(self, output: str, op: str, inputs: list[str], **attributes: Any) -> None:
        made = onnx.helper.make_node(
            op, inputs, [output], name=f"lookup/{op}:{next(self._count)}", **attributes
        )
        self._nodes.nodes.append(made)
        self._replaced.add(output)

    def finish(self) -> None:
        """Puts the new nodes in the place of those whose outputs they give."""
        if not self._replaced:
            return
        kept = [node for node in self._graph.node if self._replaced.isdisjoint(node.output)]
        del self._graph.node[:]
        self._graph.node.extend([*kept, *self._nodes.nodes])
        self._graph.initializer.extend(self._nodes.initializers)
        sort_nodes(self._graph)
        remove_unused(self._graph)
