"""Periods of known series, and of series that have none."""

import numpy as np
import pytest

from keras_rnn_kit.data import find_period
from keras_rnn_kit.errors import KitError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("period", [2, 7, 24, 100])
def test_a_period_is_found_through_noise_and_a_trend(period: int) -> None:
    t = np.arange(600)
    one = RNG.permutation(np.linspace(-1, 1, period))
    series = one[t % period] + 0.3 * RNG.normal(size=600) + 0.01 * t
    assert find_period(series) == period


@pytest.mark.parametrize(
    "series",
    [np.arange(50.0), np.full(50, 7.1), [1.0, 2.0, 1.0], RNG.normal(size=600)],
    ids=["line", "constant", "short", "noise"],
)
def test_no_period(series: np.ndarray) -> None:
    assert find_period(series) is None


def test_half_a_period_is_not_enough() -> None:
    assert find_period(np.sin(0.01 * np.arange(600))) is None


def test_several_variables() -> None:
    with pytest.raises(KitError, match="one variable; received 2"):
        find_period(np.zeros((9, 2)))
