"""Puts a lean ONNX recurrence in place of each marker (`layers/marker.py`).

That is a `Scan` whose body holds the recurrent product and the cell's own `update`, converted by
tf2onnx: the projection stays outside, done once for all steps. Or, where ONNX has an operator that
is the cell and the target is better off with it (`operators.py`), that one; where this depends on
the batch, which is free, an `If` takes one of the two. All is standard ONNX and runs anywhere.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from keras_rnn_kit.exporting.compaction import Compaction
from keras_rnn_kit.exporting.nodes import Nodes, tensor_value
from keras_rnn_kit.exporting.operators import ALWAYS, operator_of
from keras_rnn_kit.exporting.tidying import all_nodes, bodies
from keras_rnn_kit.layers.marker import Mark

MARKER_OP, MARKER_DOMAIN = "Recurrence", "keras_rnn_kit"

# Converts a TensorFlow function with the given signature, of the cell of that name, to ONNX.
Converter = Callable[[Callable[..., Any], list[tf.TensorSpec], str], onnx.GraphProto]


def expand(graph: onnx.GraphProto, marks: list[Mark], convert: Converter) -> None:
    """Replaces every marker node of `graph` by the recurrence it stands for, in place."""
    _expand(graph, marks, convert, itertools.count())


def _expand(
    graph: onnx.GraphProto, marks: list[Mark], convert: Converter, numbers: Iterator[int]
) -> None:
    used = {name for node in all_nodes(graph) for name in node.input}
    used |= {output.name for output in graph.output}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        for body in bodies(node):  # a loop or a condition of the model's own
            _expand(body, marks, convert, numbers)
        if node.domain != MARKER_DOMAIN:
            nodes.append(node)
            continue
        # Not the mark's number: a function that is called twice has its one mark twice.
        written = Nodes(f"recurrence_{next(numbers)}/")
        _write(written, node, marks[node.attribute[0].i], used, convert)
        nodes.extend(written.nodes)
        graph.initializer.extend(written.initializers)
    del graph.node[:]
    graph.node.extend(nodes)


def _write(
    nodes: Nodes, marker: onnx.NodeProto, mark: Mark, used: set[str], convert: Converter
) -> None:
    sequence, *rest = marker.input
    states, rest = rest[: mark.states], rest[mark.states :]
    matrix = rest.pop(0) if mark.has_matrix else None
    compaction = Compaction(nodes, rest.pop(0)) if mark.has_mask else None
    if compaction:
        sequence = compaction.compact(sequence)
    outputs, *finals = marker.output

    # Only a mask makes the states after every step needed: a row may end anywhere.
    ends = bool(compaction) and any(name in used for name in finals)
    if mark.projected:
        written = _write_scan(nodes, mark, sequence, list(states), matrix, ends, convert)
        sequence_out, finals_out, histories = written
        if compaction:
            pairs = zip(states, histories, strict=False)
            finals_out = [compaction.final(initial, history) for initial, history in pairs]
    elif mark.operator_below == ALWAYS or ends:
        stops = compaction if ends else None
        weights = [nodes.constant(weight) for weight in operator_of(mark.cell).weights]
        sequence_out, finals_out = _write_operator(
            nodes, mark, sequence, list(states), weights, stops
        )
    else:
        sequence_out, *finals_out = _write_either(nodes, mark, sequence, list(states), convert)
    if outputs in used:
        if compaction:
            sequence_out = compaction.outputs(sequence_out)
        else:
            sequence_out = nodes.add("Transpose", [sequence_out], perm=[1, 0, 2])
    for name, made in zip([outputs, *finals], [sequence_out, *finals_out], strict=False):
        if name in used:
            nodes.nodes.append(onnx.helper.make_node("Identity", [made], [name]))


def _write_scan(
    nodes: Nodes,
    mark: Mark,
    projected: str,
    states: list[str],
    matrix: str | None,
    histories: bool,
    convert: Converter,
) -> tuple[str, list[str], list[str]]:
    body, output_is_state = _scan_body(nodes.prefix, mark, matrix, histories, convert)
    count = len(states)
    made = nodes.add(
        "Scan", [*states, projected], outputs=len(body.output), body=body, num_scan_inputs=1
    )
    histories_out = made[count + 1 :]
    if histories and output_is_state:
        histories_out = [made[count], *histories_out]
    return made[count], made[:count], histories_out


def _scan_body(
    prefix: str, mark: Mark, matrix: str | None, histories: bool, convert: Converter
) -> tuple[onnx.GraphProto, bool]:
    """One step: `(states, projected) -> (states, output, then each state again if asked for)`."""
    cell = mark.cell
    dtype = tf.as_dtype(cell.compute_dtype)
    sizes = cell.state_sizes
    widths: dict[str, int | None] = {
        "projected": mark.width,
        **{f"state_{k}": size for k, size in enumerate(sizes)},
    }
    if matrix is not None:
        widths["recurrent"] = mark.matrix_width
    signature = [tf.TensorSpec([None, width], dtype, name) for name, width in widths.items()]
    found: dict[str, bool] = {}

    def update(projected: Any, *rest: Any) -> dict[str, Any]:
        before = list(rest[: len(sizes)])
        recurrent = rest[len(sizes)] if matrix is not None else None
        with cell.own_precision():
            output, after = cell.update(projected, recurrent, before)
        found["output_is_state"] = output is after[0]
        named = {f"next_state_{k}": state for k, state in enumerate(after)}
        return named if output is after[0] else {**named, "output": output}

    converted = convert(update, signature, cell.name)
    output_is_state = found["output_is_state"]
    body = Nodes(f"{prefix}step/")
    rename = {value.name: f"{body.prefix}{value.name}" for value in converted.input}
    if matrix is not None:
        meeting = [rename[f"state_{k}"] for k in range(mark.states_in_product)]
        joined = meeting[0] if len(meeting) == 1 else body.add("Concat", meeting, axis=-1)
        product = body.add("MatMul", [joined, matrix])
        rename["recurrent"] = product
    copy_constants(converted, body, rename)
    copy_nodes(converted, body, rename)
    if matrix is not None and mark.width == mark.matrix_width:
        _fuse_product(body, product, rename["projected"])

    states_out = [rename[f"next_state_{k}"] for k in range(len(sizes))]
    scanned = [states_out[0] if output_is_state else rename["output"]]
    if histories:
        scanned += states_out[1:] if output_is_state else states_out
    names = body.outputs([*states_out, *scanned])

    def value(name: str, width: int | None) -> onnx.ValueInfoProto:
        return tensor_value(name, dtype.as_numpy_dtype, [None, width])

    inputs = [value(rename[f"state_{k}"], size) for k, size in enumerate(sizes)]
    inputs.append(value(rename["projected"], mark.width))
    scan_widths = [None] * (len(names) - len(sizes))
    outputs = [value(n, w) for n, w in zip(names, [*sizes, *scan_widths], strict=True)]
    graph = onnx.helper.make_graph(
        body.nodes, f"{prefix}step", inputs, outputs, initializer=body.initializers
    )
    return graph, output_is_state


def _fuse_product(body: Nodes, product: str, projected: str) -> None:
    """`state @ matrix + projected` becomes one `Gemm`: a third of a small step is its nodes' cost.

    Only where the two are of one width: `Gemm` does not widen its product.
    """
    readers = [node for node in body.nodes if product in node.input]
    if len(readers) != 1 or readers[0].op_type != "Add":
        return
    (add,) = readers
    if set(add.input) != {product, projected}:
        return
    multiply = next(node for node in body.nodes if product in node.output)
    at = body.nodes.index(add)
    inputs = [*multiply.input, projected]
    body.nodes[at] = onnx.helper.make_node("Gemm", inputs, add.output, name=multiply.name)
    body.nodes.remove(multiply)


def copy_constants(source: onnx.GraphProto, target: Nodes, rename: dict[str, str]) -> None:
    """Copies constants under the target's prefix; `rename` learns the new names."""
    for tensor in source.initializer:
        rename[tensor.name] = f"{target.prefix}{tensor.name}"
        copied = onnx.TensorProto()
        copied.CopyFrom(tensor)
        copied.name = rename[tensor.name]
        target.initializers.append(copied)


