import numpy as np
import pytest

from keras_rnn_kit.training.jacobians import largest_singular_value

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(3, 3), (20, 40), (50, 7), (1, 1)])
def test_up_to_sixty_columns_it_is_exact(shape):
    matrix = RNG.normal(size=shape)
    assert largest_singular_value(matrix) == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-9)


def test_a_large_matrix_whose_values_lie_close_together():
    """The promise is one in a hundred; a Gaussian matrix has its largest ones side by side."""
    matrix = RNG.normal(size=(300, 300))
    assert largest_singular_value(matrix) == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-4)


def test_matrices_with_one_value_or_none():
    orthogonal, _ = np.linalg.qr(RNG.normal(size=(80, 80)))
    assert largest_singular_value(3 * orthogonal) == pytest.approx(3, rel=1e-12)
    rank_one = np.outer(RNG.normal(size=90), RNG.normal(size=70))
    assert largest_singular_value(rank_one) == pytest.approx(np.linalg.norm(rank_one, 2), rel=1e-9)
    assert largest_singular_value(np.zeros((5, 5))) == 0
