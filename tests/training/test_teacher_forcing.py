"""The schedules of teacher forcing: their values, and when they are set."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import OutputFeedbackCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN, OutputFeedbackRNN
from keras_rnn_kit.training import TeacherForcing

ONE = np.zeros((6, 2, 1), np.float32)


class Seen(keras.callbacks.Callback):
    """The rate at each update."""

    def __init__(self, rate: Any) -> None:
        super().__init__()
        self.rate = rate
        self.rates: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.rates.append(float(self.rate.numpy()))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    x, y = keras.Input((2, 1)), keras.Input((2, 1))
    first = OutputFeedbackRNN(2, 1, return_sequences=True, teacher_forcing=0.3)
    second = OutputFeedbackRNN(2, 1, feedback="both", return_sequences=True)
    model = keras.Model([x, y], second(first(x, y), y))
    model.compile("sgd", "mse")
    return model


def fit(model: keras.Model, callback: TeacherForcing, data: Any = None, **how: Any) -> Any:
    """The rates at each update, of the last layer, and those in the history."""
    seen = Seen(model.layers[-1].teacher_forcing_rate)
    given = ([ONE, ONE], ONE) if data is None else (data,)
    how |= {"batch_size": 2} if data is None else {"shuffle": False}
    history = model.fit(*given, verbose=0, callbacks=[callback, seen], **how).history
    return seen.rates, history["teacher_forcing_rate"]


@pytest.mark.parametrize(
    ("arguments", "i", "expected"),
    [
        ({"schedule": "constant", "start": 0.4}, 99, 0.4),
        ({"schedule": "linear", "steps": 4}, 0, 1.0),
        ({"schedule": "linear", "steps": 4}, 1, 0.75),
        ({"schedule": "linear", "steps": 4}, 9, 0.0),
        # max(ε, k − c i) of the paper: k = 0.9, ε = 0.1, c = 0.2.
        ({"schedule": "linear", "start": 0.9, "end": 0.1, "steps": 4}, 3, 0.9 - 0.2 * 3),
        ({"schedule": "linear", "start": 0.9, "end": 0.1, "steps": 4}, 5, 0.1),
        ({"schedule": "linear", "start": 0.0, "end": 1.0, "steps": 4}, 1, 0.25),
        ({"schedule": "exponential", "k": 0.5}, 3, 0.125),
        ({"schedule": "exponential", "k": 0.5, "end": 0.5}, 1, 0.75),
        ({"schedule": "exponential", "steps": 40}, 40, 0.01),
        ({"schedule": "inverse_sigmoid", "k": 3.0}, 0, 3 / 4),
        ({"schedule": "inverse_sigmoid", "k": 3.0}, 6, 3 / (3 + math.exp(2))),
        ({"schedule": "inverse_sigmoid", "k": 3.0}, 10**6, 0.0),
        ({"schedule": "inverse_sigmoid", "steps": 1000}, 500, 0.5),
        ({"schedule": "inverse_sigmoid", "steps": 1}, 0.5, 0.5),
    ],
)
def test_rates(arguments: dict[str, Any], i: float, expected: float) -> None:
    assert TeacherForcing(**arguments).rate(i) == pytest.approx(expected, abs=1e-12)


def test_by_the_batch_over_the_whole_training(model: keras.Model) -> None:
    rates, logged = fit(model, TeacherForcing("linear"), epochs=2)
    assert rates == pytest.approx([1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])
    assert logged == pytest.approx([4 / 6, 1 / 6])
    first, second = (layer.teacher_forcing_rate.numpy() for layer in model.layers[-2:])
    assert first == second == pytest.approx(1 / 6)


def test_a_training_that_goes_on_goes_on_in_the_schedule(model: keras.Model) -> None:
    callback = TeacherForcing("linear")
    whole, logged = fit(model, callback, epochs=3)
    assert fit(model, TeacherForcing("linear"), epochs=3, initial_epoch=1) == (
        pytest.approx(whole[3:]),
        pytest.approx(logged[1:]),
    )
    assert fit(model, callback, epochs=3)[0] == pytest.approx(whole)  # and a new one begins anew
    by_epoch = TeacherForcing("exponential", k=0.5, every="epoch")
    assert fit(model, by_epoch, epochs=3, initial_epoch=1)[1] == [0.5, 0.25]


def test_by_the_epoch(model: keras.Model) -> None:
    rates, logged = fit(model, TeacherForcing("linear", end=0.5, every="epoch"), epochs=2)
    assert (rates, logged) == ([1, 1, 1, 0.75, 0.75, 0.75], [1, 0.75])


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras, at each such epoch's end
def test_data_of_an_unknown_number_of_batches(model: keras.Model) -> None:
    batches = tf.data.Dataset.from_tensor_slices(((ONE, ONE), ONE)).batch(2)
    unknown = batches.filter(lambda x, y: True)
    with pytest.raises(KitError, match=r"an unknown number\. Pass steps_per_epoch"):
        fit(model, TeacherForcing("linear"), unknown, epochs=1)
    rates, _ = fit(model, TeacherForcing("linear", steps=4), unknown, epochs=2)
    assert rates == [1, 0.75, 0.5, 0.25, 0, 0]
    with pytest.raises(KitError, match="unknown number"):
        fit(model, TeacherForcing("linear", steps=9), unknown, epochs=2, initial_epoch=1)
    rates, _ = fit(model, TeacherForcing("constant", start=0.4, every="epoch"), unknown)
    assert rates == pytest.approx([0.4] * 3)  # the variable is of single precision


def test_a_cell_in_another_layer_is_found() -> None:
    class OfCells(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent = RNN([OutputFeedbackCell(2, 1), OutputFeedbackCell(2, 1)])

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.recurrent(inputs, training=training)

    model = OfCells()
    model.compile("sgd", "mse")
    callback = TeacherForcing("constant", start=0.7)
    history = model.fit(ONE, ONE[:, 0], verbose=0, callbacks=[callback]).history
    assert history["teacher_forcing_rate"] == pytest.approx([0.7])
    for cell in model.recurrent.cell.cells:
        assert cell.teacher_forcing_rate.numpy() == pytest.approx(0.7)


def test_a_model_without_a_rate() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)], name="plain")
    model.compile("sgd", "mse")
    with pytest.raises(KitError, match="the model 'plain', no layer of which has one"):
        model.fit(ONE[:, 0], ONE[:, 0], verbose=0, callbacks=[TeacherForcing()])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedule": "cosine"}, "schedule must be one of constant, linear, exponential, inverse"),
        ({"every": "step"}, "every must be 'batch' or 'epoch'; received 'step'"),
        ({"start": 1.5}, r"start must be a number in \[0, 1\]; received start=1.5"),
        ({"end": -0.1}, r"end must be a number in \[0, 1\]; received end=-0.1"),
        ({"steps": 0}, "steps must be a positive, finite number; received steps=0"),
        ({"k": 2.0}, "k shapes an exponential or inverse_sigmoid .* received k=2.0"),
        ({"schedule": "exponential", "k": 0.5, "steps": 3}, "Leave one of them out"),
        ({"schedule": "exponential", "k": 1.0}, "k must be a number above 0 and below 1"),
        ({"schedule": "inverse_sigmoid", "k": 0.5}, "k must be a finite number of 1 or more"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        TeacherForcing(**arguments)


def test_no_length_yet() -> None:
    with pytest.raises(KitError, match="Pass steps or k"):
        TeacherForcing("linear").rate(1)
