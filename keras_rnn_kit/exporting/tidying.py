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
        needed |= {name for body in bodies(node) for name in _read(body)}
    del graph.node[:]
    graph.node.extend(reversed(kept))
    constants = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(constants)


def hoist_constants(graph: onnx.GraphProto) -> None:
    """Moves the constants of all bodies into the outermost graph, where they can be merged.

    One name must stand for one value, in whatever body it is.
    """
    found = {tensor.name: tensor for tensor in graph.initializer}
    for node in all_nodes(graph):
        for body in bodies(node):
            for tensor in body.initializer:
                same = found.setdefault(tensor.name, tensor)
                assert same == tensor, f"two constants have the name {tensor.name}"
    constants = [onnx.TensorProto.FromString(t.SerializeToString()) for t in found.values()]
    for node in all_nodes(graph):
        for body in bodies(node):
            del body.initializer[:]
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


def sort_nodes(graph: onnx.GraphProto) -> None:
    """Puts each node behind those that it, or a body inside it, reads from; else in their order."""
    made_by = {name: k for k, node in enumerate(graph.node) for name in node.output}
    nodes, done = list(graph.node), [False] * len(graph.node)
    ordered: list[onnx.NodeProto] = []
    for start in range(len(nodes)):
        waiting = [start]
        while waiting:
            at = waiting[-1]
            inside = (name for body in bodies(nodes[at]) for name in _read(body))
            read = (made_by.get(name) for name in (*nodes[at].input, *inside))
            before = [k for k in read if k is not None and not done[k]]
            if before and not done[at]:
                waiting.append(before[0])
                continue
            waiting.pop()
            if not done[at]:
                done[at] = True
                ordered.append(nodes[at])
    del graph.node[:]
    graph.node.extend(ordered)


def _read(body: onnx.GraphProto) -> set[str]:
    """All names that a body reads, from itself or from around it."""
    names = {name for node in all_nodes(body) for name in node.input}
    return names | {output.name for output in body.output}
