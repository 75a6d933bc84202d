"""Stateful models: what they carry goes in and comes out, and a stream may be cut anywhere."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest

from keras_rnn_kit import layers as kit
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx_file
from tests.catalogue import THOROUGH

FEATURES = 3


def stateful(layers: Any, rows: int) -> keras.Model:
    """Every kind of layer that carries a state; the same names whether ours or Keras's."""
    inputs = keras.Input(batch_shape=(rows, None, FEATURES), name="x")
    h = layers.LSTM(5, stateful=True, return_sequences=True, name="lstm")(inputs)
    gru = layers.GRU(4, stateful=True, return_sequences=True, name="gru")
    h = layers.Bidirectional(gru, name="both")(h)
    cells = [keras.layers.SimpleRNNCell(3), keras.layers.LSTMCell(2)]
    h = layers.RNN(cells, stateful=True, return_sequences=True, name="stack")(h)
    return keras.Model(inputs, keras.layers.Dense(2, name="y")(h))


@pytest.mark.parametrize(
    ("layers", "target"),
    [
        pytest.param(kit, "cuda", id="kit-cuda"),
        pytest.param(keras.layers, "cpu", id="keras-cpu"),
        pytest.param(kit, "cpu", id="kit-cpu", marks=THOROUGH),
        pytest.param(keras.layers, "cuda", id="keras-cuda", marks=THOROUGH),
    ],
)
def test_a_stream_is_cut_anywhere(tmp_path: Path, layers: Any, target: str) -> None:
    rows = 4
    model = stateful(layers, rows)
    differences = export_onnx_file(model, tmp_path / "model.onnx", target=target)
    assert all(found.value < 1e-5 for found in differences)
    assert all(not np.asarray(state).any() for state in kept(model))  # nothing was carried in
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    first, *carried = session.get_inputs()
    widths = {port.name: port.shape[1] for port in carried}
    assert {port.shape[0] for port in session.get_inputs()} == {"B"}
    assert widths["lstm_state_1"] == 5
    assert widths["backward_gru_state_0"] == 4
    assert [widths[f"stack_state_{k}"] for k in range(3)] == [3, 2, 2]
    names = [port.name for port in session.get_outputs()]
    assert names == ["y", *(f"next_{port.name}" for port in carried)]

    x = np.random.default_rng(0).normal(size=(rows, 11, FEATURES)).astype("float32")
    states = {name: np.zeros((rows, width), "float32") for name, width in widths.items()}
    for start, end in ((0, 3), (3, 4), (4, 11)):
        expected = model(x[:, start:end])  # Keras carries its states itself
        y, *after = session.run(None, {first.name: x[:, start:end], **states})
        np.testing.assert_allclose(y, expected, atol=1e-5, rtol=0)
        states = dict(zip(states, after, strict=True))
    # A batch of another size, which Keras's model doesn't take: row by row the same.
    zeros = {name: np.zeros((1, width), "float32") for name, width in widths.items()}
    given = np.concatenate([session.run(["y"], {"x": row[None], **zeros})[0] for row in x])
    reset(model)
    np.testing.assert_allclose(given, model(x), atol=1e-5, rtol=0)


def kept(model: keras.Model) -> list[Any]:
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    return [state for layer in layers for state in keras.tree.flatten(layer.states)]


def reset(model: keras.Model) -> None:
    for state in kept(model):
        state.assign(np.zeros(state.shape))


def test_layers_of_one_name_in_models_within_models(tmp_path: Path) -> None:
    def inner(name: str) -> keras.Model:
        inputs = keras.Input(batch_shape=(2, None, FEATURES))
        rnn = kit.SimpleRNN(FEATURES, stateful=True, return_sequences=True, name="rnn")
        return keras.Model(inputs, rnn(inputs), name=name)

    inputs = keras.Input(batch_shape=(2, None, FEATURES), name="x")
    model = keras.Model(inputs, inner("b")(inner("a")(inputs)))
    export_onnx_file(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    given = [port.name for port in session.get_inputs()]
    assert given == ["x", "rnn_state_0", "rnn_1_state_0"]


class Counter(keras.layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> Any:
        self.count.assign_add(1.0)
        return inputs * self.count


def test_what_else_writes_to_variables_is_named(tmp_path: Path) -> None:
    inputs = keras.Input((None, FEATURES), name="x")
    model = keras.Model(inputs, Counter(name="counter")(inputs))
    with pytest.raises(KitError, match=r"writes to a variable in the layer 'counter' \("):
        export_onnx_file(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []
