from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel
from tests.models import reference
from tests.models.reference import TOLERANCE, saves_models, with_weights

VOCABULARY = 7
TOKENS = np.random.default_rng(0).integers(0, VOCABULARY, (3, 9)).astype("int32")
KINDS = [{"embedding": 4}, {"embedding": None}, {"embedding": 4, "layers": 3}]


def build(shape: Any = (None, None), **arguments: Any) -> Any:
    model = LanguageModel(VOCABULARY, **{"units": 5, "embedding": 4, **arguments})
    model.build(shape)
    return with_weights(model)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_its_equations(kind: dict[str, Any]) -> None:
    model = build(**kind)
    expected = [reference.language_model(model, row) for row in TOKENS]
    logits = model(TOKENS)
    assert logits.shape == model.compute_output_shape(TOKENS.shape) == (3, 9, VOCABULARY)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(model.predict(TOKENS, verbose=0), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", [*KINDS, {"dropout": 0.5}])
def test_steps_equal_the_call(kind: dict[str, Any]) -> None:
    model = build(**kind)
    logits, final = model(TOKENS, return_states=True)
    states: Any = None
    steps = []
    for t in range(TOKENS.shape[1]):
        one, states = model.step(TOKENS[:, t], states)
        steps.append(np.asarray(one))
    np.testing.assert_allclose(np.stack(steps, axis=1), logits, rtol=0, atol=TOLERANCE)
    assert len(states) == len(final) == len(model.state_names)
    for one, whole in zip(states, final, strict=True):
        np.testing.assert_allclose(one, whole, rtol=0, atol=TOLERANCE)


def test_a_step_takes_numpy_states() -> None:
    model = build(layers=2)
    _, states = model.step(TOKENS[:, 0])
    expected, _ = model.step(TOKENS[:, 1], states)
    received, _ = model.step(TOKENS[:, 1].tolist(), [np.asarray(state) for state in states])
    np.testing.assert_array_equal(received, expected)


def test_a_step_builds_the_model() -> None:
    logits, states = LanguageModel(VOCABULARY, units=5).step(np.array([1, 2]))
    assert (logits.shape, [state.shape for state in states]) == ((2, VOCABULARY), [(2, 5)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [1, 5])
def test_a_split_sequence_equals_the_whole(kind: dict[str, Any], at: int) -> None:
    model = build(**kind)
    whole, final = model(TOKENS, return_states=True)
    first, states = model(TOKENS[:, :at], states=model.initial_states(3), return_states=True)
    second, states = model(TOKENS[:, at:], states=states, return_states=True)
    parts = np.concatenate([first, second], axis=1)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(states, final, rtol=0, atol=TOLERANCE)


def test_a_stateful_model_goes_on() -> None:
    model, plain = build((3, 3), stateful=True, layers=2), build(layers=2)
    plain.set_weights(model.get_weights())
    whole = np.asarray(plain(TOKENS))
    for _ in range(2):
        parts = [model(TOKENS[:, start : start + 3]) for start in (0, 3, 6)]
        np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=0, atol=TOLERANCE)
        model.reset_states()
    assert np.abs(np.asarray(model(TOKENS[:, 3:6])) - whole[:, 3:6]).max() > 100 * TOLERANCE


def test_given_states_are_taken_instead_of_carried_ones() -> None:
    model, plain = build((3, 9), stateful=True), build()
    plain.set_weights(model.get_weights())
    model(TOKENS)
    zeros = model.initial_states(3)
    np.testing.assert_allclose(model(TOKENS, states=zeros), plain(TOKENS), rtol=0, atol=TOLERANCE)


def test_dropout_is_for_training_alone() -> None:
    model, plain = build(dropout=0.5), build()
    np.testing.assert_array_equal(model(TOKENS), plain(TOKENS))
    np.testing.assert_array_equal(model(TOKENS, training=True).shape, plain(TOKENS).shape)
    first, second = (np.asarray(model(TOKENS, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 100 * TOLERANCE


def test_symbolic_calls() -> None:
    model = build()
    tokens = keras.Input((None,), dtype="int32")
    wrapped = keras.Model(tokens, model(tokens))
    assert wrapped.output_shape == (None, None, VOCABULARY)
    np.testing.assert_allclose(wrapped(TOKENS), model(TOKENS), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("how", [{}, {"dropout": 0.3, "layers": 2}, {"dtype": "mixed_float16"}])
def test_fitting_lowers_the_loss(how: dict[str, Any]) -> None:
    keras.utils.set_random_seed(0)
    model = LanguageModel(VOCABULARY, units=12, embedding=6, **how)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    # A token is followed by the next one: to be learnt from what is seen.
    inputs = (np.arange(8)[:, None] + np.arange(6)) % VOCABULARY
    history = model.fit(inputs, (inputs + 1) % VOCABULARY, epochs=15, verbose=0).history["loss"]
    # A uniform guess has ln 7 = 1.95; the last is well below what any order of tokens could give.
    assert history[0] > 1.5
    assert history[-1] < 0.7


@saves_models
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"embedding": None, "layers": 2, "activation": "relu", "dropout": 0.2},
        {"dtype": "mixed_float16"},
        {"dtype": "mixed_bfloat16", "layers": 2},
        {"stateful": True},
    ],
)
def test_a_saved_model_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = build((3, 9) if "stateful" in how else (None, None), **how)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is LanguageModel
    assert loaded.get_config() == model.get_config()
    assert loaded.dtype_policy.name == how.get("dtype", "float32")
    for one, other in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    if "stateful" in how:
        model.reset_states()
        loaded.reset_states()
    # The same operations on the same numbers.
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))


def test_the_config_holds_every_argument() -> None:
    arguments: dict[str, Any] = {
        "vocabulary_size": 7,
        "units": 3,
        "embedding": None,
        "layers": 2,
        "activation": "relu",
        "dropout": 0.1,
        "stateful": True,
    }
    config = LanguageModel(**arguments, name="mine").get_config()
    assert {name: config[name] for name in arguments} == arguments
    again = LanguageModel.from_config(config)
    assert again.get_config() == config
    assert (again.name, len(again.recurrent_layers)) == ("mine", 2)
    assert all(layer.stateful for layer in again.recurrent_layers)


def test_every_layer_has_the_model_s_precision() -> None:
    model = build(dtype="mixed_float16", dropout=0.1)
    assert {layer.dtype_policy.name for layer in model._flatten_layers()} == {"mixed_float16"}
    assert model(TOKENS).dtype == "float16"
    assert model.step(TOKENS[:, 0])[0].dtype == "float16"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size must be a positive integer; received"),
        ({"units": 0}, "units must be a positive integer; received units=0"),
        ({"units": -3}, "received units=-3"),
        ({"units": 2.5}, r"received units=2\.5"),
        ({"units": True}, "received units=True"),
        ({"embedding": 0}, "embedding must be a positive integer; received embedding=0"),
        ({"layers": 0}, "layers must be a positive integer; received layers=0"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\); received dropout=1"),
        ({"dropout": -0.1}, r"received dropout=-0\.1"),
        ({"dropout": float("nan")}, "received dropout=nan"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        LanguageModel(**{"vocabulary_size": 5, "units": 3, **wrong})
