"""`UGRNNCell`: a mean of the state and of what the textbook's cell makes of it."""

import numpy as np
import pytest

from keras_rnn_kit.cells import SimpleRNNCell, UGRNNCell

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(5, 4))


def test_one_step_by_hand():
    cell = UGRNNCell(1, forget_bias=np.log(3), activation=None, dtype="float64")
    cell.build((None, 1))
    # The gate is σ(1 · 1 + 2 · 1 − 3 + ln 3) = 3/4, the candidate 4 · 1 + 2 · 5 + 6 = 20.
    weights = [[[1.0, 4.0]], [[1.0, 5.0]], [-3.0, 6.0]]
    cell.set_weights([np.array(weight) for weight in weights])
    output, (state,) = cell(np.array([[1.0]]), [np.array([[2.0]])])
    np.testing.assert_allclose(output, [[0.75 * 2 + 0.25 * 20]], rtol=1e-12)
    assert state is output


@pytest.mark.parametrize("use_bias", [True, False])
def test_a_shut_gate_leaves_the_textbooks_cell_and_an_open_one_the_state(use_bias):
    stock = SimpleRNNCell(4, use_bias=use_bias, dtype="float64")
    stock.build(X.shape)
    kernel, recurrent, *bias = stock.get_weights()
    # ±800 is a gate of 1 or 0 to the last bit.
    for forget_bias, wanted in ((-800.0, stock(X, [H])[0]), (800.0, H)):
        cell = UGRNNCell(4, forget_bias=forget_bias, use_bias=use_bias, dtype="float64")
        cell.build(X.shape)
        cell.set_weights([np.tile(weight, 2) for weight in (kernel, recurrent, *bias)])
        # One product in float64.
        np.testing.assert_allclose(cell(X, [H])[0], wanted, rtol=0, atol=1e-12)


def test_the_forget_bias_is_one_and_no_weight():
    cell = UGRNNCell(4)
    cell.build(X.shape)
    assert cell.forget_bias == 1
    np.testing.assert_array_equal(cell.bias, np.zeros(8))
    np.testing.assert_array_equal(cell.project(np.zeros((1, 3))), [[1, 1, 1, 1, 0, 0, 0, 0]])
