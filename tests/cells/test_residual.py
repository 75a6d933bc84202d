"""The shortcut: what is added, and that dropout of the cell does not touch it."""

import numpy as np
import pytest

from keras_rnn_kit.cells import DropoutCell, LSTMCell, ResidualCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN
from tests.cells.own import ReadoutCell

X = np.random.default_rng(0).normal(size=(9, 5, 4)).astype("float32")


def test_a_hand_computed_step():
    inner = SimpleRNNCell(2, activation=None, kernel_initializer="ones", use_bias=False)
    cell = ResidualCell(inner)
    cell.build((None, 2))
    inner.recurrent_kernel.assign([[0.0, 1.0], [2.0, 0.0]])
    # x W = [5, 5], [4, 8] U = [16, 4]: the state is [21, 9], the output 2 and 3 more.
    output, (state,) = cell(np.array([[2.0, 3.0]]), [np.array([[4.0, 8.0]])])
    np.testing.assert_array_equal(state, [[21, 9]])
    np.testing.assert_array_equal(output, [[23, 12]])


def test_the_states_are_those_of_the_bare_cell():
    layer = RNN(ResidualCell(LSTMCell(4)), return_sequences=True, return_state=True)
    outputs, *states = layer(X)
    bare, *wanted = RNN(layer.cell.cell, return_sequences=True, return_state=True)(X)
    # The same products in float32, in another order.
    np.testing.assert_allclose(outputs, bare + X, rtol=0, atol=1e-5)
    for got, right in zip(states, wanted, strict=True):
        np.testing.assert_allclose(got, right, rtol=0, atol=1e-5)


def test_a_masked_step_repeats_input_and_output_of_the_last_real_one():
    layer = RNN(ResidualCell(SimpleRNNCell(4)), return_sequences=True)
    mask = np.array([[True, True, False, True, False]] * 9)
    outputs = np.array(layer(X, mask=mask))
    np.testing.assert_array_equal(outputs[:, 2], outputs[:, 1])
    np.testing.assert_array_equal(outputs[:, 4], outputs[:, 3])
    np.testing.assert_allclose(outputs[:, :2], np.array(layer(X))[:, :2], rtol=0, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_dropout_of_the_cell_leaves_the_shortcut(training):
    # A cell that lets through what is left of its input: o = 4 x, dropped at either end.
    inner = SimpleRNNCell(
        4,
        activation=None,
        use_bias=False,
        kernel_initializer="identity",
        recurrent_initializer="zeros",
    )
    layer = RNN(ResidualCell(DropoutCell(inner, 0.5, output_dropout=0.5)), return_sequences=True)
    layer.build(X.shape)
    outputs = layer(X, training=training)
    # What is kept is doubled, twice. float32.
    factors = np.round((outputs - X) / X, 4)
    assert set(np.unique(factors)) == ({0, 4} if training else {1})
    # The same at all steps of a row.
    np.testing.assert_array_equal(factors, np.repeat(factors[:, :1], 5, axis=1))


@pytest.mark.parametrize("features", [3, 5])
def test_inputs_of_another_width_are_refused(features):
    rule = f"received inputs of width {features} for SimpleRNNCell with outputs of width 4. Give"
    with pytest.raises(KitError, match=rule):
        RNN(ResidualCell(SimpleRNNCell(4)))(np.ones((2, 3, features), "float32"))


def test_it_is_the_output_that_counts_not_the_state():
    layer = RNN(ResidualCell(ReadoutCell(5)), return_state=True)
    output, state = layer(X)
    assert (output.shape[-1], state.shape[-1]) == (4, 5)
