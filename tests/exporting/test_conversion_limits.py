"""What ONNX can't do is told, and what lies inside loops and functions stays right."""

import logging
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from tf2onnx import handler

from keras_rnn_kit.cells import SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import to_onnx
from keras_rnn_kit.layers import RNN, SimpleRNN
from tests.exporting.conversions import FEATURES, TOLERANCE, UNITS, convert, kinds, run


def test_an_unknown_target() -> None:
    with pytest.raises(KitError, match=r"target must be one of cpu, cuda; received 'tpu'"):
        to_onnx(lambda x: {"y": x}, [tf.TensorSpec([None], tf.float32)], target="tpu")


@pytest.mark.parametrize("opset", [14, 19, 99])
def test_an_opset_out_of_range(opset: int) -> None:
    with pytest.raises(KitError, match=f"between 15 and 18; received {opset}"):
        to_onnx(lambda x: {"y": x}, [tf.TensorSpec([None], tf.float32)], opset=opset)


def _eager_python(x: Any) -> Any:
    return tf.py_function(lambda x: x, [x], tf.float32)


def _numpy_function(x: Any) -> Any:
    return tf.numpy_function(lambda x: x, [x], tf.float32)


def _stateless_numpy_function(x: Any) -> Any:
    return tf.numpy_function(lambda x: x, [x], tf.float32, stateful=False)


@pytest.mark.parametrize("call", [_eager_python, _numpy_function, _stateless_numpy_function])
def test_python_inside_a_model(call: Callable[[Any], Any], caplog: Any, capfd: Any) -> None:
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(KitError, match=r"tf\.py_function.*PyFunc.* in the function\. Write it"),
    ):
        to_onnx(lambda x: {"y": call(x)}, [tf.TensorSpec([2], tf.float32)])
    assert caplog.records == []
    assert "Traceback" not in capfd.readouterr().err


def test_an_operation_without_an_onnx_form(caplog: Any) -> None:
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(KitError, match="received Svd in the function, which has none"),
    ):
        to_onnx(lambda x: {"y": tf.linalg.svd(x)[0]}, [tf.TensorSpec([2, 2], tf.float32, "x")])
    assert caplog.records == []


class OddCell(SimpleRNNCell):
    def update(self, projected: Any, recurrent: Any, states: Any) -> Any:
        h = tf.math.igamma(ops.abs(projected), ops.abs(recurrent))
        return h, [h]


class Odd(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return tf.math.igamma(inputs, inputs)


def test_the_layer_or_cell_is_named() -> None:
    inside = keras.Sequential([keras.layers.Dense(3), Odd(name="odd_one")], name="inside")
    for layer, place in (
        (RNN(OddCell(3, name="mine")), "the update of the cell 'mine'"),
        (Odd(name="odd"), r"the layer 'odd' \(.*/Igamma\)"),
        (inside, "the layer 'odd_one' .*"),
    ):
        with pytest.raises(KitError, match=f"received Igamma in {place}, which has none"):
            convert(keras.Sequential([keras.Input((4, 3)), layer]))


@pytest.mark.parametrize("layer", [SimpleRNN, keras.layers.SimpleRNN])
def test_a_stateful_layer_does_not_lose_its_state_without_a_word(layer: Any) -> None:
    model = keras.Sequential([keras.Input((4, FEATURES), batch_size=2), layer(3, stateful=True)])
    with pytest.raises(KitError, match="stateful"):
        convert(model)


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_a_recurrence_inside_a_loop_of_one_s_own(target: str) -> None:
    # The layer runs once for each of a document's sentences.
    layer, stock = SimpleRNN(UNITS), keras.layers.SimpleRNN(UNITS)
    x = np.random.default_rng(0).normal(size=(2, 3, 5, FEATURES)).astype("float32")
    layer.build(x.shape[1:])
    stock.build(x.shape[1:])
    stock.set_weights(layer.get_weights())

    def documents(x: Any) -> dict[str, Any]:
        codes = tf.map_fn(layer, tf.transpose(x, [1, 0, 2, 3]), fn_output_signature=tf.float32)
        return {"output_0": codes}

    exported = to_onnx(documents, [tf.TensorSpec(x.shape, tf.float32, "input_0")], target=target)
    assert kinds(exported).count("Scan" if target == "cpu" else "RNN") == 1
    expected = [stock(x[:, sentence]) for sentence in range(3)]
    np.testing.assert_allclose(run(exported, x)[0], expected, rtol=0, atol=TOLERANCE)


def test_a_function_inside_the_model_keeps_no_marker() -> None:
    layer = SimpleRNN(FEATURES, return_sequences=True)
    x = np.random.default_rng(0).normal(size=(2, 5, FEATURES)).astype("float32")
    layer.build(x.shape)
    inside = tf.function(layer, autograph=False)

    def both(x: Any) -> dict[str, Any]:
        return {"output_0": layer(inside(layer(x)))}

    exported = to_onnx(both, [tf.TensorSpec(x.shape, tf.float32, "input_0")])
    expected = layer(layer(layer(x)))
    np.testing.assert_allclose(run(exported, x)[0], expected, rtol=0, atol=TOLERANCE)
    # The function's trace was made while exporting, and now it is called.
    np.testing.assert_allclose(layer(inside(layer(x))), expected, rtol=0, atol=TOLERANCE)


def test_an_operation_that_tf2onnx_fails_at(monkeypatch: Any) -> None:
    # It goes on, and leaves TensorFlow's operation behind under a name that ONNX has too.
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("no way")

    monkeypatch.setitem(handler.tf_op.get_opsets()[""][9], "Sign", (fail, {}))
    with pytest.raises(KitError, match=r"Failed to convert node 'Sign'.*, which has none"):
        to_onnx(lambda x: {"y": tf.sign(x)}, [tf.TensorSpec([2], tf.float32, "x")])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_recurrence_that_only_a_branch_reads(sign: int) -> None:
    layer, stock = SimpleRNN(UNITS), keras.layers.SimpleRNN(UNITS)
    x = np.random.default_rng(0).normal(size=(2, 5, FEATURES)).astype("float32")
    layer.build(x.shape)
    stock.build(x.shape)
    stock.set_weights(layer.get_weights())

    def chosen(x: Any, sign: Any) -> dict[str, Any]:
        code = layer(x)
        return {"output_0": tf.cond(sign[0] > 0, lambda: 2 * code, lambda: code - 1)}

    signature = [
        tf.TensorSpec(x.shape, tf.float32, "input_0"),
        tf.TensorSpec([1], tf.float32, "input_1"),
    ]
    exported = to_onnx(chosen, signature)
    assert "If" in kinds(exported)
    code = np.asarray(stock(x))
    expected = 2 * code if sign > 0 else code - 1
    received = run(exported, x, np.array([sign], np.float32))[0]
    np.testing.assert_allclose(received, expected, rtol=0, atol=TOLERANCE)
