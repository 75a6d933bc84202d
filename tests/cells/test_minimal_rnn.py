"""`MinimalRNNCell`: the state is a mean of what the inputs were encoded to."""

import numpy as np

from keras_rnn_kit.cells import MinimalRNNCell

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.uniform(-1, 1, size=(5, 4))


def built(**arguments):
    cell = MinimalRNNCell(4, dtype="float64", **arguments)
    cell.build(X.shape)
    return cell


def test_one_step_by_hand():
    cell = MinimalRNNCell(1, forget_bias=2.0, activation=None, dtype="float64")
    cell.build((None, 1))
    assert [w.name for w in cell.weights] == ["kernel", "gate_kernel", "recurrent_kernel", "bias"]
    # z = 2 · 1 + 3 = 5; the gate is σ(2 · 2 − 1 · 5 − 1 + ln 3 + 2) = 3/4.
    weights = [[[2.0]], [[-1.0]], [[2.0]], [3.0, np.log(3) - 1]]
    cell.set_weights([np.array(weight) for weight in weights])
    output, (state,) = cell(np.array([[1.0]]), [np.array([[2.0]])])
    np.testing.assert_allclose(output, [[0.75 * 2 + 0.25 * 5]], rtol=1e-12)
    assert state is output


def test_a_shut_gate_leaves_the_encoded_input_and_an_open_one_the_state():
    cell = built()
    kernel, *others, _ = cell.get_weights()
    # ±800 is a gate of 1 or 0 to the last bit.
    for of_gate, wanted in ((-800.0, np.tanh(X @ kernel)), (800.0, H)):
        cell.set_weights([kernel, *others, np.repeat([0.0, of_gate], 4)])
        # One product in float64.
        np.testing.assert_allclose(cell(X, [H])[0], wanted, rtol=0, atol=1e-12)


def test_the_state_lies_between_the_old_one_and_the_encoded_input():
    cell = built(kernel_initializer="normal", recurrent_initializer="normal")
    z = np.tanh(X @ cell.get_weights()[0])
    output = np.array(cell(X, [H])[0])
    assert np.all(output > np.minimum(z, H))
    assert np.all(output < np.maximum(z, H))


def test_the_matrix_of_the_gate_shares_the_arguments_of_the_kernel():
    cell = built(kernel_initializer="ones", kernel_regularizer="l2", kernel_constraint="non_neg")
    np.testing.assert_array_equal(cell.gate_kernel, np.ones((4, 4)))
    assert cell.gate_kernel.regularizer is cell.kernel.regularizer is cell.kernel_regularizer
    assert cell.gate_kernel.constraint is cell.kernel.constraint is cell.kernel_constraint
    assert len(cell.losses) == 2
