"""`FastGRNNCell`: one product for gate and candidate."""

import numpy as np

from keras_rnn_kit.cells import FastGRNNCell, SimpleRNNCell

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(5, 4))


def test_one_step_by_hand():
    cell = FastGRNNCell(1, activation=None)
    cell.build((None, 1))
    # a = 2 · 1 − 3 · 1 = −1: the gate is sigmoid(−1 + 1) = 1/2, the candidate −1 + 5 = 4.
    bias = np.array([1.0, 5.0])
    cell.set_weights([np.array([[2.0]]), np.array([[-3.0]]), bias, np.log(3), np.log(1 / 4)])
    assert [weight.name for weight in cell.weights][3:] == ["zeta", "nu"]
    output, (state,) = cell(np.array([[1.0]], "float32"), [np.array([[1.0]], "float32")])
    # sigmoid(ζ) = 3/4, sigmoid(ν) = 1/5.
    np.testing.assert_allclose(output, [[(0.75 * 0.5 + 0.2) * 4 + 0.5 * 1]], rtol=1e-6)
    assert state is output


def test_it_starts_as_in_the_papers_code():
    cell = FastGRNNCell(4)
    cell.build((None, 3))
    assert (float(cell.zeta), float(cell.nu)) == (1, -4)
    np.testing.assert_array_equal(cell.bias, np.ones(8))
    assert cell.zeta.trainable
    assert cell.nu.trainable


def test_a_shut_gate_leaves_the_textbooks_cell_and_an_open_one_the_state():
    stock = SimpleRNNCell(4, dtype="float64")
    stock.build(X.shape)
    kernel, recurrent, bias = stock.get_weights()
    wanted = stock(X, [H])[0]
    cell = FastGRNNCell(4, initial_zeta=50.0, initial_nu=-50.0, dtype="float64")
    cell.build(X.shape)
    for of_gate, right in ((-50.0, wanted), (50.0, H)):
        biases = np.concatenate([np.full(4, of_gate), bias])
        cell.set_weights([kernel, recurrent, biases, *cell.get_weights()[3:]])
        # 50 is taken from a bias and added again: 50 · 2⁻⁵³.
        np.testing.assert_allclose(cell(X, [H])[0], right, rtol=0, atol=1e-13)


def test_dropout_spares_the_state_outside_the_product():
    cell = FastGRNNCell(4, recurrent_dropout=0.5, initial_nu=-50.0, seed=1)
    cell.build(X.shape)
    kernel, recurrent, _, *scalars = cell.get_weights()
    cell.set_weights([kernel, recurrent, np.repeat([50.0, 0.0], 4), *scalars])
    dropped, _ = cell(X.astype("float32"), [H.astype("float32")], training=True)
    np.testing.assert_allclose(dropped, H, rtol=1e-6)
