"""A sequence is turned where it is narrow, with the same results."""

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from keras_rnn_kit import layers as kit
from keras_rnn_kit.exporting import to_onnx
from keras_rnn_kit.runtime.session import open_session

X = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")


def export(model: keras.Model) -> onnx.ModelProto:
    spec = [tf.TensorSpec([None, None, 2], tf.float32, "x")]
    return to_onnx(lambda x: {"y": model(x)}, spec)


@pytest.mark.parametrize(
    ("units", "outputs", "bias", "late"),
    [(5, 3, True, True), (5, 3, False, True), (5, 5, True, False), (5, 9, True, False)],
)
def test_behind_a_product_that_narrows(units: int, outputs: int, bias: bool, late: bool) -> None:
    inputs = keras.Input((None, 2))
    hidden = kit.SimpleRNN(units, return_sequences=True)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(outputs, use_bias=bias)(hidden))
    model.set_weights([np.full(w.shape, 0.1 + k) for k, w in enumerate(model.get_weights())])
    exported = export(model)
    kinds = [node.op_type for node in exported.graph.node]
    after = kinds[kinds.index("Scan") + 1 :]
    assert (after[-1] == "Transpose") == late
    assert after.count("Transpose") == 1
    received = open_session(exported.SerializeToString()).run(None, {"x": X})[0]
    np.testing.assert_allclose(received, model(X), atol=1e-5, rtol=1e-5)


def test_not_where_something_else_reads_it() -> None:
    inputs = keras.Input((None, 2))
    hidden = kit.SimpleRNN(5, return_sequences=True)(inputs)
    both = [keras.layers.Dense(3)(hidden), keras.layers.Dense(2)(hidden)]
    model = keras.Model(inputs, keras.layers.Concatenate()(both))
    exported = export(model)
    received = open_session(exported.SerializeToString()).run(None, {"x": X})[0]
    np.testing.assert_allclose(received, model(X), atol=1e-5, rtol=1e-5)