def copy_nodes(source: onnx.GraphProto, target: Nodes, rename: dict[str, str]) -> None:
    """Copies nodes under the target's prefix, their inputs renamed; `rename` learns the outputs."""
    for node in source.node:
        copied_node = onnx.NodeProto()
        copied_node.CopyFrom(node)
        for name in node.output:
            rename.setdefault(name, f"{target.prefix}{name}")
        copied_node.name = f"{target.prefix}{node.name}"
        copied_node.input[:] = [rename.get(name, name) for name in node.input]
        copied_node.output[:] = [rename[name] for name in node.output]
        target.nodes.append(copied_node)


def _write_either(
    nodes: Nodes,
    mark: Mark,
    inputs: str,
    states: list[str],
    convert: Converter,
) -> list[str]:
    """`[outputs, final states...]` by the operator for few rows, by a `Scan` for many.

    The weights are in the file once: the `Scan` turns those of the operator over.
    """
    operator = operator_of(mark.cell)
    weights = [nodes.constant(weight) for weight in operator.weights]
    rows = nodes.add("Squeeze", [nodes.dimension(inputs, 1)])
    few = nodes.add("Less", [rows, nodes.constant(int(mark.operator_below))])
    by_operator = Nodes(f"{nodes.prefix}operator/")
    outputs, finals = _write_operator(by_operator, mark, inputs, states, weights, None)

    by_scan = Nodes(f"{nodes.prefix}scan/")
    first = by_scan.constant([0])
    kernel, matrix = (
        by_scan.add("Transpose", [by_scan.add("Squeeze", [weight, first])], perm=[1, 0])
        for weight in weights[:2]
    )
    # What the cell adds to the product, which needn't be the operator's first bias.
    added = mark.cell.project(tf.zeros([1, mark.width], mark.cell.compute_dtype))
    bias = np.asarray(added)[0].astype(operator.weights[0].dtype)
    projected = by_scan.add("MatMul", [inputs, kernel])
    projected = by_scan.add("Add", [projected, by_scan.constant(bias)])
    wide = dataclasses.replace(mark, width=len(bias))
    scanned, after, _ = _write_scan(by_scan, wide, projected, states, matrix, False, convert)
    made: list[str] = nodes.add(
        "If",
        [few],
        outputs=1 + len(states),
        then_branch=by_operator.branch([outputs, *finals]),
        else_branch=by_scan.branch([scanned, *after]),
    )
    return made


def _write_operator(
    nodes: Nodes,
    mark: Mark,
    inputs: str,
    states: list[str],
    weights: list[str],
    stops: Compaction | None,
) -> tuple[str, list[str]]:
    """The cell's own operator: `(outputs, final states)`, those of each row's end with `stops`."""
    operator = operator_of(mark.cell)
    direction = nodes.constant([0])
    outputs, *finals = nodes.add(
        operator.kind,
        [
            inputs,
            *weights,
            # After compaction nothing reads an output past a row's end.
            stops.lengths() if stops else "",
            *(nodes.add("Unsqueeze", [state, direction]) for state in states),
        ],
        outputs=1 + len(states),
        hidden_size=mark.cell.units,
        **operator.attributes,
    )
    outputs = nodes.add("Squeeze", [outputs, nodes.constant([1])])
    finals = [nodes.add("Squeeze", [final, direction]) for final in finals]
    if stops:
        finals = [stops.or_initial(*pair) for pair in zip(states, finals, strict=True)]
    return outputs, finals
