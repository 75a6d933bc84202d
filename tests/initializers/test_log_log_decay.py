"""Decays that start where they are told to, and more of them near 1."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers import LogLogDecay


@pytest.mark.parametrize("dtype", ["float32", "float64", None])
def test_squares_of_decays_are_uniform_between_the_squares(dtype):
    u = np.array(LogLogDecay(0.5, 0.9, seed=1)((20_000,), dtype), "float64")
    shares = (np.exp(-2 * np.exp(u)) - 0.25) / (0.81 - 0.25)
    # float32 logs and exponentials of numbers of size 1.
    assert -1e-5 < shares.min() < 0.01
    assert 0.99 < shares.max() < 1 + 1e-5
    # A share of 20,000 draws is off by more than five standard deviations once in two million.
    for quarter in (0.25, 0.5, 0.75):
        assert abs((shares < quarter).mean() - quarter) < 5 * np.sqrt(0.25 / 20_000)


def test_the_seed_decides_and_survives_a_config():
    initializer = LogLogDecay(0.5, 0.9, seed=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(initializer))
    np.testing.assert_array_equal(again((4,)), initializer((4,)))
    assert again.get_config() == {"min_decay": 0.5, "max_decay": 0.9, "seed": 3}


@pytest.mark.parametrize(
    "decays", [(0.9, 0.5), (0.5, 0.5), (0, 0.5), (0.5, 1), (float("nan"), 0.5)]
)
def test_what_is_no_decay_is_refused(decays):
    with pytest.raises(KitError, match="must satisfy 0 < min_decay < max_decay < 1; received min_"):
        LogLogDecay(*decays)
