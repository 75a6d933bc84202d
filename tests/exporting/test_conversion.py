from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from keras_rnn_kit.exporting import to_onnx
from keras_rnn_kit.layers import SimpleRNN, TemporalPooling
from tests.exporting.conversions import (
    BATCHES,
    FEATURES,
    MASKED,
    MASKED_AND_TARGET,
    UNITS,
    VOCABULARY,
    assert_equal,
    body_of,
    convert,
    kinds,
    scans,
    twin,
)

Layer = Callable[..., Any]
ALL = {"return_sequences": True, "return_state": True}


def over_tokens(body: Callable[[Layer, Any], Any], layer: Layer, masked: bool) -> keras.Model:
    tokens = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=masked)
    return keras.Model(tokens, body(layer, embedding(tokens)))


def bidirectional(layer: Layer, x: Any, **arguments: Any) -> Any:
    merge = arguments.pop("merge_mode", "concat")
    return keras.layers.Bidirectional(layer(UNITS, **arguments), merge_mode=merge)(x)


def doubled_tanh(x: Any) -> Any:
    return 2 * keras.ops.tanh(x)


def twice(layer: Layer, x: Any) -> Any:
    shared = layer(FEATURES, return_sequences=True)
    return shared(shared(x))


# How many recurrences the graph has, and the layers between embedded tokens and outputs.
BODIES: dict[str, tuple[int, Callable[[Layer, Any], Any]]] = {
    "the last output": (1, lambda layer, x: layer(UNITS)(x)),
    "all outputs": (1, lambda layer, x: layer(UNITS, return_sequences=True)(x)),
    "the last output and state": (1, lambda layer, x: layer(UNITS, return_state=True)(x)),
    "all outputs and state": (1, lambda layer, x: layer(UNITS, **ALL)(x)),
    "the state alone": (1, lambda layer, x: layer(UNITS, return_state=True)(x)[1]),
    "backwards": (1, lambda layer, x: layer(UNITS, go_backwards=True, **ALL)(x)),
    "stacked": (2, lambda layer, x: layer(UNITS, **ALL)(layer(5, return_sequences=True)(x))),
    "shared": (2, twice),
    "both ways": (2, lambda layer, x: bidirectional(layer, x, **ALL)),
    "both ways, last": (2, lambda layer, x: bidirectional(layer, x, merge_mode="sum")),
    "zeros where masked": (
        1,
        lambda layer, x: layer(UNITS, return_sequences=True, zero_output_for_mask=True)(x),
    ),
    "relu, no bias": (1, lambda layer, x: layer(UNITS, "relu", use_bias=False, **ALL)(x)),
    "an activation of one's own": (1, lambda layer, x: layer(UNITS, doubled_tanh, **ALL)(x)),
    "pooled": (1, lambda layer, x: TemporalPooling("max")(layer(UNITS, return_sequences=True)(x))),
}


@MASKED_AND_TARGET
@pytest.mark.parametrize("name", BODIES)
def test_a_functional_model_equals_keras(name: str, masked: bool, target: str) -> None:
    recurrences, body = BODIES[name]
    model = over_tokens(body, SimpleRNN, masked)
    stock = twin(model, over_tokens(body, keras.layers.SimpleRNN, masked))
    exported = convert(model, target)
    for tokens in BATCHES:
        assert_equal(exported, stock, tokens)
    operator = "RNN" if target == "cuda" and "own" not in name else "Scan"
    found = kinds(exported)
    assert {"RNN": found.count("RNN"), "Scan": found.count("Scan")} == {
        "RNN": 0,
        "Scan": 0,
        operator: recurrences,
    }
    assert "Loop" not in found


@pytest.mark.parametrize("opset", [15, 16, 17, 18])
def test_every_opset(opset: int) -> None:
    _, body = BODIES["both ways"]
    model = over_tokens(body, SimpleRNN, masked=True)
    stock = twin(model, over_tokens(body, keras.layers.SimpleRNN, masked=True))
    exported = convert(model, opset=opset)
    assert [(entry.domain, entry.version) for entry in exported.opset_import] == [("", opset)]
    assert_equal(exported, stock, MASKED)


