"""Peers that don't agree are refused, and named."""

import math

import pytest

from benchmarks.agreement import check_agreement
from keras_rnn_kit.errors import KitError


def test_differences_are_relative_to_the_largest_value():
    results = {"kit": [[10.0, 1.0], [0.0]], "near": [[10.0, 1.5], [0.0]], "same": [[10, 1], [0]]}
    found = check_agreement(results, ["y", "dy"], tolerance=0.1, case="[1]")
    assert found == {"near": 0.05, "same": 0.0}


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        ([[1.0, 2.5], [1.0]], r"y of peer is away by 2\.5e-01\. Repair"),
        ([[1.0, math.nan], [1.0]], "y of peer is away by nan"),
        ([[1.0, 2.0], [1.0, 1.0]], r"dy of peer has the shape \(2,\), not \(1,\)"),
        ([[9.0, 2.0], [9.0]], "y of peer .* dy of peer"),
    ],
)
def test_each_difference_is_told(theirs, message):
    ours = [[1.0, 2.0], [1.0]]
    with pytest.raises(KitError, match=message) as caught:
        check_agreement(
            {"kit": ours, "good": ours, "peer": theirs}, ["y", "dy"], tolerance=0.1, case="[8]"
        )
    assert "against kit at [8]" in str(caught.value)
    assert "good" not in str(caught.value)


def test_a_missing_result_is_no_agreement():
    with pytest.raises(ValueError, match="zip"):
        check_agreement({"kit": [[1], [2]], "peer": [[1]]}, ["a", "b"], tolerance=1, case="")
