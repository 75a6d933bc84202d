"""`LSTMCell`: Keras's, step by step."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import LSTMCell

GENERATOR = np.random.default_rng(0)
X, H, C = (GENERATOR.normal(size=(5, width)) for width in (3, 4, 4))
# One product in float64.
EXACT = 1e-12


def test_one_step_by_hand():
    cell = LSTMCell(1, activation=None, dtype="float64")
    cell.build((None, 1))
    # x = 1, h = 2, c = 3, and x W + h U = 0 for the gates i, f and o, 8 for the candidate.
    kernel, recurrent = np.array([[2.0, 2, 4, 2]]), np.array([[-1.0, -1, 2, -1]])
    cell.set_weights([kernel, recurrent, np.log([3.0, 4, np.e, 1])])
    output, (h, c) = cell(np.array([[1.0]]), [np.array([[2.0]]), np.array([[3.0]])])
    # i = 3/4, f = 4/5, the candidate 4 + 4 + 1, o = 1/2.
    wanted = 0.8 * 3 + 0.75 * 9
    np.testing.assert_allclose(c, [[wanted]], rtol=1e-12)
    np.testing.assert_allclose(h, [[wanted / 2]], rtol=1e-12)
    assert output is h


@pytest.mark.parametrize("arguments", [{}, {"use_bias": False}, {"unit_forget_bias": False}])
@pytest.mark.parametrize("implementation", [1, 2])
def test_steps_and_initial_values_are_kerass(arguments, implementation):
    cells = []
    for kind in (LSTMCell, keras.layers.LSTMCell):
        keras.utils.set_random_seed(2)
        arguments = {**arguments, "implementation": implementation, "dtype": "float64"}
        cell = kind(4, name="cell", **arguments)
        cell.build(X.shape)
        cells.append(cell)
    ours, stock = cells
    assert [weight.path for weight in ours.weights] == [weight.path for weight in stock.weights]
    for got, wanted in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)
    (_, got), (_, wanted) = ours(X, [H, C]), stock(X, [H, C])
    np.testing.assert_allclose(got, wanted, rtol=0, atol=EXACT)


def test_the_forget_gate_starts_open():
    cell = LSTMCell(2)
    cell.build(X.shape)
    np.testing.assert_array_equal(cell.bias, [0, 0, 1, 1, 0, 0, 0, 0])


def test_a_gate_that_forgets_nothing_and_takes_nothing_keeps_the_memory():
    cell = LSTMCell(4, dtype="float64")
    cell.build(X.shape)
    kernel, recurrent, _ = cell.get_weights()
    # ±800 is a gate of 1 or 0 to the last bit.
    cell.set_weights([kernel, recurrent, np.repeat([-800.0, 800.0, 0.0, 800.0], 4)])
    output, (_, c) = cell(X, [H, C])
    np.testing.assert_array_equal(c, C)
    np.testing.assert_allclose(output, np.tanh(C), rtol=0, atol=EXACT)


def test_one_mask_drops_the_state_for_all_gates_and_the_memory_for_none():
    cell = LSTMCell(4, recurrent_dropout=0.5, seed=1, dtype="float64")
    stock = keras.layers.LSTMCell(4, dtype="float64")
    cell.build(X.shape)
    stock.build(X.shape)
    stock.set_weights(cell.get_weights())
    dropped = cell(X, [H, C], training=True)[0]
    mask = np.array(cell.get_recurrent_dropout_mask(H))
    assert set(np.unique(mask)) == {0, 2}
    np.testing.assert_allclose(dropped, stock(X, [mask * H, C])[0], rtol=0, atol=EXACT)
