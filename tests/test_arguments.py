"""The checks that the whole kit shares."""

import numpy as np
import pytest

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError

NAN, INF = float("nan"), float("inf")
NO_NUMBERS = [NAN, "1", None, True, np.bool_(True), [1]]


@pytest.mark.parametrize("value", [0, -1, 1.0, "3", True, None, np.bool_(True)])
def test_positive_integer_refuses_what_is_none(value):
    with pytest.raises(KitError, match="length must be a positive integer; received length="):
        arguments.positive_integer("length", value)


def test_numpys_numbers_come_back_as_pythons():
    assert type(arguments.positive_integer("length", np.int64(4))) is int
    assert arguments.positive_integer("length", np.int64(4)) == 4
    assert type(arguments.positive_number("radius", np.float32(0.5))) is float
    assert arguments.rate("dropout", np.float64(0.25)) == 0.25


@pytest.mark.parametrize(
    ("check", "wrong", "rule"),
    [
        ("positive_number", [0, -0.5, INF], "must be a positive, finite number; received it="),
        ("not_negative", [-0.5, INF], "must be a finite number, and not negative; received it="),
        ("rate", [-0.5, 1, INF], r"must be a number in \[0, 1\); received it=.* Pass 0 to switch"),
    ],
)
def test_what_is_out_of_range_or_no_number_is_refused(check, wrong, rule):
    for value in (*wrong, *NO_NUMBERS):
        with pytest.raises(KitError, match=rule):
            getattr(arguments, check)("it", value)


@pytest.mark.parametrize(
    ("check", "right"),
    [("positive_number", [1e-9, 7]), ("not_negative", [0, 7]), ("rate", [0, 0.999])],
)
def test_what_is_in_range_comes_back(check, right):
    for value in right:
        assert getattr(arguments, check)("it", value) == value


def test_a_rule_of_ones_own_may_let_infinity_through():
    number = arguments.number("norm", INF, "a positive number", lambda norm: norm > 0)
    assert number == INF
    with pytest.raises(KitError, match=r"norm must be big; received norm=1\. Pass more\."):
        arguments.number("norm", 1, "big", lambda norm: norm > 2, "Pass more.")
