"""The scores of the cells' page: their data and units, and that a cell gets one."""

import math

import numpy as np
import pytest

from benchmarks import adding_problem, small_language_model
from benchmarks.equal_parameters import parameters_of, units_for
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import GRU, LSTM, IndRNN, SimpleRNN


@pytest.mark.parametrize("length", [2, 7])
def test_the_sums_are_of_the_two_marked_numbers_one_in_each_half(length):
    sequences, sums = adding_problem.adding_problem(500, length, np.random.default_rng(0))
    numbers, markers = sequences[..., 0], sequences[..., 1]
    assert set(np.unique(markers)) <= {0, 1}
    assert (markers[:, : length // 2].sum(axis=1) == 1).all()
    assert (markers[:, length // 2 :].sum(axis=1) == 1).all()
    assert (markers.sum(axis=0) > 0).all()  # every place is drawn
    np.testing.assert_allclose(sums[:, 0], (numbers * markers).sum(axis=1), rtol=1e-6)  # float32
    assert 0 <= numbers.min() < 0.01
    assert 0.99 < numbers.max() <= 1


def test_always_answering_one_has_the_error_that_the_page_names():
    _, sums = adding_problem.adding_problem(100_000, 10, np.random.default_rng(0))
    # The error of the mean over so many is 0.0006.
    assert np.mean((sums - 1) ** 2) == pytest.approx(1 / 6, abs=0.003)


def test_a_cell_learns_a_short_adding_problem():
    settings = adding_problem.Settings(length=4, units=16, steps=200, validation=64)
    assert adding_problem.score(GRU, settings) < 0.05  # where answering 1 has 0.167


def test_a_loss_that_is_no_number_is_no_score():
    settings = adding_problem.Settings(
        length=4, units=4, steps=10, validation=64, learning_rate=math.inf
    )
    assert adding_problem.score(SimpleRNN, settings) is None


@pytest.mark.parametrize("wanted", [5, 100, 101, 12345])
def test_the_units_are_the_nearest(wanted):
    def parameters(units):
        return units * units + 3 * units

    found = units_for(parameters, wanted)
    nearest = min(range(1, 200), key=lambda units: abs(parameters(units) - wanted))
    assert found == nearest


def test_one_unit_that_is_far_too_large_is_told():
    with pytest.raises(KitError, match="must fit in 10 parameters; received one of 21"):
        units_for(lambda units: 21 * units, 10)


def test_parameters_are_those_of_the_layer():
    assert parameters_of(SimpleRNN, 3, 5) == 3 * 5 + 5 * 5 + 5
    assert parameters_of(LSTM, 3, 5) == 4 * (3 * 5 + 5 * 5 + 5)
    assert parameters_of(IndRNN, 3, 5) == 3 * 5 + 5 + 5


def test_the_language_model_learns_a_text_that_repeats(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("abcd" * 500, encoding="utf-8")
    settings = small_language_model.Settings(
        parameters=300, embedding=4, steps=60, batch_size=4, seq_length=10, learning_rate=0.02
    )
    corpus = small_language_model.Corpus.read(path, settings.train_share)
    assert (len(corpus.train), len(corpus.validation)) == (1800, 200)
    score = small_language_model.score(SimpleRNN, corpus, settings)
    assert score.nats < math.log(4)  # better than guessing
    assert score.units == 15
    assert score.parameters == 4 * 15 + 15 * 15 + 15


def test_the_second_part_of_the_text_has_no_say_in_the_vocabulary(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("ab" * 45 + "xyzxyzxyzx", encoding="utf-8")
    corpus = small_language_model.Corpus.read(path, 0.9)
    assert corpus.vocabulary_size == 2 + 4  # the special tokens
    assert len(corpus.validation) == 10
