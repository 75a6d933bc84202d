from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import TextClassifier
from keras_rnn_kit.models.text_classifier import POOLINGS
from tests.models import reference
from tests.models.reference import TOLERANCE, saves_models, with_weights

VOCABULARY = 9
CLASSES = ("bad", "so-so", "good")
ROWS = [[3, 1, 4, 1, 5], [2, 6, 5], [3], [5, 8, 7, 8, 3, 2]]


def build(**arguments: Any) -> Any:
    arguments = {"classes": CLASSES, "units": 5, "embedding": 4, **arguments}
    model = TextClassifier(VOCABULARY, **arguments)
    model.build((None, None))
    return with_weights(model)


def padded(rows: list[list[int]], length: int) -> np.ndarray:
    return np.array([row + [0] * (length - len(row)) for row in rows], np.int32)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_it_is_its_equations_whatever_the_padding(pooling: str, bidirectional: bool) -> None:
    model = build(pooling=pooling, bidirectional=bidirectional)
    expected = [reference.classifier(model, np.array(row)) for row in ROWS]
    for length in (6, 7, 9, 16):
        logits = model(padded(ROWS, length))
        assert logits.shape == model.compute_output_shape((4, length)) == (4, 3)
        np.testing.assert_allclose(logits, expected, rtol=0, atol=TOLERANCE)
    received = model.predict(padded(ROWS, 11), verbose=0)
    np.testing.assert_allclose(received, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_half_precision_ignores_padding_too(pooling: str) -> None:
    model = build(pooling=pooling, dtype="mixed_float16")
    expected = [reference.classifier(model, np.array(row)) for row in ROWS]
    # Eleven bits: values of about 1 are off by 5e-4 at each of some six steps, and logits, sums of
    # ten of them, by some times that.
    for length in (6, 16):
        np.testing.assert_allclose(model(padded(ROWS, length)), expected, rtol=0, atol=0.03)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_of_padding_alone_gives_the_bias(pooling: str) -> None:
    model = build(pooling=pooling)
    logits = model(np.array([[0, 0, 0], [3, 0, 0]], np.int32))
    np.testing.assert_allclose(logits[0], model.output_layer.bias, rtol=0, atol=TOLERANCE)
    assert np.isfinite(logits).all()


def test_dropout_is_for_training_alone() -> None:
    model, plain = build(dropout=0.5), build()
    tokens = padded(ROWS, 6)
    np.testing.assert_array_equal(model(tokens), plain(tokens))
    first, second = (np.asarray(model(tokens, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 100 * TOLERANCE


@pytest.mark.parametrize("how", [{}, {"pooling": "last", "bidirectional": False, "dropout": 0.1}])
def test_fitting_lowers_the_loss(how: dict[str, Any]) -> None:
    keras.utils.set_random_seed(0)
    model = TextClassifier(VOCABULARY, ("without", "with"), units=8, embedding=6, **how)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"])
    rng = np.random.default_rng(0)
    tokens = padded([rng.integers(1, 9, rng.integers(1, 8)).tolist() for _ in range(64)], 8)
    labels = (tokens == 5).any(axis=1).astype("int32")
    history = model.fit(tokens, labels, epochs=25, verbose=0).history
    assert history["loss"][0] > 0.55  # a uniform guess has ln 2 = 0.69
    assert history["loss"][-1] < 0.35


@saves_models
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"bidirectional": False, "pooling": "max", "activation": "relu", "dropout": 0.2},
        {"pooling": "last", "dtype": "mixed_float16"},
        {"pooling": "mean", "dtype": "mixed_bfloat16"},
    ],
)
def test_a_saved_model_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = build(**how)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is TextClassifier
    assert loaded.get_config() == model.get_config()
    assert loaded.dtype_policy.name == how.get("dtype", "float32")
    assert loaded.classes == CLASSES
    tokens = padded(ROWS, 7)
    # The same operations on the same numbers.
    np.testing.assert_array_equal(loaded(tokens), model(tokens))


def test_the_config_holds_every_argument() -> None:
    arguments: dict[str, Any] = {
        "vocabulary_size": 7,
        "classes": ["b", "a"],
        "units": 3,
        "embedding": 2,
        "bidirectional": False,
        "pooling": "max",
        "activation": "relu",
        "dropout": 0.1,
    }
    model = TextClassifier(**arguments)
    config = model.get_config()
    assert {name: config[name] for name in arguments} == arguments
    assert TextClassifier.from_config(config).get_config() == config
    assert model.classes == ("b", "a"), "in the order of their ids"


def test_layers_on_each_other_take_both_directions_of_the_one_below() -> None:
    model = build(layers=2, dropout=0.2)
    assert [weight.shape for weight in model.upper_layers[0].weights[:2]] == [(10, 5), (5, 5)]
    alone = np.vstack([model(np.array([row])) for row in ROWS])
    np.testing.assert_allclose(model(padded(ROWS, 9)), alone, rtol=0, atol=TOLERANCE)


@saves_models
def test_a_model_saved_before_there_were_several_layers(tmp_path: Path) -> None:
    """Keras reads weights by these names, whichever a model has now."""
    model = build()
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        assert {"embedding_layer", "embedding_dropout", "layers"} <= set(file)
        named = {"bidirectional", "dense", "dropout", "temporal_pooling"}
        assert set(file["layers"]) == named
        assert len(file["layers/bidirectional/forward_layer/cell/vars"]) == 3
    config = model.get_config()
    assert config.pop("layers") == 1
    assert TextClassifier.from_config(config).get_config()["layers"] == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size must be a positive integer"),
        ({"units": 0}, "received units=0"),
        ({"embedding": 0}, "received embedding=0"),
        ({"embedding": None}, "received embedding=None"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\); received dropout=1"),
        ({"pooling": "sum"}, "pooling must be one of mean, max, last; received 'sum'"),
        ({"classes": ["only"]}, r"at least two classes .*received \['only'\]"),
        ({"classes": []}, "at least two classes"),
        ({"classes": ["a", "b", "a"]}, r"different names; received \['a', 'b', 'a'\]"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        TextClassifier(**{"vocabulary_size": 5, "classes": CLASSES, "units": 3, **wrong})