@MASKED_AND_TARGET
def test_a_given_initial_state(masked: bool, target: str) -> None:
    def build(layer: Layer) -> keras.Model:
        tokens, state = keras.Input((None,), dtype="int32"), keras.Input((UNITS,))
        x = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=masked)(tokens)
        return keras.Model([tokens, state], layer(UNITS, **ALL)(x, initial_state=state))

    model = build(SimpleRNN)
    stock = twin(model, build(keras.layers.SimpleRNN))
    exported = convert(model, target)
    for tokens in BATCHES:
        state = np.random.default_rng(1).normal(size=(len(tokens), UNITS)).astype("float32")
        assert_equal(exported, stock, tokens, state)


@pytest.mark.parametrize("shape", [(None, None), (None, 7), (6, 7)])
def test_a_sequential_model_of_features(shape: tuple[int | None, int | None]) -> None:
    def build(layer: Layer) -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((shape[1], FEATURES), batch_size=shape[0]),
                keras.layers.Masking(0.0),
                layer(UNITS, return_sequences=True),
                layer(UNITS),
                keras.layers.Dense(2, "softmax"),
            ]
        )

    model = build(SimpleRNN)
    stock = twin(model, build(keras.layers.SimpleRNN))
    features = np.random.default_rng(0).normal(size=(*MASKED.shape, FEATURES)).astype("float32")
    assert_equal(convert(model), stock, features * (MASKED[:, :, None] > 0))


def test_a_recurrence_that_is_no_cell_of_ours_stays_right() -> None:
    def build(layer: Layer) -> keras.Model:
        def body(layer: Layer, x: Any) -> Any:
            x = layer(UNITS, return_sequences=True)(x)
            x = keras.layers.ConvLSTM1D(2, 1, return_sequences=True)(x[:, :, None])[:, :, 0]
            return layer(UNITS, **ALL)(x)

        return over_tokens(body, layer, masked=True)

    model = build(SimpleRNN)
    stock = twin(model, build(keras.layers.SimpleRNN))
    exported = convert(model)
    for tokens in BATCHES:
        assert_equal(exported, stock, tokens)
    assert (kinds(exported).count("Scan"), kinds(exported).count("Loop")) == (2, 1)


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])
def test_the_scan_s_body_is_one_product_and_the_activation(masked: bool) -> None:
    exported = convert(over_tokens(BODIES["all outputs"][1], SimpleRNN, masked))
    (scan,) = scans(exported)
    body = body_of(scan)
    assert sorted({node.op_type for node in body.node} - {"Identity"}) == ["Gemm", "Tanh"]
    (gemm,) = [node for node in body.node if node.op_type == "Gemm"]
    matrices = {tensor.name: list(tensor.dims) for tensor in exported.graph.initializer}
    assert matrices[gemm.input[1]] == [UNITS, UNITS]
    # The state and the outputs: nobody asked for the states after each step.
    assert len(scan.output) == 2


def test_masks_put_nothing_into_the_body() -> None:
    bodies = []
    for masked in (True, False):
        (scan,) = scans(convert(over_tokens(BODIES["all outputs"][1], SimpleRNN, masked)))
        bodies.append([node.op_type for node in body_of(scan).node])
    assert bodies[0] == bodies[1]


def test_half_precision_is_kept() -> None:
    def build(layer: Layer) -> keras.Model:
        tokens = keras.Input((None,), dtype="int32")
        x = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=True, dtype="mixed_float16")
        return keras.Model(tokens, layer(UNITS, dtype="mixed_float16", **ALL)(x(tokens)))

    model = build(SimpleRNN)
    stock = twin(model, build(keras.layers.SimpleRNN))
    exported = convert(model)
    # Seven steps, each rounded to eleven bits: values below 1 are off by 5e-4 a step.
    assert_equal(exported, stock, MASKED, tolerance=4e-3)
    # The operator has half precision on CUDA alone, so that its graph is only checked for types,
    # in `to_onnx`.
    for graph in (exported.graph, convert(model, "cuda").graph):
        types = {output.type.tensor_type.elem_type for output in graph.output}
        assert types == {onnx.TensorProto.FLOAT16}


def test_names_are_kept() -> None:
    layer = SimpleRNN(UNITS)
    signature = [tf.TensorSpec([None, None, FEATURES], tf.float32, "features")]
    exported = to_onnx(lambda x: {"code": layer(x)}, signature)
    assert [value.name for value in exported.graph.input] == ["features"]
    assert [value.name for value in exported.graph.output] == ["code"]
