"""Keras models to ONNX and through onnxruntime, and what the graphs look like."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

from keras_rnn_kit.exporting import to_onnx
from tests.catalogue import cases_of

# Both compute in float32, where a sum of some ten terms of size 1 is off by 1e-6 when it is added
# up in another order; the recurrence hands that on for up to seven steps. A wrong step, weight or
# mask is off by 1e-2 and more.
TOLERANCE = 1e-5

VOCABULARY, FEATURES, UNITS = 9, 3, 4

# Rows of ids, 0 being padding: at the right, at the left, in the middle, all over, everywhere, and
# nowhere.
MASKED = np.array(
    [
        [3, 1, 4, 1, 0, 0, 0],
        [0, 0, 5, 8, 2, 6, 5],
        [3, 5, 0, 0, 0, 8, 7],
        [0, 3, 0, 2, 3, 0, 8],
        [0, 0, 0, 0, 0, 0, 0],
        [4, 6, 2, 6, 4, 3, 3],
    ],
    np.int32,
)
# Each once; what is written for a mask and for a target does not meet.
MASKED_AND_TARGET = pytest.mark.parametrize(
    ("masked", "target"),
    cases_of(
        [(True, "cpu"), (False, "cuda"), (True, "cuda"), (False, "cpu")],
        [(True, "cpu"), (False, "cuda")],
    ),
)
BATCHES = (MASKED, MASKED[:1, :1], MASKED[4:5, :1], MASKED[1:3])


def convert(model: keras.Model, target: str = "cpu", opset: int = 18) -> onnx.ModelProto:
    """A functional or Sequential model, with the outputs `output_0`, `output_1`, ..."""
    signature = [tf.TensorSpec(x.shape, x.dtype, f"input_{k}") for k, x in enumerate(model.inputs)]

    def function(*inputs: Any) -> dict[str, Any]:
        outputs = model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
        return {f"output_{k}": output for k, output in enumerate(tf.nest.flatten(outputs))}

    return to_onnx(function, signature, target=target, opset=opset)


def run(exported: onnx.ModelProto, *inputs: np.ndarray) -> list[np.ndarray]:
    """What onnxruntime makes of it on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        exported.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    assert names == [f"output_{k}" for k in range(len(names))]
    feed = {f"input_{k}": values for k, values in enumerate(inputs)}
    return session.run(names, feed)


def twin(model: keras.Model, stock: keras.Model, spread: float = 0.5) -> keras.Model:
    """`stock` with the weights of `model`, drawn anew so that no bias is zero."""
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0, spread, weight.shape) for weight in model.get_weights()])
    stock.set_weights(model.get_weights())
    return stock


def assert_equal(
    exported: onnx.ModelProto, stock: keras.Model, *inputs: np.ndarray, tolerance: float = TOLERANCE
) -> None:
    """onnxruntime's outputs are Keras's, each of the same shape."""
    expected = stock(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
    received = run(exported, *inputs)
    expected = [np.asarray(output) for output in tf.nest.flatten(expected)]
    assert [output.shape for output in received] == [output.shape for output in expected]
    for k, (one, other) in enumerate(zip(received, expected, strict=True)):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance, err_msg=f"output_{k}")


def nodes_of(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes, those of bodies too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from nodes_of(attribute.g)


def kinds(exported: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in nodes_of(exported.graph)]


LOOPS = ("Scan", "RNN", "LSTM", "GRU", "Loop")


def recurrences(exported: onnx.ModelProto) -> list[str]:
    """The kind of each recurrence; of one that has two forms, its operator."""
    nodes = [node for node in nodes_of(exported.graph) if "/scan/" not in node.name]
    return [node.op_type for node in nodes if node.op_type in LOOPS]


def scans(exported: onnx.ModelProto) -> list[onnx.NodeProto]:
    return [node for node in exported.graph.node if node.op_type == "Scan"]


def body_of(scan: onnx.NodeProto) -> onnx.GraphProto:
    return next(attribute.g for attribute in scan.attribute if attribute.name == "body")
