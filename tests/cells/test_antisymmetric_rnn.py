"""`AntisymmetricRNNCell`: a step that neither forgets nor explodes."""

import numpy as np
import pytest

from keras_rnn_kit.cells import AntisymmetricRNNCell
from keras_rnn_kit.errors import KitError

GENERATOR = np.random.default_rng(0)
X, H = GENERATOR.normal(size=(5, 3)), GENERATOR.normal(size=(5, 6))


def test_one_step_by_hand():
    cell = AntisymmetricRNNCell(2, step_size=0.5, diffusion=0.1, activation=None)
    cell.build((None, 1))
    u = np.array([[9.0, 1.0], [-1.0, 9.0]])  # U − Uᵀ = ((0, 2), (−2, 0))
    cell.set_weights([np.array([[1.0, 2.0]]), u, np.array([0.3, 0.4])])
    output, (state,) = cell(np.array([[1.0]], "float32"), [np.array([[3.0, 4.0]], "float32")])
    wanted = [
        3 + 0.5 * (1 + 0.3 - 0.1 * 3 - 2 * 4),
        4 + 0.5 * (2 + 0.4 - 0.1 * 4 + 2 * 3),
    ]
    np.testing.assert_allclose(output, [wanted], rtol=1e-6)
    assert state is output


def test_one_gated_step_by_hand():
    cell = AntisymmetricRNNCell(1, gated=True, step_size=0.5, diffusion=0.25, activation=None)
    cell.build((None, 1))
    cell.set_weights([np.array([[0.0, 3.0]]), np.array([[7.0]]), np.array([1.0, 0.0])])
    output, _ = cell(np.array([[1.0]], "float32"), [np.array([[4.0]], "float32")])
    # The product is −0.25 · 4: σ(0 + 1 − 1) = 1/2, and φ is 3 − 1.
    np.testing.assert_allclose(output, [[4 + 0.5 * 0.5 * 2]], rtol=1e-6)


@pytest.mark.parametrize("diffusion", [0.0, 0.3])
def test_the_matrix_has_imaginary_eigenvalues_but_for_the_diffusion(diffusion):
    cell = AntisymmetricRNNCell(6, diffusion=diffusion, dtype="float64")
    cell.build((None, 3))
    matrix = np.asarray(cell.recurrent_matrix())
    np.testing.assert_allclose(np.linalg.eigvals(matrix).real, -diffusion, rtol=0, atol=1e-12)
    assert np.abs(np.linalg.eigvals(matrix).imag).max() > 0.1


def test_without_inputs_the_state_grows_in_the_second_order_of_the_step_alone():
    cell = AntisymmetricRNNCell(6, step_size=0.01, diffusion=0.0, activation=None, dtype="float64")
    output, _ = cell(np.zeros((5, 3)), [H])
    squares, moved = (H**2).sum(1), ((np.asarray(output) - H) ** 2).sum(1)
    assert moved.min() > 1e-5
    np.testing.assert_allclose((np.asarray(output) ** 2).sum(1), squares + moved, rtol=1e-12)


def test_an_open_gate_leaves_the_plain_equation():
    plain = AntisymmetricRNNCell(6, dtype="float64")
    gated = AntisymmetricRNNCell(6, gated=True, dtype="float64")
    for cell in (plain, gated):
        cell.build(X.shape)
    kernel, u, bias = plain.get_weights()
    of_gate = [np.zeros_like(kernel), np.full_like(bias, 50.0)]
    gated.set_weights(
        [np.concatenate([of_gate[0], kernel], 1), u, np.concatenate([of_gate[1], bias])]
    )
    output = plain(X, [H])[0]
    np.testing.assert_allclose(gated(X, [H])[0], output, rtol=0, atol=1e-14)
    assert np.abs(output - H).max() > 0.05


def test_dropout_spares_the_state_outside_the_product():
    cell = AntisymmetricRNNCell(
        6, recurrent_dropout=0.5, recurrent_initializer="zeros", diffusion=0
    )
    h = H.astype("float32")
    dropped, _ = cell(np.zeros((5, 3), "float32"), [h], training=True)
    np.testing.assert_array_equal(dropped, h)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step_size": 0}, "step_size must be a positive, finite number; received step_size=0"),
        (
            {"diffusion": -0.1},
            r"diffusion must be a finite number, and not negative; received diffusion=-0\.1",
        ),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(KitError, match=message):
        AntisymmetricRNNCell(4, **arguments)
