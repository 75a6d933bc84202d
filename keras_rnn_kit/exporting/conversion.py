"""A traced Keras function to an ONNX model: tf2onnx around, our recurrences inside."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import scan, stock
from keras_rnn_kit.exporting.detours import shorten
from keras_rnn_kit.exporting.graphs import Graph, Port
from keras_rnn_kit.exporting.operators import wants_operator
from keras_rnn_kit.exporting.tidying import all_nodes, fold_identities
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
) -> onnx.ModelProto:
    """Converts `function(*signature) -> {name: tensor}`; inputs and outputs keep their names.

    Where a cell is one that ONNX has an operator for, `target` decides between that and a `Scan`.
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
    with marker.marking(wants_operator(target)) as marks, stock.on_engine():
        model = _convert(function, signature, opset)

    def convert_step(step: Callable[..., Any], specs: list[tf.TensorSpec]) -> onnx.GraphProto:
        return _convert(step, specs, opset).graph

    scan.expand(model.graph, marks, convert_step)
    fold_identities(model.graph)
    shorten(model.graph)
    domains = [entry for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    del model.opset_import[:]
    model.opset_import.extend(domains)
    model.producer_name = "keras_rnn_kit"
    onnx.checker.check_model(model, full_check=True)
    return model


def graph_to_onnx(graph: Graph, target: str, opset: int) -> onnx.ModelProto:
    """Converts a graph; its free axes keep their names."""
    signature = [port.tensor_spec() for port in graph.inputs]
    exported = to_onnx(graph.function, signature, target=target, opset=opset)
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
    function: Callable[..., Any], signature: list[tf.TensorSpec], opset: int
) -> onnx.ModelProto:
    traced = tf.function(function, input_signature=signature, autograph=False)
    _check(traced.get_concrete_function().graph)
    with _failures() as failures:
        model, _ = tf2onnx.convert.from_function(
            traced,
            input_signature=signature,
            opset=opset,
            custom_ops={scan.MARKER_OP: scan.MARKER_DOMAIN},
            custom_op_handlers={"PyFuncStateless": (_keep_marker, [])},
        )
    left = {node.op_type for node in all_nodes(model.graph) if not _known(node)}
    if left or failures:
        names = ", ".join(sorted(left)) or failures[0]
        raise KitError(
            f"every operation must have an ONNX form; {names} has none. Leave the layer that uses "
            "it out of the exported model."
        )
    return model


def _known(node: onnx.NodeProto) -> bool:
    # tf2onnx leaves an operation that it doesn't know as it was, in ONNX's own domain.
    return node.domain == scan.MARKER_DOMAIN or onnx.defs.has(node.op_type, node.domain)


def _check(graph: Any) -> None:
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
                f"a layer that calls Python (tf.py_function, operation {node.name!r}) can't be "
                "exported. Write it with keras.ops, or leave it out of the exported model."
            )
        if node.op.startswith("Assign") and node.op.endswith("VariableOp"):
            raise KitError(
                "an exported model must be stateless, since ONNX keeps nothing between two runs; "
                f"received one that writes to a variable ({node.name!r}). Build it with "
                "stateful=False, or pass initial_state and return_state=True to hand states on."
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
