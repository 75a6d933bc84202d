"""Bucket lengths against every choice there is, and what they leave of padding."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.data import bucket_lengths, padding_share
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import WordTokenizer, load_labelled
from tests.text.shared import SHARED, needs_shared


def cells(lengths, ends):
    """What a batch-of-all holds when each length is padded to the first end that holds it."""
    return sum(min(end for end in ends if end >= length) for length in lengths)


def fewest_cells(lengths, at_most):
    """The same by the plain recurrence over all lengths, in cubic time."""
    distinct = sorted(set(lengths))
    best = {0: 0}  # cells, by how many of the distinct lengths are taken
    for _ in range(min(at_most, len(distinct))):
        best = {
            j: min(
                best[i] + distinct[j - 1] * sum(n in distinct[i:j] for n in lengths)
                for i in best
                if i < j
            )
            for j in range(1, len(distinct) + 1)
            if any(i < j for i in best)
        }
    return best[len(distinct)]


@given(st.lists(st.integers(1, 15), min_size=1, max_size=40), st.integers(1, 4))
def test_no_other_choice_pads_less(lengths, at_most):
    ends = bucket_lengths(lengths, at_most)
    assert ends == sorted(set(ends))
    assert ends[-1] == max(lengths)
    assert len(ends) == min(at_most, len(set(lengths)))
    others = combinations(sorted(set(lengths))[:-1], len(ends) - 1)
    assert cells(lengths, ends) == min(cells(lengths, (*o, max(lengths))) for o in others)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=25), st.integers(1, 8))
def test_no_other_choice_pads_less_where_lengths_are_far_apart(lengths, at_most):
    assert cells(lengths, bucket_lengths(lengths, at_most)) == fewest_cells(lengths, at_most)


@given(st.lists(st.integers(1, 15), min_size=1, max_size=40), st.integers(1, 4))
def test_padding_share_is_that_of_the_cells(lengths, at_most):
    ends = bucket_lengths(lengths, at_most)
    assert padding_share(lengths, ends) == 1 - sum(lengths) / cells(lengths, ends)


def test_padding_share_by_hand():
    assert padding_share([1, 2, 3], [3]) == 1 - 6 / 9
    assert padding_share([1, 2, 3], [1, 2, 3, 99]) == 0
    assert padding_share([2**40], [2**41]) == 0.5


def test_few_examples_have_few_buckets():
    lengths = list(range(1, 101))
    assert len(bucket_lengths(lengths)) == 6
    assert len(bucket_lengths(lengths, batch_size=4)) == 6
    assert (
        len(bucket_lengths(lengths, batch_size=8)) == 3
    )  # 3 · 4 · 8 fit into 100, 4 · 4 · 8 don't
    assert bucket_lengths(lengths, batch_size=26) == [100]
    assert len(bucket_lengths(lengths, at_most=2, batch_size=4)) == 2


def film_review_lengths():
    """25,000 log-normal lengths with the mean, median and longest of IMDB's reviews."""
    spread = np.sqrt(2 * np.log(230 / 174))
    drawn = np.random.default_rng(0).lognormal(np.log(174), spread, 25_000)
    return np.clip(np.round(drawn), 1, 2470).astype(int)


def test_long_reviews_reach_a_tenth_of_padding_when_they_are_cut():
    lengths = film_review_lengths()
    assert (round(lengths.mean()), np.median(lengths), lengths.max()) == (230, 174, 2470)

    def share(longest):
        cut = np.minimum(lengths, longest)
        return padding_share(cut, bucket_lengths(cut))

    # The first is the least that six lengths can leave: few, but long reviews decide it.
    assert share(2470) == pytest.approx(0.265, abs=0.001)
    assert share(400) == pytest.approx(0.112, abs=0.001)
    assert share(350) < 0.1


@needs_shared
def test_short_reviews_reach_a_tenth_of_padding_with_nine_lengths_or_when_cut():
    texts, _ = load_labelled(SHARED / "rt_polarity")
    lengths = np.array([len(WordTokenizer().tokenize(text)) for text in texts])

    def share(at_most, longest):
        cut = np.minimum(lengths, longest)
        return padding_share(cut, bucket_lengths(cut, at_most))

    assert 0.13 < share(6, lengths.max()) < 0.15
    assert share(9, lengths.max()) < 0.1
    assert share(6, 38) < 0.1


@pytest.mark.parametrize("lengths", [[], [0, 3], [[1, 2]], [1.5], ["a"]])
def test_wrong_lengths_are_told(lengths):
    with pytest.raises(KitError, match="lengths must be a vector of positive integers"):
        bucket_lengths(lengths)
    with pytest.raises(KitError, match="lengths must be a vector of positive integers"):
        padding_share(lengths, [3])


def test_wrong_counts_and_buckets_are_told():
    with pytest.raises(KitError, match="at_most must be a positive integer; received at_most=0"):
        bucket_lengths([1, 2], at_most=0)
    with pytest.raises(KitError, match="batch_size must be a positive integer"):
        bucket_lengths([1, 2], batch_size=0)
    with pytest.raises(KitError, match="must hold the longest sequence, of 5 ids"):
        padding_share([1, 5], [4])
    with pytest.raises(KitError, match="buckets must be rising lengths"):
        padding_share([1, 5], [6, 5])
