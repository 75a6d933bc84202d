"""Any Keras model as one ONNX file: names, axes, the check, and what is refused."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from export import to_onnx as command
from keras_rnn_kit import layers as kit
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx_file, parity
from keras_rnn_kit.layers import IndRNN


def run(path: Path, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def two_inputs() -> keras.Model:
    ids, extra = keras.Input((None,), dtype="int32", name="ids"), keras.Input((5,), name="extra")
    x = layers.Embedding(7, 4, mask_zero=True)(ids)
    x, state = layers.GRU(5, return_sequences=True, return_state=True, name="gru")(x)
    last = IndRNN(5, name="own")(x, initial_state=layers.Add()([state, extra]))
    outputs = {"all": x, "last": layers.Dense(2)(last)}
    return keras.Model({"ids": ids, "extra": extra}, outputs)


def test_a_functional_model_with_dicts_at_both_ends(tmp_path: Path) -> None:
    model, path = two_inputs(), tmp_path / "model.onnx"
    differences = export_onnx_file(model, path)
    assert {d.output for d in differences} == {"all", "last"}
    assert {(d.batch, d.length) for d in differences} == {(1, 7), (3, 12)}
    assert all(d.value < 1e-5 for d in differences)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 7, (2, 9)).astype("int32")
    extra = rng.normal(size=(2, 5)).astype("float32")
    wanted = model({"ids": ids, "extra": extra})
    got = run(path, ids=ids, extra=extra)
    for name in ("all", "last"):
        np.testing.assert_allclose(got[name], wanted[name], atol=1e-5, rtol=0)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    shapes = {port.name: port.shape for port in (*session.get_inputs(), *session.get_outputs())}
    assert shapes == {
        "ids": ["B", "T"],
        "extra": ["B", 5],
        "all": ["B", "T", 5],
        "last": ["B", 2],
    }


def test_a_dict_of_outputs_keeps_its_names_in_any_order(tmp_path: Path) -> None:
    inputs = keras.Input((None, 3), name="x")
    of_one = layers.GRU(2, return_sequences=True)(inputs)
    last = layers.GRU(2)(inputs)
    model = keras.Model(inputs, {"z": of_one, "a": [last, last * 2], "m": last * 3})
    export_onnx_file(model, tmp_path / "model.onnx")
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    wanted, got = model(x), run(tmp_path / "model.onnx", x=x)
    assert set(got) == {"a", "a_1", "m", "z"}
    for name, values in (("z", wanted["z"]), ("m", wanted["m"]), ("a_1", wanted["a"][1])):
        np.testing.assert_allclose(got[name], values, atol=1e-5)


def test_a_sequential_model_and_outputs_of_one_layer_are_named(tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.Input((6, 3), name="x"), layers.Masking(), layers.LSTM(4, name="lstm")]
    )
    export_onnx_file(model, tmp_path / "a.onnx")
    x = np.ones((2, 6, 3), "float32")
    np.testing.assert_allclose(run(tmp_path / "a.onnx", x=x)["lstm"], model(x), atol=1e-5)

    inputs = keras.Input((None, 3), name="x")
    states = layers.LSTM(4, return_state=True, name="lstm")(inputs)
    export_onnx_file(keras.Model(inputs, states), tmp_path / "b.onnx")
    assert list(run(tmp_path / "b.onnx", x=x)) == ["lstm", "lstm_1", "lstm_2"]


def test_a_relu_rnn_of_one_row_is_an_operator(tmp_path: Path) -> None:
    inputs = keras.Input(batch_shape=(1, None, 3), name="x")
    model = keras.Model(inputs, layers.SimpleRNN(4, "relu", name="y")(inputs))
    # Both sizes that the check takes must have this one row.
    differences = export_onnx_file(model, tmp_path / "model.onnx")
    assert len(differences) == 2


class Subclass(keras.Model):
    def call(self, x: Any) -> Any:
        return x


def test_what_has_no_known_inputs_is_refused(tmp_path: Path) -> None:
    for model in (Subclass(), layers.Dense(2)):
        with pytest.raises(KitError, match=r"must have known inputs.*received a (Subcl|Dense)"):
            export_onnx_file(model, tmp_path / "model.onnx")


def test_where_it_may_be_written(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((None, 3), name="x"), layers.GRU(2)])
    with pytest.raises(KitError, match=r"must end in \.onnx; received .*model\.pb\. Pass model\.o"):
        export_onnx_file(model, tmp_path / "model.pb")
    (tmp_path / "model.onnx").write_text("precious")
    with pytest.raises(KitError, match="must not be there yet"):
        export_onnx_file(model, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_text() == "precious"
    export_onnx_file(model, tmp_path / "model.onnx", overwrite=True)
    assert len(run(tmp_path / "model.onnx", x=np.ones((1, 2, 3), "float32"))) == 1
    with pytest.raises(KitError, match="Make the folder"):
        export_onnx_file(model, tmp_path / "nowhere" / "model.onnx")


def test_nothing_is_written_where_the_check_fails(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(parity.TOLERANCES, "float32", -1.0)
    model = keras.Sequential([keras.Input((None, 3)), layers.GRU(2)])
    with pytest.raises(KitError, match="must equal Keras"):
        export_onnx_file(model, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_command_takes_any_keras_file(tmp_path: Path, capsys: Any) -> None:
    two_inputs().save(tmp_path / "mine.keras")
    out = tmp_path / "mine.onnx"
    assert command.main([str(tmp_path / "mine.keras"), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "mine.onnx: all at batch 3, length 12" in printed
    assert f"Wrote {out}" in printed
    with pytest.raises(KitError, match=r"nowhere\.keras isn't there"):
        command.main([str(tmp_path / "nowhere.keras"), "--out", str(out)])


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
@pytest.mark.parametrize("of", [layers, kit], ids=["keras", "kit"])
def test_what_trained_in_half_precision_is_exported_in_float32(
    of: Any, policy: str, tmp_path: Path
) -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        ids = keras.Input((None,), dtype="int32", name="ids")
        x = layers.Embedding(9, 4, mask_zero=True)(ids)
        x = of.Bidirectional(of.LSTM(3, return_sequences=True, dropout=0.1))(x)
        inner = keras.Sequential([keras.Input((4,)), layers.Dense(4)], name="inner")
        x = inner(of.GRU(4)(x))
        model = keras.Model(ids, layers.Dense(2, dtype="float32", name="y")(x))
    finally:
        keras.config.set_dtype_policy(before)
    differences = export_onnx_file(model, tmp_path / "model.onnx")
    assert max(found.value for found in differences) < 1e-5
    drawn = np.random.default_rng(0).integers(0, 9, (3, 7)).astype("int32")
    # Half precision itself is right to 2 to the power of -11, bfloat16 to -8.
    received = run(tmp_path / "model.onnx", ids=drawn)["y"]
    np.testing.assert_allclose(received, model(drawn), atol=3e-3, rtol=0)
    assert {layer.compute_dtype for layer in model.layers[1:-1]} != {"float32"}  # left as it was
