import keras
import numpy as np
import pytest

from keras_rnn_kit import cells
from keras_rnn_kit.training.kernel_spectra import kernel_spectra

UNITS = 4
Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(UNITS, UNITS)))


def spectra(cell, kernel=None):
    cell.build((None, 3))
    if kernel is not None:
        cell.recurrent_kernel.assign(kernel)
    return kernel_spectra(cell)


@pytest.mark.parametrize("cell", [cells.SimpleRNNCell, keras.layers.SimpleRNNCell])
def test_one_matrix(cell):
    (found,) = spectra(
        cell(UNITS), [[0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]
    ).values()
    assert sorted(found.eigenvalues, key=lambda v: v.imag) == pytest.approx([-1j, 0, 0, 1j])
    assert found.spectral_radius == pytest.approx(1)
    assert found.largest_singular_value == pytest.approx(2)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (cells.LSTMCell, ["input gate", "forget gate", "candidate", "output gate"]),
        (keras.layers.LSTMCell, ["input gate", "forget gate", "candidate", "output gate"]),
        (cells.GRUCell, ["update gate", "reset gate", "candidate"]),
        (keras.layers.GRUCell, ["update gate", "reset gate", "candidate"]),
        (cells.MGUCell, ["forget gate", "candidate"]),
        (cells.UGRNNCell, ["gate", "candidate"]),
    ],
)
def test_the_gates_of_a_cell_by_name(cell, names):
    scales = np.arange(1.0, len(names) + 1)
    found = spectra(cell(UNITS), np.concatenate([scale * Q for scale in scales], axis=1))
    assert list(found) == names
    radii = [kernel.spectral_radius for kernel in found.values()]
    np.testing.assert_allclose(radii, scales, rtol=1e-5)  # kernels are float32


@pytest.mark.parametrize("cell", [cells.GRUCell, cells.MGUCell])
def test_a_part_that_meets_the_state_by_itself_is_there_too(cell):
    after, before = (spectra(cell(UNITS, reset_after=way)) for way in (True, False))
    assert list(after) == list(before)


def test_what_meets_the_state_is_what_counts():
    (found,) = spectra(cells.AntisymmetricRNNCell(UNITS, diffusion=0.0)).values()
    np.testing.assert_allclose(np.real(found.eigenvalues), 0, atol=1e-6)
    (found,) = spectra(cells.IndRNNCell(UNITS), [0.5, -2, 1, 0]).values()
    assert sorted(np.real(found.eigenvalues)) == [-2, 0, 0.5, 1]
    cell = cells.LinearRecurrentCell(UNITS)
    (found,) = spectra(cell).values()
    np.testing.assert_allclose(sorted(np.real(found.eigenvalues)), sorted(cell.decay()), rtol=1e-6)
    assert spectra(cells.LinearRecurrentCell(UNITS, gated=True)) == {}
    cell = cells.MultiplicativeRNNCell(UNITS, factors=6)
    (found,) = spectra(cell).values()
    product = np.asarray(cell.recurrent_kernel.value) @ np.asarray(cell.factor_kernel.value)
    assert found.largest_singular_value == pytest.approx(np.linalg.norm(product, 2), rel=1e-5)


def test_several_states_meet_one_kernel():
    found = spectra(cells.CoRNNCell(UNITS), np.concatenate([Q, 2 * Q]))
    assert list(found) == ["recurrent kernel of state 1", "recurrent kernel of state 2"]
    radii = [kernel.spectral_radius for kernel in found.values()]
    np.testing.assert_allclose(radii, [1, 2], rtol=1e-5)


def test_wrappers_are_looked_through():
    wrapped = cells.ZoneoutCell(cells.GRUCell(UNITS), 0.1)
    assert list(spectra(wrapped)) == ["update gate", "reset gate", "candidate"]


def test_a_kernel_that_is_not_finite():
    (found,) = spectra(cells.SimpleRNNCell(UNITS), np.full((UNITS, UNITS), np.nan)).values()
    assert np.isnan(found.spectral_radius)
    assert np.isnan(found.largest_singular_value)
