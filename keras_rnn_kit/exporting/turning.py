"""A sequence is turned from time first to batch first where it is narrowest.

The logits of a small vocabulary are a fraction of the states that they are made of: a product makes
them first, and then they are turned.
"""

from collections import defaultdict

import onnx

from keras_rnn_kit.exporting.tidying import all_nodes, sort_nodes

_TURN = [1, 0, 2]


def turn_late(graph: onnx.GraphProto) -> None:
    """Moves each transposition behind a product, and its bias, that narrows what was turned."""
    constants = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in all_nodes(graph):
        for name in node.input:
            readers[name].append(node)
    outputs = {output.name for output in graph.output}

    def only_reader(name: str) -> onnx.NodeProto | None:
        found = readers[name]
        return found[0] if len(found) == 1 and name not in outputs else None

    for turn in graph.node:
        perm = [list(attribute.ints) for attribute in turn.attribute]
        if turn.op_type != "Transpose" or perm != [_TURN]:
            continue
        multiply = only_reader(turn.output[0])
        if multiply is None or multiply.op_type != "MatMul" or multiply not in graph.node:
            continue
        matrix = constants.get(multiply.input[1], [])
        if len(matrix) != 2 or matrix[1] >= matrix[0] or multiply.input[0] != turn.output[0]:
            continue
        last, add = multiply, only_reader(multiply.output[0])
        if add is not None and add.op_type == "Add" and add in graph.node:
            others = [constants.get(name) for name in add.input if name != multiply.output[0]]
            last = add if others == [matrix[1:]] else multiply
        multiply.input[0] = turn.input[0]
        result, before = last.output[0], f"{last.output[0]}/turned"
        last.output[0] = turn.input[0] = before
        turn.output[0] = result
    sort_nodes(graph)
