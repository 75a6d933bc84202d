"""Bucket lengths against every choice there is."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.data import bucket_lengths
from keras_rnn_kit.errors import KitError


def cells(lengths, ends):
    """What a batch-of-all holds when each length is padded to the first end that holds it."""
    return sum(min(end for end in ends if end >= length) for length in lengths)


@given(st.lists(st.integers(1, 15), min_size=1, max_size=40), st.integers(1, 4))
def test_no_other_choice_pads_less(lengths, at_most):
    # 40 lengths are fewer than the 64 quantiles, so every length is a candidate.
    ends = bucket_lengths(lengths, at_most)
    assert ends == sorted(set(ends))
    assert ends[-1] == max(lengths)
    assert len(ends) == min(at_most, len(set(lengths)))
    others = combinations(sorted(set(lengths))[:-1], len(ends) - 1)
    assert cells(lengths, ends) == min(cells(lengths, (*o, max(lengths))) for o in others)


def test_many_lengths_with_a_long_tail():
    lengths = np.maximum(1, np.random.default_rng(0).lognormal(5.2, 0.65, 25_000)).astype(int)
    ends = bucket_lengths(lengths)
    assert len(ends) == 6
    assert ends[-1] == lengths.max()
    padding = 1 - lengths.sum() / cells(lengths, ends)
    assert padding < 0.3  # 26%; six equally filled buckets have 60%


@pytest.mark.parametrize("lengths", [[], [0, 3], [[1, 2]], [1.5], ["a"]])
def test_wrong_lengths_are_told(lengths):
    with pytest.raises(KitError, match="lengths must be a vector of positive integers"):
        bucket_lengths(lengths)


def test_wrong_count_is_told():
    with pytest.raises(KitError, match="at_most must be a positive integer; received at_most=0"):
        bucket_lengths([1, 2], at_most=0)
