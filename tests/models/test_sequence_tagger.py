"""The tagger against its equations, its mask, its losses, and what is saved of it."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.data import tagged_batches
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import SequenceTagger
from tests.models import reference
from tests.models.reference import TOLERANCE, nll, saves_models, with_weights

VOCABULARY = 9
TAGS = ("lower", "Capital", "UPPER")
ROWS = [[3, 1, 4, 1, 5], [2, 6, 5], [3], [5, 8, 7, 8, 3, 2]]


def build(**arguments: Any) -> Any:
    arguments = {"tags": TAGS, "units": 5, "embedding": 4, **arguments}
    model = SequenceTagger(VOCABULARY, **arguments)
    model.build((None, None))
    return with_weights(model)


def by_hand(model: Any, ids: np.ndarray) -> np.ndarray:
    """`[T]` real tokens, no padding, `-> logits [T, C]`, in float64."""
    x = np.asarray(model.embedding_layer.embeddings, np.float64)[ids]
    start = np.zeros(model.units)
    for layer in (model.recurrent_layer, *model.upper_layers):
        if model.bidirectional:
            forward = reference.recurrence(layer.forward_layer.cell, x, start)
            backward = reference.recurrence(layer.backward_layer.cell, x[::-1], start)[::-1]
            x = np.concatenate([forward, backward], axis=-1)
        else:
            x = reference.recurrence(layer.cell, x, start)
    return reference.dense(model.output_layer, x)


def padded(rows: list[list[int]], length: int) -> np.ndarray:
    return np.array([row + [0] * (length - len(row)) for row in rows], np.int32)


@pytest.fixture(scope="module")
def model() -> Any:
    return build(layers=2)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_it_is_its_equations_whatever_the_padding(bidirectional: bool) -> None:
    model = build(layers=2, bidirectional=bidirectional)
    for length in (6, 9):
        logits = model(padded(ROWS, length))
        assert logits.shape == model.compute_output_shape((4, length)) == (4, length, 3)
        for row, own in zip(ROWS, np.asarray(logits), strict=True):
            expected = by_hand(model, np.array(row))
            np.testing.assert_allclose(own[: len(row)], expected, rtol=0, atol=TOLERANCE)


def test_a_step_of_padding_in_the_middle_is_passed_over(model: Any) -> None:
    row, holes = np.array([[3, 1, 4]]), np.array([[0, 3, 0, 1, 4]])
    np.testing.assert_allclose(
        np.asarray(model(holes))[:, [1, 3, 4]], model(row), rtol=0, atol=TOLERANCE
    )


@pytest.mark.parametrize(
    # Numbers of 11 bits and of 8: logits of size 1 to 4, sums of ten and after some six steps of
    # two layers, are off by some tens of their last bits.
    ("dtype", "tolerance"),
    [("float64", 1e-12), ("mixed_float16", 0.05), ("mixed_bfloat16", 0.4)],
)
def test_other_types_of_numbers(model: Any, dtype: str, tolerance: float) -> None:
    other = build(layers=2, dtype=dtype)
    # float64 holds weights that float32 rounds.
    of = other if dtype == "float64" else model
    logits = np.asarray(keras.ops.cast(other(padded(ROWS, 8)), "float64"))
    for row, own in zip(ROWS, logits, strict=True):
        expected = by_hand(of, np.array(row))
        np.testing.assert_allclose(own[: len(row)], expected, rtol=0, atol=tolerance)


@pytest.fixture(scope="module")
def batches() -> Any:
    rng = np.random.default_rng(0)
    tags = [rng.integers(0, 3, len(row)).tolist() for row in ROWS]
    return tagged_batches(ROWS, tags, batch_size=4, buckets=[11], shuffle=False), tags


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_padded_steps_count_nothing_in_loss_and_metrics(batches: Any, dtype: str) -> None:
    dataset, tags = batches
    model = build(dtype=dtype)
    model.compile(
        "sgd",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", keras.metrics.SparseCategoricalCrossentropy(from_logits=True)],
    )
    found = model.evaluate(dataset, verbose=0, return_dict=True)
    logits = [by_hand(model, np.array(row)) for row in ROWS]
    steps = sum(map(len, ROWS))
    loss = sum(nll(own, np.array(tag)) for own, tag in zip(logits, tags, strict=True)) / steps
    right = [own.argmax(-1) == tag for own, tag in zip(logits, tags, strict=True)]
    # 0.01: half precision in the model, see above.
    tolerance = 1e-5 if dtype == "float32" else 0.01
    assert found["loss"] == pytest.approx(loss, abs=tolerance)
    assert found["sparse_categorical_crossentropy"] == pytest.approx(loss, abs=tolerance)
    if dtype == "float32":  # half precision turns two logits that are nearly the same
        assert found["accuracy"] == pytest.approx(np.concatenate(right).mean(), abs=1e-6)


def test_padded_steps_move_no_weight(model: Any) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    tokens = padded(ROWS, 8)

    def gradients(beside_padding: int) -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            value = loss(np.where(tokens > 0, 1, beside_padding), model(tokens))
        found = tape.gradient(value, model.trainable_variables)
        return [np.asarray(tf.convert_to_tensor(one)) for one in found]

    first, second = gradients(0), gradients(2)
    assert max(np.abs(one).max() for one in first) > 0.01
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_dropout_is_for_training_alone(model: Any) -> None:
    dropping, tokens = build(layers=2, dropout=0.5), padded(ROWS, 6)
    np.testing.assert_array_equal(dropping(tokens), model(tokens))
    first, second = (np.asarray(dropping(tokens, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 100 * TOLERANCE


def test_it_learns_what_only_the_next_token_tells() -> None:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 9, rng.integers(2, 9)).tolist() for _ in range(64)]
    tags = [[int(one == 5) for one in [*row[1:], 0]] for row in rows]
    dataset = tagged_batches(rows, tags, batch_size=16, buckets=[8], seed=0)
    model = SequenceTagger(VOCABULARY, ("no", "yes"), units=8, embedding=6, dropout=0.1)
    model.compile(
        keras.optimizers.Adam(0.05),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(dataset, epochs=12, verbose=0, shuffle=False).history
    # Without the second direction no more than the share of the commonest tag can be had.
    assert np.mean(np.concatenate(tags)) > 0.08
    assert history["accuracy"][-1] > 0.97


@saves_models
@pytest.mark.parametrize(
    "how",
    [
        {"layers": 2, "dropout": 0.2},
        {"bidirectional": False, "cell": "GRU", "dtype": "mixed_bfloat16"},
    ],
)
def test_a_saved_model_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = build(**how)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is SequenceTagger
    assert loaded.get_config() == model.get_config()
    assert loaded.tags == TAGS
    assert loaded.dtype_policy.name == how.get("dtype", "float32")
    tokens = padded(ROWS, 7)
    # The same operations on the same numbers.
    np.testing.assert_array_equal(
        keras.ops.cast(loaded(tokens), "float32"), keras.ops.cast(model(tokens), "float32")
    )


def test_the_config_holds_every_argument() -> None:
    arguments: dict[str, Any] = {
        "vocabulary_size": 7,
        "tags": ["b", "a"],
        "units": 3,
        "cell": "IRNN",
        "embedding": 2,
        "layers": 3,
        "bidirectional": False,
        "activation": "relu",
        "dropout": 0.1,
    }
    model = SequenceTagger(**arguments)
    config = model.get_config()
    assert {name: config[name] for name in arguments} == arguments
    assert SequenceTagger.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size must be a positive integer"),
        ({"units": 0}, "received units=0"),
        ({"layers": 0}, "received layers=0"),
        ({"embedding": None}, "received embedding=None"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\); received dropout=1"),
        ({"cell": "Transformer"}, "cell must be one of .* received 'Transformer'"),
        ({"tags": ["only"]}, r"a tagger needs at least two tags .*received \['only'\]"),
        ({"tags": ["a", "a"]}, r"different names; received \['a', 'a'\]"),
        ({"tags": "abc"}, "received 'abc'"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        SequenceTagger(**{"vocabulary_size": 5, "tags": TAGS, "units": 3, **wrong})
