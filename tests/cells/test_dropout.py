"""Dropout around any cell: what is dropped, how often, and for how long."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import DropoutCell, LSTMCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN
from tests.cells.own import DiagonalCell

# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5
WIDE, ROWS = 64, 64
# A share of N draws is off by more than five standard deviations (at most √(1/4N)) once in two
# million seeds, and the seed is fixed.
SHARE = 5 * np.sqrt(0.25 / (ROWS * WIDE))


def linear(**rates):
    """h_t = x_t + h_{t-1}, with dropout."""
    cell = SimpleRNNCell(
        WIDE,
        activation=None,
        use_bias=False,
        kernel_initializer="identity",
        recurrent_initializer="identity",
    )
    return RNN(DropoutCell(cell, **rates, seed=3), return_sequences=True, return_state=True)


@pytest.mark.parametrize("graph", [False, True])
def test_inputs_are_dropped_alike_at_every_step(graph):
    layer = linear(dropout=0.25)
    call = tf.function(layer) if graph else layer
    outputs, state = call(tf.ones((ROWS, 4, WIDE)), training=True)
    dropped = np.array(outputs[:, 0]) == 0
    assert abs(dropped.mean() - 0.25) < SHARE
    # What is kept is scaled by 1 / 0.75.
    wanted = np.where(dropped[:, None], 0, np.arange(1, 5)[:, None] / 0.75)
    np.testing.assert_allclose(outputs, wanted, rtol=CLOSE)
    np.testing.assert_array_equal(state, outputs[:, -1])


@pytest.mark.parametrize("graph", [False, True])
def test_states_are_dropped_alike_at_every_step(graph):
    layer = linear(recurrent_dropout=0.5)
    call = tf.function(layer) if graph else layer
    zeros, ones = tf.zeros((ROWS, 4, WIDE)), tf.ones((ROWS, WIDE))
    outputs, _ = call(zeros, initial_state=ones, training=True)
    dropped = np.array(outputs[:, 0]) == 0
    assert abs(dropped.mean() - 0.5) < SHARE
    # One draw for all steps: what was kept once is kept, and doubled, each time.
    wanted = np.where(dropped[:, None], 0, 2.0 ** np.arange(1, 5)[:, None])
    np.testing.assert_allclose(outputs, wanted, rtol=CLOSE)


@pytest.mark.parametrize("graph", [False, True])
def test_outputs_are_dropped_alike_at_every_step_and_the_state_is_not(graph):
    layer = linear(output_dropout=0.2)
    call = tf.function(layer) if graph else layer
    outputs, state = call(tf.ones((ROWS, 4, WIDE)), training=True)
    dropped = np.array(outputs[:, 0]) == 0
    assert abs(dropped.mean() - 0.2) < SHARE
    wanted = np.where(dropped[:, None], 0, np.arange(1, 5)[:, None] / 0.8)
    np.testing.assert_allclose(outputs, wanted, rtol=CLOSE)
    np.testing.assert_allclose(state, np.full((ROWS, WIDE), 4.0), rtol=CLOSE)


@pytest.mark.parametrize("training", [False, True])
def test_without_a_rate_it_is_the_bare_cell(training):
    layer = RNN(DropoutCell(LSTMCell(4)), return_sequences=True, return_state=True)
    x = np.random.default_rng(0).normal(size=(9, 5, 3)).astype("float32")
    got = layer(x, training=training)
    bare = RNN(layer.cell.cell, return_sequences=True, return_state=True)
    for one, other in zip(got, bare(x, training=training), strict=True):
        np.testing.assert_array_equal(one, other)


def test_out_of_training_nothing_is_dropped_and_each_call_draws_anew():
    layer = RNN(DropoutCell(LSTMCell(4), 0.3, 0.3, 0.3), return_sequences=True)
    x = np.random.default_rng(0).normal(size=(9, 5, 3)).astype("float32")
    bare = RNN(layer.cell.cell, return_sequences=True)
    np.testing.assert_array_equal(layer(x), bare(x))
    first = layer(x, training=True)
    assert np.abs(first - layer(x)).max() > 0.01
    assert np.abs(first - layer(x, training=True)).max() > 0.01


def test_a_cell_without_a_recurrent_matrix_has_no_recurrent_dropout():
    rule = "DiagonalCell has none; received recurrent_dropout=0.2. Pass 0; dropout and output_dro"
    with pytest.raises(KitError, match=rule):
        RNN(DropoutCell(DiagonalCell(), recurrent_dropout=0.2))(np.ones((2, 3, 3), "float32"))
    x = np.ones((64, 3, 3), "float32")
    outputs = RNN(DropoutCell(DiagonalCell(), 0.2, output_dropout=0.5))(x, training=True)
    assert 0.3 < np.mean(outputs == 0) < 0.7


@pytest.mark.parametrize("name", ["dropout", "recurrent_dropout", "output_dropout"])
@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_a_rate_is_a_share(name, value):
    with pytest.raises(KitError, match=rf"{name} must be a number in \[0, 1\); received {name}="):
        DropoutCell(LSTMCell(4), **{name: value})
