"""A traced Keras function to an ONNX model: tf2onnx around, our recurrences inside."""

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import scan, stock
from keras_rnn_kit.exporting.detours import shorten
from keras_rnn_kit.exporting.graphs import Graph, Port
from keras_rnn_kit.exporting.lookup import fold_lookups
from keras_rnn_kit.exporting.operators import operator_below
from keras_rnn_kit.exporting.tidying import all_nodes, fold_identities
from keras_rnn_kit.exporting.turning import turn_late
from keras_rnn_kit.layers import marker

TARGETS = ("cpu", "cuda")
OPSETS = range(15, 19)  # what the expansions need, and what tf2onnx 1.17 writes
_PYTHON = ("EagerPyFunc", "PyFunc", "PyFuncStateless")


def to_onnx(
    function: Callable[..., dict[str, Any]],
    signature: list[tf.TensorSpec],
    *,
    target: str = "cpu",
    opset: int = 18,
    quantized: bool = False,
) -> onnx.ModelProto:
    """Converts `function(*signature) -> {name: tensor}`; inputs and outputs keep their names.

    Where a cell is one that ONNX has an operator for, `target` decides between that and a `Scan`;
    and `quantized`, which says that `quantization.to_int8` is to follow.
    Raises `KitError` for another target or opset, where an operation has no ONNX form or calls
    Python, and where a layer is stateful, since an ONNX graph keeps nothing between two runs.
    """
    if target not in TARGETS:
        raise KitError(f"target must be one of {', '.join(TARGETS)}; received {target!r}.")
    if opset not in OPSETS:
        raise KitError(
            f"opset must lie between {OPSETS[0]} and {OPSETS[-1]}; received {opset}. Leave it out "
            "to take the newest."
        )
    with marker.marking(operator_below(target, quantized)) as marks, stock.on_engine():
        model = _convert(function, signature, opset)

    def convert_step(
        step: Callable[..., Any], specs: list[tf.TensorSpec], cell: str
    ) -> onnx.GraphProto:
        return _convert(step, specs, opset, f"the update of the cell {cell!r}").graph

    scan.expand(model.graph, marks, convert_step)
    fold_identities(model.graph)
    shorten(model.graph)
    fold_lookups(model.graph)
    turn_late(model.graph)
    domains = [entry for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    del model.opset_import[:]
    model.opset_import.extend(domains)
    model.producer_name = "keras_rnn_kit"
    onnx.checker.check_model(model, full_check=True)
    return model


def graph_to_onnx(
    graph: Graph, target: str, opset: int, quantized: bool = False
) -> onnx.ModelProto:
    """Converts a graph; its outputs keep their order and its free axes their names."""
    signature = [port.tensor_spec() for port in graph.inputs]
    exported = to_onnx(graph.function, signature, target=target, opset=opset, quantized=quantized)
    order = [port.name for port in graph.outputs]  # TensorFlow has them by the alphabet
    outputs = sorted(exported.graph.output, key=lambda output: order.index(output.name))
    del exported.graph.output[:]
    exported.graph.output.extend(outputs)
    name_axes(exported.graph.input, graph.inputs)
    name_axes(exported.graph.output, graph.outputs)
    return exported


def name_axes(values: Iterable[onnx.ValueInfoProto], ports: Iterable[Port]) -> None:
    """Gives the free axes of a graph's inputs or outputs their names."""
    shapes = {port.name: port.shape for port in ports}
    for value in values:
        dimensions = value.type.tensor_type.shape.dim
        for dimension, size in zip(dimensions, shapes[value.name], strict=True):
            if isinstance(size, str):
                dimension.dim_param = size


def _convert(
    function: Callable[..., Any],
    signature: list[tf.TensorSpec],
    opset: int,
    within: str = "the function",
) -> onnx.ModelProto:
    traced = tf.function(function, input_signature=signature, autograph=False)
    _check(traced.get_concrete_function().graph, within)
    with _failures() as failures:
        model, _ = tf2onnx.convert.from_function(
            traced,
            input_signature=signature,
            opset=opset,
            custom_ops={scan.MARKER_OP: scan.MARKER_DOMAIN},
            custom_op_handlers={"PyFuncStateless": (_keep_marker, [])},
        )
    left = [
        f"{node.op_type} in {_place(node.name, within)}"
        for node in all_nodes(model.graph)
        if not _known(node)
    ]
    if left or failures:
        names = ", ".join(dict.fromkeys(left)) or failures[0]
        raise KitError(
            f"every operation must have an ONNX form; received {names}, which has none. Write it "
            "with other operations, or leave the layer out of the exported model."
        )
    return model


def _place(node: str, within: str) -> str:
    """Where an operation stands, for messages: `whole_1/dense_1/Erf` does in the layer `dense`."""
    # TensorFlow numbers the scope of each call of a layer; scopes inside of it have capitals.
    layers = [scope for scope in node.split("/")[:-1] if re.fullmatch(r"[^A-Z]+_[0-9]+", scope)]
    return f"the layer {layers[-1].rpartition('_')[0]!r} ({node})" if layers else within


def _known(node: onnx.NodeProto) -> bool:
    # tf2onnx leaves an operation that it doesn't know as it was, in ONNX's own domain.
    return node.domain == scan.MARKER_DOMAIN or onnx.defs.has(node.op_type, node.domain)


def _check(graph: Any, within: str) -> None:
    """`KitError` for what no ONNX graph can do: call Python, or remember."""
    definition = graph.as_graph_def()
    nodes = [
        *definition.node,
        *(node for body in definition.library.function for node in body.node_def),
    ]
    for node in nodes:
        ours = node.attr["token"].s.decode().startswith(marker.TOKEN_PREFIX)
        if node.op in _PYTHON and not ours:
            raise KitError(
                "an exported model must not call Python (tf.py_function, tf.numpy_function); "
                f"received {node.op} in {_place(node.name, within)}. Write it with keras.ops, or "
                "leave the layer out of the exported model."
            )
        if node.op.startswith("Assign") and node.op.endswith("VariableOp"):
            raise KitError(
                "an exported model must be stateless, since ONNX keeps nothing between two runs; "
                f"received one that writes to a variable in {_place(node.name, within)}. Build "
                "it with stateful=False, or take export_onnx_file, which makes the states of "
                "recurrent layers inputs and outputs."
            )


def _keep_marker(context: Any, node: Any, name: str, arguments: list[Any]) -> None:
    """tf2onnx's handler: the marker stays one node, in a domain of its own."""
    token = node.get_attr_value("token")
    token = token.decode() if isinstance(token, bytes) else token
    for attribute in list(node.attr):
        del node.attr[attribute]
    node.type = scan.MARKER_OP
    node.domain = scan.MARKER_DOMAIN
    node.set_attr("mark", int(token.removeprefix(marker.TOKEN_PREFIX)))


@contextlib.contextmanager
def _failures() -> Iterator[list[str]]:
    """Yields the list of what tf2onnx fails at, which it only writes to its log."""
    failures: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            failures.append(record.getMessage().splitlines()[0])

    listener = Listener(logging.ERROR)
    logger = logging.getLogger("tf2onnx")
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        # The one warns of the marker's unknown shape, which is set right behind it; the other of
        # tables that have nothing to do with the model.
        with quiet("tf2onnx"), quiet("tensorflow"):
            yield failures
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagate


@contextlib.contextmanager
def quiet(name: str) -> Iterator[None]:
    """Keeps a library's warnings, which the user can do nothing about, out of its log."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
