"""`MGUCell`: one gate, before the product with the state or after it."""

import numpy as np
import pytest

from keras_rnn_kit.cells import MGUCell, SimpleRNNCell

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(5, 4))
# One product in float64.
EXACT = 1e-12
FORMS = pytest.mark.parametrize("reset_after", [False, True])


@FORMS
def test_one_step_by_hand(reset_after):
    cell = MGUCell(2, reset_after=reset_after, activation=None, dtype="float64")
    cell.build((None, 1))
    # The gates are 3/4 and 1/2; U_c hands each unit the other's state.
    kernel = np.zeros((1, 4))
    recurrent = np.array([[0.0, 0, 0, 1], [0, 0, 1, 0]])
    cell.set_weights([kernel, recurrent, np.array([np.log(3), 0, 10, 20])])
    output, (state,) = cell(np.array([[1.0]]), [np.array([[8.0, 16.0]])])
    # f meets the state of the unit that it comes from, or the product of the one that it is for.
    of_state = [0.75 * 16, 0.5 * 8] if reset_after else [0.5 * 16, 0.75 * 8]
    wanted = [0.25 * 8 + 0.75 * (of_state[0] + 10), 0.5 * 16 + 0.5 * (of_state[1] + 20)]
    np.testing.assert_allclose(output, [wanted], rtol=1e-12)
    assert state is output


@FORMS
def test_an_open_gate_leaves_the_textbooks_cell_and_a_shut_one_the_state(reset_after):
    stock = SimpleRNNCell(4, dtype="float64")
    stock.build(X.shape)
    kernel, recurrent, bias = stock.get_weights()
    cell = MGUCell(4, reset_after=reset_after, dtype="float64")
    cell.build(X.shape)
    # ±800 is a gate of 1 or 0 to the last bit.
    for of_gate, wanted in ((800.0, stock(X, [H])[0]), (-800.0, H)):
        biases = np.concatenate([np.full(4, of_gate), bias])
        cell.set_weights([np.tile(kernel, 2), np.tile(recurrent, 2), biases])
        np.testing.assert_allclose(cell(X, [H])[0], wanted, rtol=0, atol=EXACT)


def test_the_papers_form_is_the_default():
    assert MGUCell(4).reset_after is False


@FORMS
def test_one_mask_drops_the_state_where_it_meets_a_matrix(reset_after):
    cell = MGUCell(4, reset_after=reset_after, recurrent_dropout=0.5, seed=1, dtype="float64")
    cell.build(X.shape)
    kernel, recurrent, bias = cell.get_weights()
    output = cell(X, [H], training=True)[0]
    mask = np.array(cell.get_recurrent_dropout_mask(H))
    assert set(np.unique(mask)) == {0, 2}
    (x_f, x_c), (u_f, u_c) = np.split(X @ kernel + bias, 2, axis=1), np.split(recurrent, 2, axis=1)
    f = 1 / (1 + np.exp(-(x_f + (mask * H) @ u_f)))
    of_state = f * ((mask * H) @ u_c) if reset_after else (f * mask * H) @ u_c
    wanted = (1 - f) * H + f * np.tanh(x_c + of_state)
    np.testing.assert_allclose(output, wanted, rtol=0, atol=EXACT)
