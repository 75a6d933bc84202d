"""`IRNNCell`: a `SimpleRNNCell` that starts as the identity."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import IRNNCell, SimpleRNNCell


def test_the_recurrent_kernel_starts_as_the_scaled_identity():
    for scale in (1.0, 0.01):
        cell = IRNNCell(4, scale=scale)
        cell.build((None, 3))
        np.testing.assert_array_equal(cell.recurrent_kernel, scale * np.eye(4, dtype="float32"))
        np.testing.assert_array_equal(cell.bias, np.zeros(4))


def test_it_starts_as_a_sum_of_what_comes_in():
    cell = IRNNCell(3, kernel_initializer="identity")
    x = np.random.default_rng(0).uniform(size=(5, 2, 3)).astype("float32")
    states = cell.get_initial_state(2)
    for step in x:
        _, states = cell(step, states)
    # float32 sums of five numbers of size 1.
    np.testing.assert_allclose(states[0], x.sum(0), rtol=0, atol=1e-6)
    # What the sum falls below zero by is lost.
    _, (state,) = cell(-10 * x[0], states)
    np.testing.assert_array_equal(state, np.maximum(np.asarray(states[0]) - 10 * x[0], 0))


def test_only_the_defaults_differ_from_a_simple_rnn():
    stock = SimpleRNNCell(4, activation="relu", recurrent_initializer="identity", name="cell")
    config = IRNNCell(4, name="cell").get_config()
    wanted = {**stock.get_config(), "scale": 1.0, "recurrent_initializer": None}
    assert config == wanted


def test_an_initializer_of_ones_own_takes_the_place_of_the_scale():
    cell = IRNNCell(4, scale=0.5, recurrent_initializer="ones")
    again = IRNNCell.from_config(cell.get_config())
    for made in (cell, again):
        made.build((None, 3))
        np.testing.assert_array_equal(made.recurrent_kernel, np.ones((4, 4)))
        assert made.scale == 0.5


def test_a_scale_survives_a_config():
    again = IRNNCell.from_config(IRNNCell(4, scale=0.5).get_config())
    again.build((None, 3))
    np.testing.assert_array_equal(again.recurrent_kernel, 0.5 * np.eye(4))
    assert isinstance(again.recurrent_initializer, keras.initializers.Identity)


def test_units_are_keras_s():
    with pytest.raises(ValueError, match="`units`"):
        IRNNCell(0)
