"""`CoRNNCell`: oscillators that the input drives, and damping that brings them to rest."""

import numpy as np
import pytest

from keras_rnn_kit.cells import CoRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import CoRNN

GENERATOR = np.random.default_rng(0)
X, Y, Z = (GENERATOR.normal(size=(5, width)) for width in (3, 4, 4))


def test_one_step_by_hand():
    cell = CoRNNCell(1, dt=0.5, gamma=3.0, epsilon=4.0, activation=None, dtype="float64")
    cell.build((None, 1))
    # y = 1, z = 2; the force is 1 · 5 + (1 · 6 + 2 · 7) + 8 = 33.
    weights = [[[5.0]], [[6.0], [7.0]], [8.0]]
    cell.set_weights([np.array(weight) for weight in weights])
    output, (y, z) = cell(np.array([[1.0]]), [np.array([[1.0]]), np.array([[2.0]])])
    new_z = 2 + 0.5 * (33 - 3 * 1 - 4 * 2)
    np.testing.assert_allclose(z, [[new_z]], rtol=1e-12)
    np.testing.assert_allclose(y, [[1 + 0.5 * new_z]], rtol=1e-12)
    assert output is y


@pytest.mark.parametrize(("gamma", "epsilon"), [(4.0, 0.5), (2.0, 3.0)])
def test_left_alone_it_is_a_damped_oscillator(gamma, epsilon):
    steps = 4000
    arguments = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    layer = CoRNN(
        1,
        dt=1 / steps,
        gamma=gamma,
        epsilon=epsilon,
        return_state=True,
        dtype="float64",
        **arguments,
    )
    start = [np.array([[1.0]]), np.array([[0.5]])]
    _, y, z = layer(np.zeros((1, steps, 1)), initial_state=start)
    # y'' + ε y' + γ y = 0 after one unit of time: y = Re(A exp(r t)) with r² + ε r + γ = 0.
    r, s = np.roots([1, epsilon, gamma])
    a = (0.5 - s) / (r - s)
    exact_y = np.real(a * np.exp(r) + (1 - a) * np.exp(s))
    exact_z = np.real(a * r * np.exp(r) + (1 - a) * s * np.exp(s))
    # The scheme is of first order: off by a few times Δt.
    np.testing.assert_allclose([y[0, 0], z[0, 0]], [exact_y, exact_z], rtol=0, atol=4 / steps)


def test_whatever_the_input_it_stays_bounded():
    layer = CoRNN(
        4, return_sequences=True, kernel_initializer="random_normal", recurrent_initializer="normal"
    )
    inputs = 100 * GENERATOR.normal(size=(3, 600, 3))
    outputs = np.array(layer(inputs))
    # A force of at most 1 against the pull γ y: an overdamped spring (ε² > 4 γ) stays below 1 / γ.
    assert np.abs(outputs).max() < 1 / 2.7
    assert np.abs(outputs).max() > 0.01


def test_the_rows_of_the_matrix_are_positions_then_velocities():
    cell = CoRNNCell(4, dtype="float64")
    cell.build(X.shape)
    assert tuple(cell.recurrent_kernel.shape) == (8, 4)
    kernel, recurrent, bias = cell.get_weights()
    _, (_, moved) = cell(X, [Y, Z])
    _, (_, other) = cell(X, [Y, Z + 1])
    force = np.tanh(X @ kernel + np.concatenate([Y, Z + 1], axis=1) @ recurrent + bias)
    force = force - np.tanh(X @ kernel + np.concatenate([Y, Z], axis=1) @ recurrent + bias)
    wanted = 1 + cell.dt * (force - cell.epsilon)
    # One product in float64.
    np.testing.assert_allclose(np.array(other) - np.array(moved), wanted, rtol=0, atol=1e-12)


def test_dropout_drops_positions_alone():
    cell = CoRNNCell(4, recurrent_dropout=0.5, seed=1, dtype="float64")
    cell.build(X.shape)
    kernel, recurrent, bias = cell.get_weights()
    _, (_, z) = cell(X, [Y, Z], training=True)
    mask = np.array(cell.get_recurrent_dropout_mask(Y))
    assert set(np.unique(mask)) == {0, 2}
    force = np.tanh(X @ kernel + np.concatenate([mask * Y, Z], axis=1) @ recurrent + bias)
    wanted = Z + cell.dt * (force - cell.gamma * Y - cell.epsilon * Z)
    np.testing.assert_allclose(z, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["dt", "gamma", "epsilon"])
@pytest.mark.parametrize("value", [0, -1.0, float("nan")])
def test_its_numbers_are_above_zero(name, value):
    with pytest.raises(
        KitError, match=f"{name} must be a positive, finite number; received {name}={value}"
    ):
        CoRNNCell(4, **{name: value})
