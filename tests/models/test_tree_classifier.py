"""`TreeClassifier`: the root of a tree over the tokens, balanced, given, or a chain."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.data import labelled_batches, tree_batches
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import TreeClassifier
from keras_rnn_kit.models.tree_classifier import STRUCTURES
from keras_rnn_kit.text.trees import balanced, chain, tree_levels
from tests.models.reference import TOLERANCE, saves_models, with_weights

VOCABULARY = 9
CLASSES = ("bad", "so-so", "good")
ROWS = [[3, 1, 4, 1, 5], [2, 6, 5], [3], [5, 8, 7, 8, 3, 2]]


def build(**arguments: Any) -> Any:
    model = TreeClassifier(VOCABULARY, **{"classes": CLASSES, "units": 4, **arguments})
    model.build((None, None))
    return with_weights(model)


def padded(rows: list[list[int]], length: int) -> np.ndarray:
    return np.array([row + [0] * (length - len(row)) for row in rows], np.int32)


def by_hand(model: Any, ids: list[int], balanced_tree: bool) -> np.ndarray:
    """The logits of one text, by `h = tanh(right W + left U + b)`."""
    embedding, kernel, recurrent, bias, output, output_bias = (
        np.asarray(weight, np.float64) for weight in model.get_weights()
    )
    leaves = [embedding[one] for one in ids]

    def composed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.asarray(np.tanh(right @ kernel + left @ recurrent + bias))

    if not balanced_tree:
        root = np.zeros(len(bias))
        for leaf in leaves:
            root = composed(root, leaf)
        return root @ output + output_bias
    while len(leaves) > 1:
        pairs = [composed(*leaves[k : k + 2]) for k in range(0, len(leaves) - 1, 2)]
        leaves = pairs + leaves[2 * len(pairs) :]
    return np.asarray(leaves[0] @ output + output_bias)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_it_is_its_equations_whatever_the_padding(structure: str) -> None:
    model = build(structure=structure)
    expected = [by_hand(model, row, structure == "balanced") for row in ROWS]
    for length in (6, 9):
        logits = model(padded(ROWS, length))
        assert logits.shape == model.compute_output_shape((4, length)) == (4, 3)
        np.testing.assert_allclose(logits, expected, rtol=0, atol=TOLERANCE)
    received = model.predict(padded(ROWS, 11), verbose=0)
    np.testing.assert_allclose(received, expected, rtol=0, atol=TOLERANCE)
    # Nothing is real there: the bias alone.
    empty = model(np.zeros((1, 3), np.int32))
    np.testing.assert_allclose(empty[0], model.output_layer.bias, rtol=0, atol=TOLERANCE)


def test_merges_take_the_place_of_the_balanced_tree() -> None:
    model = build(cell="GRU")
    tokens = padded(ROWS, 6)
    lengths = [len(row) for row in ROWS]
    merges = tree_levels([balanced(n) for n in lengths], 6)
    np.testing.assert_allclose(model((tokens, merges)), model(tokens), rtol=0, atol=TOLERANCE)
    assert model.compute_output_shape([(4, 6), merges.shape]) == (4, 3)
    chains = model((tokens, tree_levels([chain(n) for n in lengths], 6)))
    assert np.abs(chains[0] - model(tokens)[0]).max() > 100 * TOLERANCE
    # Of no more than three leaves, a chain is what is balanced.
    np.testing.assert_allclose(chains[1:3], model(tokens)[1:3], rtol=0, atol=TOLERANCE)
    with pytest.raises(KitError, match=r"received them with structure='chain'\. Leave"):
        build(structure="chain")((tokens, merges))


@saves_models
@pytest.mark.parametrize(
    "how",
    [
        {"cell": "LSTM", "dropout": 0.2},
        {"structure": "chain", "activation": "relu", "dtype": "mixed_float16"},
        {"cell_arguments": {"recurrent_initializer": "identity"}, "dtype": "float64"},
    ],
)
def test_a_saved_model_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = build(**how)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is TreeClassifier
    assert loaded.get_config() == model.get_config()
    assert loaded.classes == CLASSES
    tokens = padded(ROWS, 7)
    # The same operations on the same numbers.
    np.testing.assert_array_equal(loaded(tokens), model(tokens))
    assert loaded(tokens).dtype == {"mixed_float16": "float16"}.get(
        how.get("dtype", ""), how.get("dtype", "float32")
    )


def test_dropout_is_for_training_alone() -> None:
    model, plain = build(dropout=0.5), build()
    tokens = padded(ROWS, 6)
    np.testing.assert_array_equal(model(tokens), plain(tokens))
    first, second = (np.asarray(model(tokens, training=True).numpy()) for _ in range(2))
    assert np.abs(first - second).max() > 100 * TOLERANCE


@pytest.mark.parametrize("given", [False, True])
def test_fitting_lowers_the_loss(given: bool) -> None:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 9, rng.integers(1, 8)).tolist() for _ in range(64)]
    labels = [int(5 in row) for row in rows]
    how: Any = {"batch_size": 16, "buckets": [8], "seed": 0}
    if given:
        trees = [chain(len(row)) for row in rows]
        batches = tree_batches(rows, trees, labels, **how)
    else:
        batches = labelled_batches(rows, labels, **how)
    model = TreeClassifier(VOCABULARY, ("without", "with"), 8, cell="GRU")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    history = model.fit(batches, epochs=12, shuffle=False, verbose=0).history
    assert history["loss"][0] > 0.5  # a uniform guess has ln 2 = 0.69
    assert history["loss"][-1] < 0.3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size must be a positive integer"),
        ({"units": 0}, "received units=0"),
        ({"dropout": 1}, "dropout must be a number"),
        ({"structure": "bush"}, "structure must be one of balanced, chain; received 'bush'"),
        ({"classes": ["only"]}, r"at least two classes .*received \['only'\]"),
        ({"cell": "Tree"}, "cell must be one of"),
        ({"cell_arguments": {"leaves": 3}}, "further arguments of SimpleRNN, .* received 'leaves'"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        TreeClassifier(**{"vocabulary_size": 5, "classes": CLASSES, "units": 3, **wrong})
