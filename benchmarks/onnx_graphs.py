"""The same recurrent model as ONNX, by every way to get there: embedding, recurrence, output.

- `kit`: `keras_rnn_kit.exporting.to_onnx`, target `cpu`;
- `Keras export`: `model.export(format="onnx")` of the model with Keras's own layer;
- `RNN, kit's cuda target`: the same exporter with ONNX's `RNN` operator;
- `RNN, by hand`: that operator with as little around it as can be. It has no mask.

The last two are for `SimpleRNN` alone: `GRU` and `LSTM` are operators on either target.

All take `tokens [B, T]` with both axes free and give one output, `[B, T, V]` or `[B, T, H]`.
"""

import contextlib
import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf

from benchmarks import grid
from benchmarks.grid import Shape
from benchmarks.layer_step import SIMPLE_RNN, Kind
from benchmarks.peers import OURS
from keras_rnn_kit import layers
from keras_rnn_kit.exporting import to_onnx
from keras_rnn_kit.exporting.nodes import Nodes

KERAS_EXPORT = "Keras export"
PEERS = (OURS, KERAS_EXPORT, "RNN, kit's cuda target", "RNN, by hand")


def onnx_graphs(
    shape: Shape, *, masked: bool, logits: bool, seed: int = 0, kind: Kind = SIMPLE_RNN
) -> dict[str, bytes]:
    """By peer, the ONNX file; `masked` masks id 0, `logits` puts an output layer on top."""
    rng = np.random.default_rng(seed)
    recurrent = grid.weights(shape, rng, kind.gates, kind.biases)
    embedding = rng.uniform(-1, 1, (grid.VOCABULARY, shape.features)).astype(np.float32)
    output = rng.normal(0, 0.1, (shape.units, grid.VOCABULARY)).astype(np.float32)
    bias = rng.normal(0, 0.1, grid.VOCABULARY).astype(np.float32)
    head = [output, bias] if logits else []
    weights = [embedding, *recurrent, *head]

    ours = _model(getattr(layers, kind.name), shape, masked, logits, weights)
    theirs = _model(getattr(keras.layers, kind.name), shape, masked, logits, weights)
    graphs = {OURS: _kit_export(ours, "cpu"), KERAS_EXPORT: _keras_export(theirs)}
    if kind is not SIMPLE_RNN:
        return graphs
    graphs["RNN, kit's cuda target"] = _kit_export(ours, "cuda")
    if not masked:
        graphs["RNN, by hand"] = _by_hand(embedding, recurrent, head)
    return graphs


def _model(
    layer_class: Any, shape: Shape, masked: bool, logits: bool, weights: list[Any]
) -> keras.Model:
    tokens = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(grid.VOCABULARY, shape.features, mask_zero=masked)(tokens)
    hidden = layer_class(shape.units, return_sequences=True)(hidden)
    model = keras.Model(tokens, keras.layers.Dense(grid.VOCABULARY)(hidden) if logits else hidden)
    model.set_weights(weights)
    return model


def _kit_export(model: keras.Model, target: str) -> bytes:
    signature = [tf.TensorSpec([None, None], tf.int32, name="tokens")]
    exported = to_onnx(
        lambda tokens: {"y": model(tokens, training=False)}, signature, target=target
    )
    return bytes(exported.SerializeToString())


def _keras_export(model: keras.Model) -> bytes:
    model(np.ones((1, 2), np.int32))  # Keras refuses to export what was never called
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        # It prints where it wrote to, and its patch of tf2onnx asks NumPy for an alias of old.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            model.export(path, format="onnx", verbose=False)
        return path.read_bytes()


def _by_hand(embedding: Any, recurrent: list[Any], head: list[Any]) -> bytes:
    """Time first, as the operator wants it: the tokens are turned, and the output, no more."""
    kernel, recurrent_kernel, bias = recurrent
    units = kernel.shape[1]
    nodes = Nodes("")
    turned = nodes.add("Transpose", ["tokens"], perm=[1, 0])
    embedded = nodes.add("Gather", [nodes.constant(embedding), turned])
    operands = [
        nodes.constant(kernel.T[None]),
        nodes.constant(recurrent_kernel.T[None]),
        nodes.constant(np.concatenate([bias, np.zeros_like(bias)])[None]),
    ]
    hidden = nodes.add("RNN", [embedded, *operands], hidden_size=units)  # [T, 1, B, H]
    result = nodes.add("Squeeze", [hidden, nodes.constant([1])])
    if head:
        result = nodes.add("MatMul", [result, nodes.constant(head[0])])
        result = nodes.add("Add", [result, nodes.constant(head[1])])
    nodes.nodes.append(onnx.helper.make_node("Transpose", [result], ["y"], perm=[1, 0, 2]))

    width = grid.VOCABULARY if head else units
    graph = onnx.helper.make_graph(
        nodes.nodes,
        "by_hand",
        [onnx.helper.make_tensor_value_info("tokens", onnx.TensorProto.INT32, ["B", "T"])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["B", "T", width])],
        initializer=nodes.initializers,
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
