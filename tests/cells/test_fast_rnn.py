"""`FastRNNCell`: two trained scalars between the textbook's cell and a state that stays."""

import numpy as np

from keras_rnn_kit.cells import FastRNNCell, SimpleRNNCell

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(5, 4))


def test_one_step_by_hand():
    cell = FastRNNCell(1, activation=None)
    cell.build((None, 1))
    # sigmoid(log 3) = 3/4, and sigmoid(0) = 1/2.
    alpha, beta = np.log(3), np.array(0.0)
    cell.set_weights([np.array([[2.0]]), np.array([[3.0]]), np.array([0.5]), alpha, beta])
    assert [weight.name for weight in cell.weights][3:] == ["alpha", "beta"]
    output, (state,) = cell(np.array([[1.0]], "float32"), [np.array([[4.0]], "float32")])
    np.testing.assert_allclose(output, [[0.75 * (2 + 12 + 0.5) + 0.5 * 4]], rtol=1e-6)
    assert state is output


def test_it_starts_as_in_the_papers_code():
    cell = FastRNNCell(4)
    cell.build((None, 3))
    assert (float(cell.alpha), float(cell.beta)) == (-3, 3)
    np.testing.assert_array_equal(cell.bias, np.ones(4))
    assert cell.alpha.trainable
    assert cell.beta.trainable


def test_between_the_textbooks_cell_and_a_state_that_stays():
    stock = SimpleRNNCell(4, dtype="float64")
    wanted = stock(X, [H])[0]
    for alpha, beta, right in ((50.0, -50.0, wanted), (-50.0, 50.0, H)):
        cell = FastRNNCell(4, initial_alpha=alpha, initial_beta=beta, dtype="float64")
        cell.build(X.shape)
        cell.set_weights([*stock.get_weights(), *cell.get_weights()[3:]])
        np.testing.assert_allclose(cell(X, [H])[0], right, rtol=0, atol=1e-14)


def test_dropout_spares_the_state_outside_the_product():
    cell = FastRNNCell(4, recurrent_dropout=0.5, initial_alpha=-50.0, initial_beta=50.0, seed=1)
    dropped, _ = cell(X.astype("float32"), [H.astype("float32")], training=True)
    np.testing.assert_allclose(dropped, H, rtol=1e-6)
