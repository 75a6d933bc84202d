import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.reference import clip_by_norm, draw_parameters, global_norm

GRADIENTS = draw_parameters(3, 4, 5, seed=1)


def test_the_norm_is_that_of_one_vector():
    flat = np.concatenate([g.ravel() for g in GRADIENTS])
    assert global_norm(GRADIENTS) == pytest.approx(np.linalg.norm(flat))


def test_the_direction_stays_and_the_norm_is_at_most_theta():
    norm = global_norm(GRADIENTS)
    clipped = clip_by_norm(GRADIENTS, norm / 4)
    assert global_norm(clipped) == pytest.approx(norm / 4)
    for ours, before in zip(clipped, GRADIENTS, strict=True):
        np.testing.assert_allclose(ours, before / 4)
    for ours, before in zip(clip_by_norm(GRADIENTS, 2 * norm), GRADIENTS, strict=True):
        np.testing.assert_array_equal(ours, before)


def test_no_gradient_at_all_stays_zero():
    zeros = GRADIENTS._replace(**{k: v * 0 for k, v in GRADIENTS._asdict().items()})
    assert global_norm(clip_by_norm(zeros, 1.0)) == 0


def test_a_norm_that_is_none_is_refused():
    with pytest.raises(KitError, match="max_norm must be a positive, finite number"):
        clip_by_norm(GRADIENTS, 0)
