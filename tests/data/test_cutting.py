"""Long sequences cut: what stays, what is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.data import cut_sequences
from keras_rnn_kit.errors import KitError

SEQUENCES = st.lists(st.lists(st.integers(0, 99), max_size=12), max_size=8)


@given(SEQUENCES, st.integers(1, 12), st.sampled_from(["head", "tail", "both"]))
def test_short_sequences_stay_and_long_ones_have_the_length(sequences, most, keep):
    cut, count = cut_sequences(sequences, most, keep)
    assert count == sum(len(one) > most for one in sequences)
    for before, after in zip(sequences, cut, strict=True):
        assert after.dtype == np.int32
        assert len(after) == min(most, len(before))
        if len(before) <= most or keep == "head":
            assert after.tolist() == before[:most]
        elif keep == "tail":
            assert after.tolist() == before[-most:]


@pytest.mark.parametrize(
    ("most", "kept"),
    [
        (1, [9]),
        (2, [0, 9]),
        (4, [0, 7, 8, 9]),
        (5, [0, 6, 7, 8, 9]),
        (8, [0, 1, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_of_both_ends_a_quarter_is_the_head(most, kept):
    assert cut_sequences([range(10)], most, "both")[0][0].tolist() == kept


def test_the_proportion_of_the_paper():
    ((ids,), count) = cut_sequences([range(1000)], 510, "both")
    assert ids.tolist() == [*range(128), *range(1000 - 382, 1000)]
    assert count == 1


def test_none_cuts_nothing():
    cut, count = cut_sequences([[1, 2, 3], []], None)
    assert [one.tolist() for one in cut] == [[1, 2, 3], []]
    assert count == 0


def test_what_is_given_is_left_alone():
    ids = np.arange(5)
    cut_sequences([ids], 2, "both")
    assert ids.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]], 0), "max_length must be a positive integer; received max_length=0"),
        (([[1]], None, "end"), "keep must be 'head', 'tail' or 'both'; received keep='end'"),
        (([[1], [0.5]], 3), r"sequences\[1\] must be a vector of integers"),
    ],
)
def test_wrong_arguments_are_told(arguments, message):
    with pytest.raises(KitError, match=message):
        cut_sequences(*arguments)
