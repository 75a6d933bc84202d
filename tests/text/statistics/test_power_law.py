import math

import numpy as np
import pytest

from keras_rnn_kit.text.statistics.power_law import fit_power_law, log_spaced


def test_an_exact_law_comes_back():
    x = range(1, 200)
    law = fit_power_law(x, [500 * k**-1.25 for k in x])
    assert law.exponent == pytest.approx(-1.25)
    assert law.factor == pytest.approx(500)
    assert (law.first, law.last, law.points) == (1, 199, 199)
    assert law.r_squared == pytest.approx(1)
    assert law.error == pytest.approx(0, abs=1e-9)
    assert law(7) == pytest.approx(500 * 7**-1.25)


def test_by_hand():
    # ln x = 0, a, 2a and ln y = 0, 0, b with a = ln 2, b = ln 8: the slope is b / 2a, the middle
    # of the line b / 3, and the residuals are b/6, -b/3, b/6.
    law = fit_power_law([1, 2, 4], [1, 1, 8])
    assert law.exponent == pytest.approx(1.5)
    assert law(2) == pytest.approx(2)
    assert law.error == pytest.approx(math.log(8) / math.sqrt(18))
    assert law.r_squared == pytest.approx(0.75)


def test_only_the_range_counts():
    x = list(range(1, 30))
    y = [1000.0] * 5 + [60 / k for k in range(6, 21)] + [1e-3] * 9
    law = fit_power_law(x, y, first=6, last=20)
    assert law.exponent == pytest.approx(-1)
    assert (law.first, law.last, law.points) == (6, 20, 15)


@pytest.mark.parametrize(
    ("x", "y"), [([], []), ([1], [5]), ([1, 2], [5, 4]), ([1, 2, 3], [2, 2, 2])]
)
def test_too_few_points_or_all_equal(x, y):
    assert fit_power_law(x, y) is None


def test_too_few_points_in_the_range():
    x, y = [1, 2, 3, 9], [9, 5, 4, 2]
    assert fit_power_law(x, y, first=2, last=3) is None
    assert fit_power_law(x, y, first=2).points == 3


@pytest.mark.parametrize("last", [0, 1, 2, 9, 10, 11, 999, 1000, 123_456])
def test_log_spaced_numbers_rise_from_1_to_the_last(last):
    numbers = log_spaced(last, 10)
    assert numbers == sorted(set(numbers))
    assert all(type(number) is int for number in numbers)
    assert numbers[:1] + numbers[-1:] == ([1, last] if last else [])
    grid = {round(10 ** (k / 10)) for k in range(100)}
    assert set(numbers) == {number for number in grid if number < last} | set(numbers[-1:])


def test_steps_are_even_on_a_logarithmic_axis():
    numbers = np.array(log_spaced(10**6, 20))
    steps = np.diff(np.log10(numbers[numbers > 1000]))
    np.testing.assert_allclose(steps, 1 / 20, atol=1e-3)
