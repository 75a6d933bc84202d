"""`GRUCell`: Keras's, step by step, in either of its two forms."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import GRUCell, SimpleRNNCell

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(5, 4))
# One product in float64.
EXACT = 1e-12


def with_gates(*, z, r, **arguments):
    """A cell whose gates are `z` and `r`, and the SimpleRNNCell that its candidate is.

    A bias of ±800 is a gate of 1 or 0 to the last bit.
    """
    cell, stock = GRUCell(4, **arguments), SimpleRNNCell(4, dtype="float64")
    stock.build(X.shape)
    kernel, recurrent, bias = stock.get_weights()
    cell.build(X.shape)
    of_gates = np.repeat([800.0 if z else -800.0, 800.0 if r else -800.0], 4)
    biases = np.concatenate([of_gates, bias])
    if cell.reset_after:
        biases = np.stack([biases, np.zeros(12)])
    cell.set_weights([np.tile(kernel, 3), np.tile(recurrent, 3), biases])
    return cell, stock


@pytest.mark.parametrize("reset_after", [True, False])
def test_one_step_by_hand(reset_after):
    cell = GRUCell(1, activation=None, reset_after=reset_after, dtype="float64")
    cell.build((None, 1))
    # x = 1, h = 2. z: 1·1 + 2·0.5 + (ln 3 − 3) + 1 = ln 3, so 3/4. r: 2·1 − 2·1 = 0, so 1/2.
    kernel, recurrent = np.array([[1.0, 2.0, 3.0]]), np.array([[0.5, -1.0, 4.0]])
    bias = np.array([[np.log(3) - 3, 0.0, 5.0], [1.0, 0.0, 6.0]])
    if not reset_after:
        bias = np.array([np.log(3) - 2, 0.0, 5.0])
    cell.set_weights([kernel, recurrent, bias])
    output, (state,) = cell(np.array([[1.0]]), [np.array([[2.0]])])
    # c: 3·1 + 5 + 1/2 (2·4 + 6), or 3·1 + 5 + (1/2 · 2) · 4.
    new = 8 + 7 if reset_after else 8 + 4
    np.testing.assert_allclose(output, [[0.75 * 2 + 0.25 * new]], rtol=1e-12)
    assert state is output


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("implementation", [1, 2])
def test_steps_and_initial_values_are_kerass(use_bias, reset_after, implementation):
    cells = []
    for kind in (GRUCell, keras.layers.GRUCell):
        keras.utils.set_random_seed(2)
        arguments = {"use_bias": use_bias, "reset_after": reset_after, "name": "cell"}
        arguments |= {"implementation": implementation, "dtype": "float64"}
        cell = kind(4, bias_initializer="normal", **arguments)
        cell.build(X.shape)
        cells.append(cell)
    ours, stock = cells
    assert [weight.path for weight in ours.weights] == [weight.path for weight in stock.weights]
    for got, wanted in zip(ours.get_weights(), stock.get_weights(), strict=True):
        np.testing.assert_array_equal(got, wanted)
    np.testing.assert_allclose(ours(X, [H])[0], stock(X, [H])[0], rtol=0, atol=EXACT)


@pytest.mark.parametrize("reset_after", [True, False])
def test_open_gates_leave_the_textbooks_cell_and_a_shut_one_the_input(reset_after):
    arguments = {"reset_after": reset_after, "dtype": "float64"}
    cell, stock = with_gates(z=False, r=True, **arguments)
    np.testing.assert_allclose(cell(X, [H])[0], stock(X, [H])[0], rtol=0, atol=EXACT)
    cell, stock = with_gates(z=False, r=False, **arguments)
    kernel, recurrent, bias = stock.get_weights()
    stock.set_weights([kernel, 0 * recurrent, bias])
    np.testing.assert_allclose(cell(X, [H])[0], stock(X, [H])[0], rtol=0, atol=EXACT)


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_a_gate_of_one_keeps_the_state_to_the_last_bit(policy):
    cell, _ = with_gates(z=True, r=True, dtype=policy)
    state = keras.ops.cast(H, cell.compute_dtype)
    output, _ = cell(keras.ops.cast(X, cell.compute_dtype), [state])
    np.testing.assert_array_equal(output, state)


@pytest.mark.parametrize("reset_after", [True, False])
def test_one_mask_drops_the_state_for_all_gates(reset_after):
    cell = GRUCell(4, reset_after=reset_after, recurrent_dropout=0.5, seed=1, dtype="float64")
    cell.build(X.shape)
    stock = keras.layers.GRUCell(4, reset_after=reset_after, dtype="float64")
    stock.build(X.shape)
    stock.set_weights(cell.get_weights())
    dropped = cell(X, [H], training=True)[0]
    mask = np.array(cell.get_recurrent_dropout_mask(H))
    assert set(np.unique(mask)) == {0, 2}
    # Keras's step, given the dropped state, has it where it belongs and in the mean as well, where
    # the whole state belongs.
    kernel, recurrent, bias = cell.get_weights()
    a = X @ kernel[:, :4] + (mask * H) @ recurrent[:, :4] + bias.reshape(-1, 12)[:, :4].sum(0)
    z = 1 / (1 + np.exp(-a))
    wanted = stock(X, [mask * H])[0] + z * (H - mask * H)
    np.testing.assert_allclose(dropped, wanted, rtol=0, atol=EXACT)
