"""The layer in every place that Keras has for a recurrent layer, and through files."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as stock

from keras_rnn_kit import layers as kit
from keras_rnn_kit.cells import (
    DropoutCell,
    GRUCell,
    LSTMCell,
    ResidualCell,
    SimpleRNNCell,
    ZoneoutCell,
)
from tests.catalogue import CATALOGUE, Entry, cases_of

FEATURES = 3
X = np.random.default_rng(1).normal(size=(9, 6, FEATURES)).astype("float32")
X[np.arange(6) >= np.arange(1, 10)[:, None]] = 0  # what `Masking` masks
# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    def __init__(self, of_kit=True, **kwargs):
        super().__init__(**kwargs)
        self.of_kit = of_kit
        self.recurrent = (kit if of_kit else stock).SimpleRNN(4, return_sequences=True)
        self.head = stock.Dense(2)

    def call(self, inputs, training=False):
        return self.head(self.recurrent(inputs, training=training))

    def get_config(self):
        return {**super().get_config(), "of_kit": self.of_kit}


def _functional(*middle):
    inputs = keras.Input((None, FEATURES))
    outputs = stock.Masking()(inputs)
    for layer in middle:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs)


def _bidirectional(k, **arguments):
    merge_mode = arguments.pop("merge_mode", "concat")
    return _functional(stock.Bidirectional(k.SimpleRNN(4, **arguments), merge_mode=merge_mode))


def _time_distributed(k, layer=None):
    inputs = keras.Input((2, 3, FEATURES))
    outputs = stock.TimeDistributed(layer or k.SimpleRNN(4))(inputs)
    return keras.Model(inputs, outputs)


def _cells(k):
    cell = SimpleRNNCell if k is kit else stock.SimpleRNNCell
    return [cell(4), cell(5, activation="relu", dropout=0.5)]


def _stacked(k):
    return kit.StackedRNN(_cells(k)) if k is kit else stock.RNN(_cells(k))


def _wrapped():
    cell = ResidualCell(ZoneoutCell(DropoutCell(LSTMCell(FEATURES), 0.5, 0.5, 0.5), [0.1, 0.3]))
    return [cell, ZoneoutCell(ResidualCell(GRUCell(FEATURES)), 0.2)]


PLACES = {
    "sequential": lambda k: keras.Sequential([k.SimpleRNN(4, return_sequences=True)]),
    "functional, two": lambda k: _functional(
        k.SimpleRNN(4, return_sequences=True), k.SimpleRNN(5, go_backwards=True)
    ),
    "subclassed": lambda k: Subclassed(k is kit),
    "bidirectional": _bidirectional,
    "bidirectional, sum": lambda k: _bidirectional(k, merge_mode="sum", return_sequences=True),
    "time distributed": _time_distributed,
    "cells in Keras's RNN": lambda k: _functional(
        stock.RNN(stock.StackedRNNCells(_cells(k)), return_sequences=True)
    ),
    "cells in our RNN": lambda k: _functional(
        k.RNN(stock.StackedRNNCells(_cells(k)), return_sequences=True)
    ),
    "a list of cells": lambda k: _functional(k.RNN(_cells(k))),
    "stacked": lambda k: _functional(_stacked(k)),
    "stacked in a Bidirectional": lambda k: _functional(stock.Bidirectional(_stacked(k))),
    "time distributed, stacked": lambda k: _time_distributed(k, _stacked(k)),
    "wrapped": lambda k: _functional(k.RNN(_wrapped()[0], return_sequences=True)),
    "wrapped, a list": lambda k: _functional(k.RNN(_wrapped())),
    "wrapped in a Bidirectional": lambda k: _functional(stock.Bidirectional(k.RNN(_wrapped()[0]))),
    "time distributed, wrapped": lambda k: _time_distributed(k, k.RNN(_wrapped()[0])),
    "one cell in Keras's RNN": lambda k: _functional(stock.RNN(_cells(k)[0])),
    "one cell in a Bidirectional": lambda k: _functional(stock.Bidirectional(k.RNN(_cells(k)[0]))),
}


# Two places in one: what is new in them is the pair; and lists of cells, which are stacked ones.
PAIRS = (
    "a list of cells",
    "cells in our RNN",
    "wrapped, a list",
    "bidirectional, sum",
    "stacked in a Bidirectional",
    "time distributed, stacked",
    "wrapped in a Bidirectional",
    "time distributed, wrapped",
    "one cell in a Bidirectional",
)


@pytest.mark.parametrize("place", cases_of(PLACES, [one for one in PLACES if one not in PAIRS]))
def test_outputs_are_kerass_and_survive_a_file(place, tmp_path):
    x = X.reshape(9, 2, 3, FEATURES) if "time distributed" in place else X
    models = []
    for k in (kit, stock):
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model = PLACES[place](k)
        model(x)
        models.append(model)
    ours, stocks = models
    assert [w.shape for w in ours.weights] == [w.shape for w in stocks.weights]
    ours.set_weights(stocks.get_weights())
    outputs = ours(x)
    np.testing.assert_allclose(outputs, stocks(x), rtol=0, atol=CLOSE)
    np.testing.assert_allclose(ours.predict(x, verbose=0), outputs, rtol=0, atol=CLOSE)
    ours.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(x), outputs, rtol=0, atol=CLOSE)


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in CATALOGUE])
def test_every_cell_steps_in_kerass_layers_as_its_layer_runs(entry: Entry):
    keras.utils.set_random_seed(3)
    how = {"return_sequences": True}
    first = entry.layer(**entry.small, **how)
    first.build((None, None, FEATURES))
    second = entry.layer(**entry.small, **how)
    second.build((None, None, first.cell.output_size))
    mask = np.any(X, axis=-1)

    @tf.function(autograph=False)
    def outputs(x, mask):
        one = first(x, mask=mask)
        both = stock.StackedRNNCells([first.cell, second.cell])
        return {
            "RNN": (stock.RNN(first.cell, **how)(x, mask=mask), one),
            "StackedRNNCells": (stock.RNN(both, **how)(x, mask=mask), second(one, mask=mask)),
            "TimeDistributed": (
                stock.TimeDistributed(first)(tf.stack([x, x + 1], axis=1)),
                tf.stack([first(x), first(x + 1)], axis=1),
            ),
        }

    for place, (got, wanted) in outputs(tf.constant(X), tf.constant(mask)).items():
        np.testing.assert_allclose(got, wanted, rtol=0, atol=CLOSE, err_msg=place)


@pytest.mark.parametrize("k", [kit, stock], ids=["kit", "keras"])
def test_sizes_that_are_known_stay_known(k):
    for rows, length in ((9, 6), (9, None), (None, 6), (None, None)):
        for return_sequences in (False, True):
            layer = k.SimpleRNN(4, return_sequences=return_sequences, return_state=True)
            layer.build(X.shape)
            for training in (False, True):
                function = tf.function(functools.partial(layer, training=training), autograph=False)
                traced = function.get_concrete_function(tf.TensorSpec([rows, length, FEATURES]))
                output, state = traced.output_shapes
                wanted = [rows, length, 4] if return_sequences else [rows, 4]
                assert output.as_list() == wanted
                # Keras knows less of the state than of the output where the length is unknown.
                assert state.as_list() in ([rows, 4], [None, 4])


@pytest.mark.parametrize("place", ["sequential", "bidirectional", "subclassed"])
def test_weight_files_go_from_keras_to_us_and_back(place, tmp_path):
    models = []
    for seed, k in enumerate((kit, stock)):
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        models.append(PLACES[place](k))
        models[-1](X)
    for source, target in (models[::-1], models):
        source.set_weights([weight + 0.1 for weight in source.get_weights()])
        source.save_weights(tmp_path / "model.weights.h5")
        assert np.abs(source(X) - target(X)).max() > 0.01
        target.load_weights(tmp_path / "model.weights.h5")
        np.testing.assert_allclose(target(X), source(X), rtol=0, atol=CLOSE)


def test_a_model_of_kerass_layers_becomes_one_of_ours():
    model = PLACES["functional, two"](stock)

    def ours(layer):
        known = isinstance(layer, stock.SimpleRNN)
        return kit.SimpleRNN.from_config(layer.get_config()) if known else layer

    converted = keras.models.clone_model(model, clone_function=ours)
    assert [type(layer) for layer in converted.layers[-2:]] == [kit.SimpleRNN] * 2
    converted.set_weights(model.get_weights())
    np.testing.assert_allclose(converted(X), model(X), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("make", [stock.LSTMCell, stock.GRUCell, stock.SimpleRNNCell])
@pytest.mark.parametrize("unroll", [False, True])
def test_any_other_cell_runs_in_kerass_loop(make, unroll):
    arguments = {"return_sequences": True, "return_state": True, "unroll": unroll}
    layer = kit.RNN(make(4), **arguments)
    layer.build(X.shape)
    mask = np.any(X, axis=-1)
    wanted = stock.RNN(layer.cell, **arguments)(X, mask=mask)
    for got, right in zip(layer(X, mask=mask), wanted, strict=True):
        np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_unrolled_the_results_are_the_engines(go_backwards):
    arguments = {"return_sequences": True, "go_backwards": go_backwards}
    layer, unrolled = kit.SimpleRNN(4, **arguments), kit.SimpleRNN(4, unroll=True, **arguments)
    layer.build(X.shape)
    unrolled.build(X.shape)
    unrolled.set_weights(layer.get_weights())
    mask = np.any(X, axis=-1)
    np.testing.assert_allclose(unrolled(X, mask=mask), layer(X, mask=mask), rtol=0, atol=CLOSE)
