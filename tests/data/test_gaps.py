"""Filled gaps by hand, what is counted, and what is refused."""

import numpy as np
import pytest

from keras_rnn_kit.data import fill_gaps
from keras_rnn_kit.errors import KitError

NAN = float("nan")


def test_each_variable_by_itself() -> None:
    series = np.array([[1, 10], [NAN, 20], [NAN, NAN], [4, 40], [NAN, NAN], [0, 0]], float)
    before = series.copy()
    filled = fill_gaps(series)
    assert filled.series.tolist() == [[1, 10], [2, 20], [3, 30], [4, 40], [2, 20], [0, 0]]
    assert (filled.values, filled.gaps, filled.longest) == (5, 4, 2)
    np.testing.assert_array_equal(series, before)  # it works on a copy
    kept = fill_gaps(series, "previous", longest=2).series
    assert kept.tolist() == [[1, 10], [1, 20], [1, 20], [4, 40], [4, 40], [0, 0]]


def test_a_series_without_gaps_stays_as_it_is() -> None:
    filled = fill_gaps([3, 1, 2])
    assert filled.series.tolist() == [3.0, 1.0, 2.0]
    assert (filled.values, filled.gaps, filled.longest) == (0, 0, 0)


def test_masked_values_and_a_gap_at_the_end() -> None:
    masked = np.ma.masked_values([1.0, -9.0, 3.0, -9.0, -9.0], -9.0)
    assert fill_gaps(masked, "previous").series.tolist() == [1, 1, 3, 3, 3]


@pytest.mark.parametrize(
    ("series", "how", "message"),
    [
        ([NAN, NAN, 3], {}, r"none before time steps 0 to 1 of variable 0.*series\[2:\]"),
        ([NAN, 3], {"method": "previous"}, "none before time step 0"),
        ([1, NAN], {}, r"none after time step 1.*series\[:1\].*method='previous'"),
        ([[1, NAN], [2, NAN]], {}, "none for variable 1 at all 2 time steps"),
        ([1, NAN, NAN, 4], {"longest": 1}, "1 points or fewer.*received 2 at time steps 1 to 2"),
        ([1, np.inf, 2], {}, "received inf at time step 1, variable 0"),
        ([1, 2], {"method": "spline"}, "method must be 'linear' or 'previous'"),
        ([1, 2], {"longest": 0}, "longest must be a positive integer"),
        ([], {}, r"numbers of shape \[T\]"),
        (["a"], {}, r"numbers of shape \[T\]"),
        ([[1], [2, 3]], {}, r"numbers of shape \[T\]"),
    ],
)
def test_what_cannot_be_filled(series: list, how: dict, message: str) -> None:
    with pytest.raises(KitError, match=message):
        fill_gaps(series, **how)
