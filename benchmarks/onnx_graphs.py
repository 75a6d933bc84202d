"""The same recurrent model as ONNX, by every way to get there: embedding, recurrence, output.

- `kit`: `keras_rnn_kit.exporting.to_onnx`, target `cpu`;
- `Keras export`: `model.export(format="onnx")` of the model with Keras's own layers, or with those
  of `stock_structures.py`;
- `RNN, kit's cuda target`: the same exporter with ONNX's `RNN` operator;
- `RNN, by hand`: that operator with as little around it as can be. It has no mask.

The last two are for `SimpleRNN` alone: `GRU` and `LSTM` are operators on either target.

All take `tokens [B, T]` with both axes free and give one output, `[B, T, V]` or `[B, T, H]`. The
balanced tree has one T and `[B, V]` or `[B, H]`: stock Keras can't halve a length that it doesn't
know. The encoder-decoder reads the tokens as source and as target and always has its output layer.
"""

import contextlib
import dataclasses
import io
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
from keras import ops

from benchmarks import grid
from benchmarks import stock_structures as stock
from benchmarks.peers import OURS
from keras_rnn_kit import layers
from keras_rnn_kit import models as kit_models
from keras_rnn_kit.cells import GRUCell, SimpleRNNCell, WeightedCell
from keras_rnn_kit.exporting import to_onnx
from keras_rnn_kit.exporting.nodes import Nodes

KERAS_EXPORT = "Keras export"
OPERATOR, BY_HAND = "RNN, kit's cuda target", "RNN, by hand"
PEERS = (OURS, KERAS_EXPORT, OPERATOR, BY_HAND)


@keras.saving.register_keras_serializable(package="benchmarks")
class LeakyCell(WeightedCell):
    """A cell of one's own, as in `docs/your_own_cell.md`."""

    def update(self, projected: Any, recurrent: Any, states: Any) -> Any:
        """Half of the state stays."""
        h = 0.5 * states[0] + 0.5 * ops.tanh(projected + recurrent)
        return h, [h]


@dataclasses.dataclass(frozen=True)
class Structure:
    """The recurrent layers of a model: those of a module that has Keras's names, and H units."""

    make: Callable[[Any, int], list[Callable[[Any], Any]]]
    operator: bool = False  # ONNX's `RNN` is a peer
    factors: bool = True  # more is asked than to be no slower
    masks: bool = True  # padding can be told from steps
    fixed: bool = False  # each length is a model of its own
    whole: Callable[[Any, int, int], Any] | None = None  # by E and H, the model in place of layers
    torch: str = ""  # PyTorch's module, with how many layers, and in how many directions
    layers: int = 1
    directions: int = 1


def _sequences(name: str, count: int = 1) -> Callable[[Any, int], list[Any]]:
    return lambda module, units: [
        getattr(module, name)(units, return_sequences=True) for _ in range(count)
    ]


def _both_directions(module: Any, units: int) -> list[Any]:
    return [module.Bidirectional(*_sequences("SimpleRNN")(module, units))]


def _own(module: Any, units: int) -> list[Any]:
    return [module.RNN(LeakyCell(units), return_sequences=True)]


def _deep(module: Any, units: int) -> list[Any]:
    if module is layers:
        return [layers.DeepTransitionRNN(units, transition_depth=3, return_sequences=True)]
    cell = stock.DeepTransitionCell(units, depth=3)
    return [keras.layers.RNN(cell, return_sequences=True)]


