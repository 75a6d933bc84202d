"""Models of Keras's own recurrent layers: exported as the kit's are, and left as they were."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_rnn_kit.cells import IndRNNCell
from keras_rnn_kit.exporting import to_onnx
from tests.exporting.conversions import (
    BATCHES,
    MASKED,
    MASKED_AND_TARGET,
    VOCABULARY,
    assert_equal,
    convert,
    kinds,
    recurrences,
)

WIDTH = 4
ON_CPU = {"RNN": "Scan"}
SEQUENCES = {"return_sequences": True}
BOTH = {**SEQUENCES, "return_state": True}

# A layer, and what it becomes on the CPU and on CUDA: one node, or one a direction.
KNOWN: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "SimpleRNN": (lambda: layers.SimpleRNN(WIDTH, **BOTH), ["RNN"]),
    "SimpleRNN, last": (lambda: layers.SimpleRNN(WIDTH, "relu"), ["RNN"]),
    "SimpleRNN, sigmoid": (lambda: layers.SimpleRNN(WIDTH, "sigmoid", **SEQUENCES), ["Scan"]),
    "GRU": (lambda: layers.GRU(WIDTH, **BOTH), ["GRU"]),
    "GRU, reset before": (lambda: layers.GRU(WIDTH, reset_after=False, **BOTH), ["Scan"]),
    "LSTM": (lambda: layers.LSTM(WIDTH, **BOTH), ["LSTM"]),
    "LSTM, no bias": (lambda: layers.LSTM(WIDTH, use_bias=False, go_backwards=True), ["LSTM"]),
    "dropout": (lambda: layers.LSTM(WIDTH, dropout=0.5, recurrent_dropout=0.5), ["LSTM"]),
    "zeros": (lambda: layers.RNN(layers.GRUCell(3), True, zero_output_for_mask=True), ["GRU"]),
    "cells": (
        lambda: layers.RNN([layers.GRUCell(3), layers.LSTMCell(4), IndRNNCell(2)], **BOTH),
        ["GRU", "LSTM", "Scan"],
    ),
    "own cell": (lambda: layers.RNN(IndRNNCell(3), **BOTH), ["Scan"]),
    "two directions": (lambda: layers.Bidirectional(layers.GRU(3, **SEQUENCES)), ["GRU"] * 2),
    "two kinds": (
        lambda: layers.Bidirectional(
            layers.LSTM(3, **SEQUENCES),
            backward_layer=layers.SimpleRNN(3, go_backwards=True, **SEQUENCES),
            merge_mode="mul",
        ),
        ["LSTM", "RNN"],
    ),
}


def model_of(layer: Any, masked: bool) -> keras.Model:
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(VOCABULARY, WIDTH, mask_zero=masked)(tokens)
    model = keras.Model(tokens, layer(x))
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(0, 0.5, weight.shape) for weight in model.get_weights()])
    return model


@MASKED_AND_TARGET
@pytest.mark.parametrize("name", KNOWN)
def test_kerass_layers_are_exported_as_the_kits(name: str, masked: bool, target: str) -> None:
    make, on_cuda = KNOWN[name]
    model = model_of(make(), masked)
    before = model.get_weights()
    exported = convert(model, target)
    found = recurrences(exported)
    assert found == (on_cuda if target == "cuda" else [ON_CPU.get(kind, kind) for kind in on_cuda])
    for tokens in BATCHES:
        assert_equal(exported, model, tokens)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("target", ["cpu", "cuda"])
@pytest.mark.parametrize("dtype", ["float64", "mixed_float16"])
@pytest.mark.parametrize("kind", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_other_types_than_single_precision(kind: Any, dtype: str, target: str) -> None:
    layer = kind(WIDTH, dtype=dtype, **SEQUENCES)
    sequences = keras.Input((None, WIDTH), dtype=layer.compute_dtype)
    model = keras.Model(sequences, layer(sequences))
    exported = convert(model, target)
    x = np.random.default_rng(0).normal(size=(3, 5, WIDTH)).astype(layer.compute_dtype)
    # Half precision is good to 2⁻¹¹, and five steps carry that on.
    tolerance = 1e-12 if dtype == "float64" else 5 * 2**-11
    assert_equal(exported, model, x, tolerance=tolerance)


def test_an_unrolled_layer_needs_no_loop() -> None:
    tokens = keras.Input((7,), dtype="int32")
    x = layers.Embedding(VOCABULARY, WIDTH, mask_zero=True)(tokens)
    model = keras.Model(tokens, layers.GRU(3, unroll=True)(x))
    exported = convert(model)
    assert_equal(exported, model, MASKED)
    assert recurrences(exported) == ["GRU"]


def test_a_cell_that_nobody_knows_goes_through_kerass_loop() -> None:
    class Sum(layers.SimpleRNNCell):
        def call(self, sequence: Any, states: Any, training: bool = False) -> Any:
            output, _ = super().call(sequence, states, training)
            return output + states[0], [output + states[0]]

    model = model_of(layers.RNN([Sum(3), layers.GRUCell(3)], **SEQUENCES), masked=False)
    exported = convert(model)
    assert "Loop" in kinds(exported)
    for tokens in BATCHES:
        assert_equal(exported, model, tokens)


def test_keras_is_as_before_afterwards() -> None:
    def fail(ids: Any) -> Any:
        ways.append(vars(layers.GRU)["inner_loop"])
        raise ValueError("stop")

    kept = [vars(layer)["inner_loop"] for layer in (layers.RNN, layers.GRU, layers.LSTM)]
    ways: list[Any] = []
    with pytest.raises(ValueError, match="stop"):
        to_onnx(fail, [tf.TensorSpec([None, None], name="ids")])
    assert len(ways) == 1
    assert ways[0] is not kept[1]
    assert kept == [vars(layer)["inner_loop"] for layer in (layers.RNN, layers.GRU, layers.LSTM)]


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_a_model_of_many_layers(target: str) -> None:
    tokens, more = keras.Input((None,), dtype="int32"), keras.Input((None, 2))
    x = layers.Embedding(VOCABULARY, WIDTH)(tokens)
    x = layers.Conv1D(WIDTH, 3, padding="causal", activation="relu")(x)
    x = layers.Concatenate()([x, more])
    x = layers.LayerNormalization()(layers.TimeDistributed(layers.Dense(WIDTH))(x))
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(layers.Dropout(0.5)(x))
    x, state = layers.GRU(WIDTH, return_sequences=True, return_state=True)(x)
    x = layers.Attention()([x, x])
    pooled = layers.GlobalAveragePooling1D()(x)
    most = layers.GlobalMaxPooling1D()(x)
    last = layers.SimpleRNN(3)(x, initial_state=state[:, :3])
    model = keras.Model([tokens, more], [layers.Dense(2)(pooled), most, last])
    exported = convert(model, target)
    rng = np.random.default_rng(0)
    for tokens_given in (MASKED, MASKED[:1, :2]):
        given = rng.normal(size=(*tokens_given.shape, 2)).astype("float32")
        assert_equal(exported, model, tokens_given, given)
    found = recurrences(exported)
    assert sorted(set(found)) == sorted(["GRU", "LSTM", "Scan" if target == "cpu" else "RNN"])
