"""What a call starts from that is given no initial state: zeros, noise, or a weight."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import CoRNNCell, LSTMCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import LSTM, RNN, SimpleRNN
from tests.catalogue import THOROUGH
from tests.cells.own import CoupledCell, ReadoutCell, TwoStateCell

RNG = np.random.default_rng(1)
X = RNG.normal(size=(9, 5, 3)).astype("float32")
MASK = RNG.random((9, 5)) < 0.6
MASK[2] = False
# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5
# float64, likewise.
EXACT = 1e-10

CELLS = {
    "SimpleRNNCell": lambda **k: SimpleRNNCell(4, **k),
    "LSTMCell": lambda **k: LSTMCell(4, **k),
    "CoRNNCell": lambda **k: CoRNNCell(4, **k),
    "two widths": lambda **k: TwoStateCell(4, **k),
    "both states in the product": lambda **k: CoupledCell(4, **k),
    "an output of its own": lambda **k: ReadoutCell(4, **k),
    "Keras's cell": lambda **k: keras.layers.LSTMCell(4, **k),
    "stacked cells": lambda **k: keras.layers.StackedRNNCells(
        [LSTMCell(4, **k), SimpleRNNCell(5, **k)], **k
    ),
}
EVERY = pytest.mark.parametrize("make", CELLS.values(), ids=CELLS)


def learned(cell, seed=3, **arguments):
    """`cell` over time with states that it has learned: at values of their own."""
    layer = RNN(cell, initial_state="learned", **arguments)
    layer.build(X.shape)
    rng = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        if "initial_state" in weight.name:
            weight.assign(rng.normal(size=weight.shape))
    return layer


def states_of(layer):
    return [w for w in layer.trainable_weights if "initial_state" in w.name]


@pytest.mark.parametrize("choice", ["zero", "Learned", None, 0, np.zeros((2, 4), "float32")])
def test_what_is_no_choice_is_refused(choice):
    rule = r"must be 'zeros', 'random' or 'learned' where a layer is made; received"
    for make in (lambda **k: RNN(SimpleRNNCell(4), **k), lambda **k: SimpleRNN(4, **k)):
        with pytest.raises(KitError, match=rule):
            make(initial_state=choice)


@pytest.mark.parametrize("choice", ["random", "learned"])
def test_a_stateful_layer_starts_from_zeros(choice):
    with pytest.raises(
        KitError, match=f"received initial_state='{choice}' with stateful=True. Lea"
    ):
        SimpleRNN(4, initial_state=choice, stateful=True)
    SimpleRNN(4, initial_state="zeros", stateful=True)


# Learned.


@EVERY
def test_each_state_has_a_weight_of_zeros(make):
    layer = RNN(make(), initial_state="learned")
    assert not layer.weights
    assert not np.any(keras.tree.flatten(layer.get_initial_state(2))[0])
    layer.build(X.shape)
    sizes = keras.tree.flatten(layer.state_size)
    assert [w.shape for w in states_of(layer)] == [(size,) for size in sizes]
    assert [w.name for w in states_of(layer)] == [f"initial_state_{k}" for k in range(len(sizes))]
    assert not any(np.any(weight) for weight in states_of(layer))
    bare = RNN(layer.cell)
    assert len(bare.weights) == len(layer.weights) - len(sizes)
    np.testing.assert_array_equal(layer(X), bare(X))


@pytest.mark.parametrize(
    ("make", "training"),
    [
        pytest.param(
            make, training, id=f"{name}-{training}", marks=THOROUGH if training and usual else ()
        )
        for name, make in CELLS.items()
        # Trained: one state, several that meet the product, several cells.
        for usual in [name not in ("SimpleRNNCell", "both states in the product", "stacked cells")]
        for training in (False, True)
    ],
)
def test_it_is_the_same_as_the_weight_handed_in_for_each_row(make, training):
    layer = learned(
        make(dtype="float64"), return_sequences=True, return_state=True, dtype="float64"
    )
    bare = RNN(layer.cell, return_sequences=True, return_state=True, dtype="float64")
    x, weights = tf.constant(X, "float64"), states_of(layer)

    @tf.function(autograph=False)
    def results(handed_in):
        given = [tf.repeat(w.value[None], 9, axis=0) for w in weights]
        with tf.GradientTape() as tape:
            tape.watch(given)
            how = {"mask": tf.constant(MASK), "training": training}
            if handed_in:
                packed = keras.tree.pack_sequence_as(layer.get_initial_state(9), given)
                outputs = bare(x, initial_state=packed, **how)
            else:
                outputs = layer(x, **how)
            flat = keras.tree.flatten(outputs)
            loss = tf.add_n([tf.reduce_sum(part * tf.cos(part)) for part in flat])
        sources = [given if handed_in else [w.value for w in weights]]
        sources.append([w.value for w in layer.cell.trainable_weights])
        d_states, d_weights = tape.gradient(loss, sources)
        d_states = [tf.reduce_sum(d, axis=0) if handed_in else d for d in d_states]
        return flat, d_states, d_weights

    got, wanted = results(False), results(True)
    for one, other in zip(tf.nest.flatten(got), tf.nest.flatten(wanted), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=EXACT)
    assert all(np.abs(d).max() > 1e-3 for d in got[1])


@EVERY
def test_a_row_without_a_real_step_returns_it(make):
    layer = learned(make(), return_state=True)
    _, *finals = layer(X, mask=MASK)
    for final, weight in zip(keras.tree.flatten(finals), states_of(layer), strict=True):
        np.testing.assert_array_equal(final[2], weight)


def test_what_the_call_is_given_comes_first():
    layer = learned(SimpleRNNCell(4))
    h = np.full((9, 4), 0.3, "float32")
    np.testing.assert_array_equal(layer(X, initial_state=h), RNN(layer.cell)(X, initial_state=h))
    assert np.abs(layer(X) - layer(X, initial_state=h)).max() > 0.01


def test_it_is_trained():
    keras.utils.set_random_seed(1)
    layer = SimpleRNN(4, initial_state="learned")
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Masking(), layer])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    # Nothing but the first state can tell what is wanted of a row that is masked all over.
    model.fit(np.zeros((16, 2, 3)), np.full((16, 4), 0.5), epochs=20, verbose=0)
    (weight,) = states_of(layer)
    assert np.all(weight == 0), "the output of such a row is zero; no gradient reaches the state"
    model.fit(np.ones((16, 2, 3)), np.full((16, 4), 0.5), epochs=20, verbose=0)
    assert np.all(np.abs(weight) > 0.01)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_weight_is_kept_in_single_precision(policy):
    layer = learned(LSTMCell(4, dtype=policy), return_state=True, dtype=policy)
    assert {weight.dtype for weight in layer.weights} == {"float32"}
    _, *finals = layer(X, mask=MASK)
    for final, weight in zip(finals, states_of(layer), strict=True):
        assert final.dtype == policy.removeprefix("mixed_")
        np.testing.assert_array_equal(final[2], tf.cast(weight.value, final.dtype))


@pytest.mark.parametrize("place", ["functional", "bidirectional", "backwards"])
def test_a_model_is_saved_and_loaded(place, tmp_path):
    inputs = keras.Input((None, 3))
    layer = LSTM(4, initial_state="learned", go_backwards=place == "backwards")
    if place == "bidirectional":
        layer = keras.layers.Bidirectional(layer)
    model = keras.Model(inputs, layer(keras.layers.Masking()(inputs)))
    states = states_of(layer)
    assert len(states) == len({id(state) for state in states}) == 2 + 2 * (place == "bidirectional")
    for k, state in enumerate(states):
        state.assign(np.full(4, 0.1 * (k + 1)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))
    model.save_weights(tmp_path / "model.weights.h5")
    for state in states:
        state.assign(np.zeros(4))
    assert np.abs(loaded(X) - model(X)).max() > 0.01
    model.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(loaded(X), model(X))


# Random.


def resting(seed=1, **arguments):
    """h_t = h_{t-1}."""
    keras.utils.set_random_seed(seed)
    cell = SimpleRNNCell(
        64,
        activation=None,
        kernel_initializer="zeros",
        recurrent_initializer="identity",
    )
    return RNN(cell, initial_state="random", **arguments)


@pytest.mark.parametrize("graph", [False, True])
def test_noise_is_normal_and_of_each_row_and_call(graph):
    layer = resting()
    call = tf.function(layer) if graph else layer
    x = tf.ones((64, 2, 3))
    first, second = (np.array(call(x, training=True)) for _ in range(2))
    for noise in (first, second, first - second, first[:32] - first[32:]):
        deviation = 0.1 * (np.sqrt(2) if noise is not first and noise is not second else 1)
        # The mean and the deviation of N draws, to five of their own standard deviations.
        assert abs(noise.mean()) < 5 * deviation / np.sqrt(noise.size)
        assert abs(noise.std() - deviation) < 5 * deviation / np.sqrt(2 * noise.size)


def test_there_is_noise_in_training_alone():
    layer = resting()
    x = np.ones((9, 2, 3), "float32")
    seed = layer.initial_seed_generator.state
    for output in (layer(x), layer(x, training=False), tf.function(layer)(x)):
        assert not np.any(output)
    h = np.full((9, 64), 0.3, "float32")
    # Given a state, it is taken as it is. One product with ones and zeros.
    np.testing.assert_array_equal(layer(x, initial_state=h, training=True), h)
    assert not np.any(layer.get_initial_state(2)[0])
    before = np.array(seed)
    layer(x, training=True)
    assert np.any(seed != before)


@EVERY
def test_every_state_is_disturbed(make):
    keras.utils.set_random_seed(1)
    layer = RNN(make(), initial_state="random", return_state=True)
    _, *finals = layer(X, mask=np.zeros((9, 5), bool), training=True)
    finals = keras.tree.flatten(finals)
    assert len(finals) == len(keras.tree.flatten(layer.state_size))
    for final in finals:
        assert 0.05 < np.std(final) < 0.2
    assert len({float(final[0, 0]) for final in finals}) == len(finals)


def test_the_global_seed_decides():
    x = np.ones((9, 2, 3), "float32")
    first, again, other = (np.array(resting(seed)(x, training=True)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)


def test_a_model_with_noise_is_trained_saved_and_loaded(tmp_path):
    keras.utils.set_random_seed(1)
    layer = keras.layers.Bidirectional(LSTM(4, initial_state="random"))
    model = keras.Sequential([keras.Input((None, 3)), layer, keras.layers.Dense(1)])
    for jit_compile in (False, True):
        model.compile(keras.optimizers.Adam(0.05), "mse", jit_compile=jit_compile)
        history = model.fit(X, X.mean((1, 2)), epochs=10, verbose=0)
        assert history.history["loss"][-1] < history.history["loss"][0]
    assert not states_of(layer)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].forward_layer.initial_state == "random"
    np.testing.assert_array_equal(loaded(X), model(X))


# The argument.


def test_its_default_is_not_in_the_config():
    for layer in (SimpleRNN(4), RNN(SimpleRNNCell(4)), SimpleRNN(4, initial_state="zeros")):
        assert "initial_state" not in layer.get_config()
        assert layer.initial_state == "zeros"
        assert type(layer).from_config(layer.get_config()).initial_state == "zeros"
    stock = keras.layers.SimpleRNN.from_config(SimpleRNN(4).get_config())
    assert SimpleRNN.from_config(stock.get_config()).initial_state == "zeros"
    for choice in ("random", "learned"):
        layer = SimpleRNN(4, initial_state=choice)
        assert layer.get_config()["initial_state"] == choice
        assert SimpleRNN.from_config(layer.get_config()).initial_state == choice


def test_it_may_come_without_a_name_where_keras_has_no_argument():
    assert RNN(SimpleRNNCell(4), False, False, False, False, False, False, "learned").initial_state
