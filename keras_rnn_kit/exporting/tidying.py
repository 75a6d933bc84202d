"""Walks over an ONNX graph and takes out what nothing depends on."""

from collections.abc import Iterator

import onnx
import onnx.numpy_helper


def bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs inside a node: the body of a `Loop` or `Scan`, the branches of an `If`."""
    return (a.g for a in node.attribute if a.type == onnx.AttributeProto.GRAPH)


def all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node of a graph, and of the graphs inside its nodes."""
    for node in graph.node:
        yield node
        for body in bodies(node):
            yield from all_nodes(body)


def fold_identities(graph: onnx.GraphProto) -> None:
    """Lets readers of an `Identity` read its source instead, where it is no graph output."""
    outputs = {output.name for output in graph.output}
    source: dict[str, str] = {}
    for node in graph.node:
        node.input[:] = [source.get(name, name) for name in node.input]
        if node.op_type == "Identity" and node.output[0] not in outputs:
            source[node.output[0]] = node.input[0]
    remove_unused(graph)


def remove_unused(graph: onnx.GraphProto) -> None:
    """Drops nodes and constants that no output depends on."""
    needed = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.isdisjoint(node.output):
            continue
        kept.append(node)
        needed |= set(node.input)
        # A body may read what stands outside it.
        needed |= {name for body in bodies(node) for n in all_nodes(body) for name in n.input}
        needed |= {output.name for body in bodies(node) for output in body.output}
    del graph.node[:]
    graph.node.extend(reversed(kept))
    constants = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(constants)


def merge_equal_constants(graph: onnx.GraphProto) -> None:
    """Keeps one of several constants that are the same, for graphs put together from others.

    Bodies may read it too: names are never used twice.
    """
    first: dict[tuple[int, tuple[int, ...], bytes], str] = {}
    instead: dict[str, str] = {}
    kept = []
    for tensor in graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        key = (tensor.data_type, values.shape, values.tobytes())
        if key in first:
            instead[tensor.name] = first[key]
        else:
            first[key] = tensor.name
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for node in all_nodes(graph):
        node.input[:] = [instead.get(name, name) for name in node.input]
