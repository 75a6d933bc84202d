"""The adding problem and the copy memory task: what is drawn, by hand."""

import math

import numpy as np
import pytest

from keras_rnn_kit.data import adding_problem, copy_memory, copy_memory_baseline
from keras_rnn_kit.errors import KitError


@pytest.mark.parametrize("length", [2, 7])
def test_the_sums_are_of_the_two_marked_numbers_one_in_each_half(length):
    sequences, sums = adding_problem(500, length, np.random.default_rng(0))
    assert sequences.dtype == sums.dtype == np.float32
    assert sequences.shape == (500, length, 2)
    assert sums.shape == (500, 1)
    numbers, markers = sequences[..., 0], sequences[..., 1]
    assert set(np.unique(markers)) <= {0, 1}
    assert (markers[:, : length // 2].sum(axis=1) == 1).all()
    assert (markers[:, length // 2 :].sum(axis=1) == 1).all()
    assert (markers.sum(axis=0) > 0).all()  # every place is drawn
    np.testing.assert_allclose(sums[:, 0], (numbers * markers).sum(axis=1), rtol=1e-6)  # float32
    assert 0 <= numbers.min() < 0.01
    assert 0.99 < numbers.max() <= 1


def test_always_answering_one_has_the_error_that_is_named():
    _, sums = adding_problem(100_000, 10, np.random.default_rng(0))
    # The error of the mean over so many is 0.0006.
    assert np.mean((sums - 1) ** 2) == pytest.approx(1 / 6, abs=0.003)


def test_the_symbols_are_asked_for_after_the_delay_and_nothing_before():
    inputs, targets = copy_memory(50, 4, np.random.default_rng(0))
    assert inputs.dtype == targets.dtype == np.int32
    assert inputs.shape == targets.shape == (50, 24)
    symbols = inputs[:, :10]
    assert set(np.unique(symbols)) == set(range(8))
    assert (inputs[:, 10:13] == 8).all()  # three blanks, and the delimiter is the fourth step
    assert (inputs[:, 13] == 9).all()
    assert (inputs[:, 14:] == 8).all()
    assert (targets[:, :14] == 8).all()
    np.testing.assert_array_equal(targets[:, 14:], symbols)


def test_the_shortest_delay_is_the_delimiter_alone():
    inputs, _ = copy_memory(1, 1, np.random.default_rng(0))
    assert inputs[0, 10:].tolist() == [9] + [8] * 10


def test_the_baseline_is_the_cross_entropy_of_guessing_the_symbols():
    delay = 5
    _, targets = copy_memory(7, delay, np.random.default_rng(0))
    chances = np.where(np.arange(delay + 20) < delay + 10, 1.0, 1 / 8)  # of what is right
    nats = -np.log(np.broadcast_to(chances, targets.shape)).mean()
    assert copy_memory_baseline(delay) == pytest.approx(nats)
    assert copy_memory_baseline(100) == pytest.approx(10 * math.log(8) / 120)


@pytest.mark.parametrize("draw", [adding_problem, copy_memory])
def test_the_same_generator_draws_the_same(draw):
    once, again, other = (draw(3, 9, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_lengths_that_leave_no_room_are_told():
    rng = np.random.default_rng(0)
    with pytest.raises(KitError, match=r"a step in each half; received length=1\. Pass 2"):
        adding_problem(3, 1, rng)
    with pytest.raises(KitError, match="count must be a positive integer; received count=0"):
        adding_problem(0, 5, rng)
    with pytest.raises(KitError, match="delay must be a positive integer; received delay=0"):
        copy_memory(3, 0, rng)
    with pytest.raises(KitError, match="delay must be a positive integer"):
        copy_memory_baseline(-1)
