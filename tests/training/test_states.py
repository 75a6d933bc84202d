from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.layers import SimpleRNN
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


@pytest.mark.parametrize("eagerly", [False, True])
def test_states_are_zero_where_a_pass_begins_and_nowhere_else(eagerly: bool) -> None:
    model, watch = stacked(), Watch()
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
