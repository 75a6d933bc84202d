"""The scores of the cells' page: that a cell gets one."""

import math

from benchmarks import adding_problem, small_language_model
from keras_rnn_kit.layers import GRU, SimpleRNN


def test_a_cell_learns_a_short_adding_problem():
    settings = adding_problem.Settings(length=4, units=16, steps=200, validation=64)
    assert adding_problem.score(GRU, settings) < 0.05  # where answering 1 has 0.167


def test_a_loss_that_is_no_number_is_no_score():
    settings = adding_problem.Settings(
        length=4, units=4, steps=10, validation=64, learning_rate=math.inf
    )
    assert adding_problem.score(SimpleRNN, settings) is None


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
