"""`MultiplicativeRNNCell`: each input brings a recurrent matrix of its own."""

import numpy as np
import pytest

from keras_rnn_kit.cells import MultiplicativeRNNCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(5, 4))
# Three products in float64.
EXACT = 1e-12


def test_one_step_by_hand():
    cell = MultiplicativeRNNCell(1, factors=2, factor_bias=0.5, activation=None, dtype="float64")
    cell.build((None, 1))
    # x = 1, h = 2: the factors are (3 · 2, 4 · 4), the state 6 · 7 + 16 · 8 + 5 + 9.
    kernel, recurrent = np.array([[2.5, 3.5, 5.0]]), np.array([[1.0, 2.0]])
    cell.set_weights([kernel, recurrent, np.array([[7.0], [8.0]]), np.array([9.0])])
    output, (state,) = cell(np.array([[1.0]]), [np.array([[2.0]])])
    np.testing.assert_allclose(output, [[6 * 7 + 16 * 8 + 5 + 9]], rtol=1e-12)
    assert state is output


def test_an_input_picks_its_matrix():
    cell = MultiplicativeRNNCell(4, factors=6, factor_bias=0.0, dtype="float64")
    cell.build(X.shape)
    kernel, recurrent, factor, bias = cell.get_weights()
    for k, one_hot in enumerate(np.eye(3)):
        stock = SimpleRNNCell(4, dtype="float64")
        stock.build(X.shape)
        matrix = recurrent @ np.diag(kernel[k, :6]) @ factor
        stock.set_weights([kernel[:, 6:], matrix, bias])
        inputs = np.tile(one_hot, (5, 1))
        np.testing.assert_allclose(cell(inputs, [H])[0], stock(inputs, [H])[0], rtol=0, atol=EXACT)


def test_one_hot_inputs_take_up_the_bias_of_the_factors():
    cells = [MultiplicativeRNNCell(4, factor_bias=b, dtype="float64") for b in (0.0, 1.0)]
    for cell in cells:
        cell.build(X.shape)
    kernel, *others = cells[1].get_weights()
    kernel[:, :4] += 1
    cells[0].set_weights([kernel, *others])
    inputs = np.eye(3)[[0, 1, 2, 1, 0]]
    without, given = (cell(inputs, [H])[0] for cell in cells)
    np.testing.assert_allclose(without, given, rtol=0, atol=EXACT)


def test_without_inputs_it_is_the_textbooks_cell():
    cell, stock = MultiplicativeRNNCell(4, dtype="float64"), SimpleRNNCell(4, dtype="float64")
    cell.build(X.shape)
    stock.build(X.shape)
    kernel, recurrent, factor, bias = cell.get_weights()
    stock.set_weights([kernel[:, 4:], recurrent @ factor, bias])
    output, wanted = cell(0 * X, [H])[0], stock(0 * X, [H])[0]
    np.testing.assert_allclose(output, wanted, rtol=0, atol=EXACT)
    assert np.abs(output).max() > 0.1


def test_there_are_as_many_factors_as_units_unless_said_otherwise():
    assert MultiplicativeRNNCell(4).factors == 4
    cell = MultiplicativeRNNCell(4, factors=3)
    cell.build(X.shape)
    shapes = {weight.name: tuple(weight.shape) for weight in cell.weights}
    assert shapes == {
        "kernel": (3, 7),
        "recurrent_kernel": (4, 3),
        "factor_kernel": (3, 4),
        "bias": (4,),
    }
    with pytest.raises(KitError, match="factors must be a positive integer; received factors=0"):
        MultiplicativeRNNCell(4, factors=0)


def test_the_second_matrix_shares_the_arguments_of_the_first():
    cell = MultiplicativeRNNCell(4, recurrent_initializer="ones", recurrent_regularizer="l2")
    cell.build(X.shape)
    np.testing.assert_array_equal(cell.factor_kernel, np.ones((4, 4)))
    assert len(cell.losses) == 2