def _feedback(both: bool) -> Callable[[Any, int], list[Any]]:
    """It runs free, as it does where it is served; the output is half as wide as the state."""

    def make(module: Any, units: int) -> list[Any]:
        outputs = max(1, units // 2)
        if module is layers:
            feedback = "both" if both else "output"
            # With R and U of gain 1 each it expands: a rounding would grow from step to step.
            halved = keras.initializers.Orthogonal(0.5)
            layer = layers.OutputFeedbackRNN(
                units, outputs, feedback, recurrent_initializer=halved, return_sequences=True
            )
            return [layer]
        cell = stock.OutputFeedbackCell(units, outputs, both)
        return [keras.layers.RNN(cell, return_sequences=True)]

    return make


def _conditional(module: Any, units: int) -> list[Any]:
    """The context is the first step's features."""
    if module is layers:
        layer: Any = layers.ConditionalRNN(SimpleRNNCell(units), "both", return_sequences=True)
    else:
        layer = stock.Conditional(units)
    return [lambda hidden: layer(hidden, hidden[:, 0])]


def _tree(module: Any, units: int) -> list[Any]:
    if module is layers:
        layer: Any = layers.RecursiveNetwork(GRUCell(units))
    else:
        layer = stock.BalancedTree(keras.layers.GRUCell(units), by_level=True)
    return [keras.layers.Dense(units), layer]


def _translator(module: Any, features: int, units: int) -> Any:
    size = grid.VOCABULARY
    if module is layers:
        return kit_models.EncoderDecoder(size, size, units, embedding=features, attention="luong")
    return stock.EncoderDecoder(size, units, features, key_bias=False)


STRUCTURES = {
    "SimpleRNN": Structure(_sequences("SimpleRNN"), operator=True, torch="RNN"),
    "GRU": Structure(_sequences("GRU"), torch="GRU"),
    "LSTM": Structure(_sequences("LSTM"), torch="LSTM"),
    "both directions": Structure(_both_directions, operator=True, torch="RNN", directions=2),
    "two layers": Structure(_sequences("SimpleRNN", 2), operator=True, torch="RNN", layers=2),
    "own cell": Structure(_own),
    "conditional": Structure(_conditional, factors=False),
    "output feedback": Structure(_feedback(both=False), factors=False),
    "both fed back": Structure(_feedback(both=True), factors=False),
    "deep transition": Structure(_deep, factors=False),
    "encoder-decoder": Structure(lambda module, units: [], factors=False, whole=_translator),
    "balanced tree": Structure(_tree, factors=False, masks=False, fixed=True),
}


def models(
    structure: str,
    features: int,
    units: int,
    *,
    masked: bool,
    logits: bool,
    time: int | None = None,
    seed: int = 0,
) -> tuple[keras.Model, keras.Model]:
    """The kit's and Keras's, of the same weights; `masked` masks id 0.

    `logits` puts an output layer on top. Biases are not zero, so that who forgets one is found out.
    `time` is for a structure of one length.
    """
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    kind = STRUCTURES[structure]
    made = []
    for module in (layers, keras.layers):
        tokens = keras.Input((time if kind.fixed else None,), dtype="int32")
        if kind.whole is not None:
            model = kind.whole(module, features, units)
            model.build()
            made.append(keras.Model(tokens, model((tokens, tokens))))
        else:
            made.append(_model(tokens, kind.make(module, units), features, masked, logits))
    ours, theirs = made
    for weight in ours.weights:
        if "bias" in weight.name:  # `bias_0` and `output_bias` too
            weight.assign(rng.normal(0, 0.1, weight.shape))
    for weight, like in zip(theirs.weights, ours.trainable_weights, strict=True):
        weight.assign(like)
    return ours, theirs


def onnx_graphs(ours: keras.Model, theirs: keras.Model, structure: str) -> dict[str, bytes]:
    """By peer, the ONNX file of two models that `models` made."""
    graphs = {OURS: _kit_export(ours, "cpu"), KERAS_EXPORT: _keras_export(theirs)}
    if not STRUCTURES[structure].operator:
        return graphs
    graphs[OPERATOR] = _kit_export(ours, "cuda")
    embedding, *rest = ours.get_weights()
    if structure == "SimpleRNN" and not ours.layers[1].mask_zero:
        graphs[BY_HAND] = _by_hand(embedding, rest[:3], rest[3:])
    return graphs


def _model(
    tokens: Any, recurrent: list[Any], features: int, masked: bool, logits: bool
) -> keras.Model:
    hidden = keras.layers.Embedding(grid.VOCABULARY, features, mask_zero=masked)(tokens)
    for layer in recurrent:
        hidden = layer(hidden)
    return keras.Model(tokens, keras.layers.Dense(grid.VOCABULARY)(hidden) if logits else hidden)


def _kit_export(model: keras.Model, target: str) -> bytes:
    signature = [tf.TensorSpec(model.input_shape, tf.int32, name="tokens")]
    exported = to_onnx(
        lambda tokens: {"y": model(tokens, training=False)}, signature, target=target
    )
    return bytes(exported.SerializeToString())


def _keras_export(model: keras.Model) -> bytes:
    length = model.input_shape[1] or 2
    model(np.ones((1, length), np.int32))  # Keras refuses to export what was never called
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
