"""Both directions: Keras's results, and each direction on cores of its own."""

import itertools
import os

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.layers import GRU, LSTM, Bidirectional, SimpleRNN, StackedRNN, cores, recurrence
from tests.catalogue import cases_of
from tests.cells.own import GainCell

ROWS, LENGTH, FEATURES = 9, 6, 3
X = np.random.default_rng(1).normal(size=(ROWS, LENGTH, FEATURES)).astype("float32")
MASK = np.arange(LENGTH) < np.arange(1, ROWS + 1)[:, None]
MASK[2] = [0, 1, 0, 1, 1, 0]
MASK[3] = False
# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5
MERGED = ("sum", "mul", "ave")
LAYERS = {
    "SimpleRNN": lambda **arguments: SimpleRNN(4, **arguments),
    "LSTM": lambda **arguments: LSTM(4, **arguments),
    "GRU": lambda **arguments: GRU(4, **arguments),
}


def stock_of(layer):
    return {SimpleRNN: keras.layers.SimpleRNN, LSTM: keras.layers.LSTM, GRU: keras.layers.GRU}[
        type(layer)
    ].from_config(layer.get_config())


def pair(layer, **arguments):
    ours = Bidirectional(layer, **arguments)
    theirs = keras.layers.Bidirectional(stock_of(layer), **arguments)
    for made in (ours, theirs):
        made.build(X.shape)
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def differentiate(layer, mask, graph):
    def differentiate(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = tf.nest.flatten(layer(x, mask=mask, training=True))
            loss = tf.add_n([tf.reduce_sum(output**2) for output in outputs])
        variables = [weight.value for weight in layer.trainable_weights]
        return [*outputs, *tape.gradient(loss, [x, *variables])]

    return (tf.function(differentiate) if graph else differentiate)(tf.constant(X))


@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
@pytest.mark.parametrize(
    ("name", "merge_mode"),
    cases_of(
        itertools.product(LAYERS, ("concat", *MERGED, None)),
        # How outputs are merged is no matter of the layer.
        [(n, "concat") for n in LAYERS] + [("SimpleRNN", mode) for mode in (*MERGED, None)],
    ),
)
def test_results_and_gradients_are_kerass(name, merge_mode, mask):
    layer = LAYERS[name](return_sequences=True, return_state=name == "LSTM")
    ours, theirs = pair(layer, merge_mode=merge_mode)
    got, wanted = (differentiate(made, mask, graph=True) for made in (ours, theirs))
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=10 * CLOSE)


def test_states_go_in_and_come_out():
    ours, theirs = pair(LSTM(4, return_state=True))
    states = [np.full((ROWS, 4), 0.1 * k, "float32") for k in range(4)]
    got, wanted = (made(X, initial_state=states) for made in (ours, theirs))
    assert len(got) == 5
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=CLOSE)


def test_a_stateful_layer_keeps_the_states_of_both_directions():
    ours, theirs = pair(SimpleRNN(4, stateful=True))
    for _ in range(2):
        np.testing.assert_allclose(ours(X), theirs(X), rtol=0, atol=CLOSE)
    ours.reset_states()
    theirs.reset_states()
    np.testing.assert_allclose(ours(X), theirs(X), rtol=0, atol=CLOSE)


def test_the_backward_layer_may_be_another():
    layer = Bidirectional(
        SimpleRNN(4, return_sequences=True),
        backward_layer=GRU(5, return_sequences=True, go_backwards=True),
    )
    assert layer(X).shape == (ROWS, LENGTH, 9)


def test_it_is_saved_and_loaded(tmp_path):
    stacked = StackedRNN([GainCell(4), GainCell(5)], return_sequences=True)
    model = keras.Sequential(
        [
            keras.Input((None, FEATURES)),
            keras.layers.Masking(),
            Bidirectional(LSTM(4, return_sequences=True), merge_mode="sum"),
            Bidirectional(stacked),
        ]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.layers[1:]] == [Bidirectional] * 2
    assert loaded.layers[1].merge_mode == "sum"
    np.testing.assert_array_equal(loaded(X), model(X))


@pytest.mark.parametrize("kind", [Bidirectional, keras.layers.Bidirectional])
def test_each_direction_is_one_part_where_cores_are_few(kind, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2), raising=False)
    counts = []
    run_part = recurrence._run_part
    monkeypatch.setattr(recurrence, "_run_part", lambda *args: counts.append(1) or run_part(*args))
    layer = kind(SimpleRNN(4))
    layer.build(X.shape)
    tf.function(lambda x: layer(x, training=True), autograph=False)(tf.constant(X))
    assert len(counts) == (2 if kind is Bidirectional else 4)
    assert cores.cores() == 2


def test_cores_are_shared():
    whole = cores.cores()
    with cores.side_by_side(2):
        assert cores.cores() == max(1, whole // 2)
        with cores.side_by_side(whole):
            assert cores.cores() == 1
    assert cores.cores() == whole
