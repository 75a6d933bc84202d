"""Zoneout: how often a unit keeps its value, and what is expected of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import GRUCell, LSTMCell, ResidualCell, SimpleRNNCell, ZoneoutCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN

WIDE = 64
ROWS = 64
# A share of N draws is off by more than five standard deviations (at most √(1/4N)) once in two
# million seeds, and the seed is fixed.
SHARE = 5 * np.sqrt(0.25 / (ROWS * WIDE))


def by_hand(x, h):
    """tanh(x + h), tanh being far from the identity at these values."""
    return np.tanh(x + h)


def simple(rate, **arguments):
    cell = SimpleRNNCell(WIDE, kernel_initializer="identity", recurrent_initializer="identity")
    return ZoneoutCell(cell, rate, seed=3, **arguments)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("kind", [RNN, keras.layers.RNN])
def test_each_unit_keeps_its_value_now_and_then(kind, graph):
    layer = kind(simple(0.3), return_sequences=True)
    x, h = np.full((ROWS, 4, WIDE), 0.7, "float32"), np.full((ROWS, WIDE), -2.0, "float32")
    call = tf.function(layer) if graph else layer
    outputs = np.array(call(tf.constant(x), initial_state=tf.constant(h), training=True))
    before = np.concatenate([h[:, None], outputs[:, :-1]], axis=1)
    kept = outputs == before
    # What is not kept is the cell's step, in float32.
    np.testing.assert_allclose(outputs[~kept], by_hand(x, before)[~kept], atol=1e-5)
    for t in range(4):
        assert abs(kept[:, t].mean() - 0.3) < SHARE
    # Drawn anew at each step and for each row: two draws are both kept as often as by chance.
    for one, other in ((kept[:, 0], kept[:, 1]), (kept[:, 2], kept[:, 3]), (kept[::2], kept[1::2])):
        assert abs((one & other).mean() - 0.3**2) < 1.5 * SHARE
    again = np.array(call(tf.constant(x), initial_state=tf.constant(h), training=True))
    assert abs(((again == before) & kept)[:, 0].mean() - 0.3**2) < SHARE


def test_every_state_has_its_rate():
    layer = RNN(ZoneoutCell(LSTMCell(WIDE), [0.1, 0.5], seed=3), return_state=True)
    x = np.ones((ROWS, 1, 3), "float32")
    states = [np.full((ROWS, WIDE), value, "float32") for value in (-0.4, 0.9)]
    output, *finals = layer(x, initial_state=states, training=True)
    for rate, before, after in zip((0.1, 0.5), states, finals, strict=True):
        assert abs(np.mean(before == after) - rate) < SHARE
    # The draws of h and c are not those of one another.
    both = np.mean((finals[0] == states[0]) & (finals[1] == states[1]))
    assert abs(both - 0.05) < SHARE
    np.testing.assert_array_equal(output, finals[0])


@pytest.mark.parametrize("rates", [[0.0, 0.5], [0.5, 0.0]])
def test_a_state_without_a_rate_is_let_be(rates):
    cell = ZoneoutCell(LSTMCell(4), rates, seed=3)
    x, states = np.ones((9, 3), "float32"), [np.full((9, 4), 0.3, "float32")] * 2
    _, after = cell(x, states, training=True)
    _, wanted = cell.cell(x, states)
    zoned = rates.index(0.5)
    np.testing.assert_array_equal(after[1 - zoned], wanted[1 - zoned])
    assert 0 < np.mean(after[zoned] == states[zoned]) < 1
    _, after = cell(x, states)
    np.testing.assert_array_equal(after[1 - zoned], wanted[1 - zoned])
    np.testing.assert_allclose(after[zoned], (states[zoned] + wanted[zoned]) / 2, rtol=1e-6)


@pytest.mark.parametrize("rate", [0, 0.0, [0.0, 0.0]])
@pytest.mark.parametrize("training", [False, True])
def test_without_a_rate_it_is_the_bare_cell(rate, training):
    layer = RNN(ZoneoutCell(LSTMCell(4), rate), return_sequences=True, return_state=True)
    x = np.random.default_rng(0).normal(size=(9, 5, 3)).astype("float32")
    got = layer(x, training=training)
    bare = RNN(layer.cell.cell, return_sequences=True, return_state=True)
    for one, other in zip(got, bare(x, training=training), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_cells_own_projection_in_training_is_kept():
    x = np.random.default_rng(0).normal(size=(9, 5, 3)).astype("float32")
    how = {"reset_after": False, "dropout": 0.3, "recurrent_dropout": 0.4, "seed": 1}
    bare = RNN(GRUCell(4, **how))
    wanted = bare(x, training=True)
    for rate in (0.0, 1e-12):  # the second draws, and keeps nothing
        layer = RNN(ZoneoutCell(GRUCell(4, **how), rate, seed=3))
        layer.build(x.shape)
        layer.set_weights(bare.get_weights())
        # The same products in float32, in another order.
        np.testing.assert_allclose(layer(x, training=True), wanted, rtol=0, atol=1e-5)


def test_nothing_is_drawn_out_of_training():
    layer = RNN(simple(0.3))
    x = np.ones((2, 3, WIDE), "float32")
    layer(x)
    before = np.array(layer.cell.seed_generator.state)
    np.testing.assert_array_equal(layer(x), layer(x, training=False))
    np.testing.assert_array_equal(layer.cell.seed_generator.state, before)
    layer(x, training=True)
    assert np.any(layer.cell.seed_generator.state != before)


def test_a_hand_computed_step():
    cell = SimpleRNNCell(2, activation=None, kernel_initializer="ones", use_bias=False)
    cell = ZoneoutCell(cell, 0.25)
    cell.build((None, 1))
    cell.cell.recurrent_kernel.assign([[0.0, 1.0], [2.0, 0.0]])
    # [4, 8] U = [16, 4]; plus x = 3: [19, 7]; a quarter of [4, 8] and three of that.
    output, (state,) = cell(np.array([[3.0]]), [np.array([[4.0, 8.0]])])
    np.testing.assert_array_equal(state, [[0.25 * 4 + 0.75 * 19, 0.25 * 8 + 0.75 * 7]])
    np.testing.assert_array_equal(output, state)


def test_out_of_training_a_step_is_what_is_expected_in_training():
    rate, rows = 0.3, 4096
    cell = ZoneoutCell(LSTMCell(8), rate, seed=3)
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(1, 3)), rows, axis=0).astype("float32")
    states = [np.repeat(rng.normal(size=(1, 8)), rows, axis=0).astype("float32") for _ in "hc"]
    _, expected = cell(x[:1], [state[:1] for state in states])
    _, drawn = cell(x, states, training=True)
    _, new = cell.cell(x[:1], [state[:1] for state in states])
    for wanted, got, before, after in zip(expected, drawn, states, new, strict=True):
        # The mean of `rows` draws between two values, to five standard deviations.
        deviation = np.abs(before[0] - after[0]) * np.sqrt(rate * (1 - rate) / rows)
        mean = np.mean(got, axis=0, dtype=np.float64)  # in float32 the sum itself would be off
        assert np.all(np.abs(mean - wanted[0]) < 5 * deviation + 1e-6)
        assert np.any(deviation > 0.001)


def test_an_output_that_is_not_the_state_is_the_cells_own():
    inner = ResidualCell(SimpleRNNCell(4))
    cell = ZoneoutCell(inner, 0.5)
    x, states = np.ones((2, 4), "float32"), [np.full((2, 4), 0.3, "float32")]
    output, (state,) = cell(x, states)
    wanted, (new,) = inner(x, states)
    np.testing.assert_array_equal(output, wanted)
    np.testing.assert_allclose(state, (new + states[0]) / 2, rtol=1e-6)


@pytest.mark.parametrize("rate", [1, 1.0, -0.1, [0.1, 1.5]])
def test_a_rate_is_a_share(rate):
    with pytest.raises(KitError, match=r"rate must be a number in \[0, 1\); received rate="):
        ZoneoutCell(LSTMCell(4), rate)


@pytest.mark.parametrize("rate", [[0.1], [0.1, 0.2, 0.3], []])
def test_there_is_a_rate_for_each_state(rate):
    with pytest.raises(
        KitError, match="one for each state of LSTMCell, which has 2; received rate"
    ):
        ZoneoutCell(LSTMCell(4), rate)


def test_the_seed_decides():
    x, states = np.ones((9, 3), "float32"), [np.full((9, 4), 0.3, "float32")]

    def drawn(seed):
        keras.utils.set_random_seed(1)
        return np.array(ZoneoutCell(SimpleRNNCell(4), 0.5, seed)(x, states, training=True)[0])

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert np.any(drawn(1) != drawn(2))
    np.testing.assert_array_equal(drawn(None), drawn(None))
