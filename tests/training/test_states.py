from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import GRUCell, LSTMCell, ResidualCell, SimpleRNNCell
from keras_rnn_kit.layers import RNN, SimpleRNN, StackedRNN
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.training import ResetStates

X = np.random.default_rng(0).normal(size=(6, 3, 2)).astype("float32")
Y = np.ones((6, 1), "float32")


def stacked() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((3, 2), batch_size=2),
            SimpleRNN(3, stateful=True, return_sequences=True),
            keras.layers.Bidirectional(keras.layers.SimpleRNN(2, stateful=True)),
            keras.layers.Dense(1),
        ]
    )


def nested() -> keras.Model:
    """Every kind of stateful layer, two models deep."""
    inner = keras.Sequential(
        [
            keras.Input((3, 2), batch_size=2),
            StackedRNN([LSTMCell(3), GRUCell(2)], stateful=True, return_sequences=True, skip=True),
            keras.layers.Bidirectional(
                StackedRNN([SimpleRNNCell(3)], stateful=True, return_sequences=True)
            ),
        ]
    )
    middle = keras.Sequential([keras.Input((3, 2), batch_size=2), inner])
    inputs = keras.Input((3, 2), batch_size=2)
    x = RNN(ResidualCell(LSTMCell(6)), stateful=True, return_sequences=True)(middle(inputs))
    x = keras.layers.Bidirectional(SimpleRNN(2, stateful=True))(x)
    return keras.Model(inputs, keras.layers.Dense(1)(x))


def states(model: keras.Model) -> list[np.ndarray]:
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    assert layers
    return [np.asarray(state) for layer in layers for state in layer.states]


class Watch(keras.callbacks.Callback):
    """Writes down before which batches all states are zero: `train 0`, `test 1`, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.zero: list[str] = []
        self.carried: list[str] = []

    def _note(self, batch: str) -> None:
        zero = all(np.all(state == 0) for state in states(self.model))
        assert zero or all(np.any(state != 0) for state in states(self.model))
        (self.zero if zero else self.carried).append(batch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._note(f"train {batch}")

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._note(f"test {batch}")


CASES = [(stacked, False, 3), (stacked, True, 3), (nested, False, 3 + 1 * 2 + 2 + 2)]


@pytest.mark.parametrize(("make", "eagerly", "count"), CASES)
def test_states_are_zero_where_a_pass_begins_and_nowhere_else(
    make: Callable[[], keras.Model], eagerly: bool, count: int
) -> None:
    model, watch = make(), Watch()
    assert len(states(model)) == count
    model.compile("sgd", "mse", run_eagerly=eagerly)
    how = {"batch_size": 2, "shuffle": False, "verbose": 0, "epochs": 2}
    validation = (X[:4], Y[:4])
    model.fit(X, Y, validation_data=validation, callbacks=[ResetStates(), watch], **how)
    assert watch.zero == ["train 0", "test 0"] * 2
    assert watch.carried == ["train 1", "train 2", "test 1"] * 2


def test_without_it_states_are_carried_over() -> None:
    model, watch = stacked(), Watch()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, epochs=2, callbacks=[watch])
    assert watch.zero == ["train 0"]


def test_predictions_are_the_same_again() -> None:
    model = nested()
    how: dict[str, Any] = {"batch_size": 2, "verbose": 0}
    first, second = (model.predict(X, callbacks=[ResetStates()], **how) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert np.any(model.predict(X, **how) != first), "the states do matter here"


def test_evaluations_give_the_same_figure_again() -> None:
    model = LanguageModel(5, units=4, embedding=3, stateful=True)
    model.build((2, 3))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    tokens = np.arange(12).reshape(4, 3) % 5
    how = {"batch_size": 2, "verbose": 0}
    first, second = (
        model.evaluate(tokens, tokens, callbacks=[ResetStates()], **how) for _ in range(2)
    )
    assert first == second
    assert model.evaluate(tokens, tokens, **how) != first, "the states do matter here"


def test_a_model_without_states_is_left_alone() -> None:
    model = LanguageModel(5, units=4, embedding=3)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    tokens = np.arange(12).reshape(4, 3) % 5
    model.fit(tokens, tokens, verbose=0, callbacks=[ResetStates()])
    assert all(layer.states is None for layer in model.recurrent_layers)
