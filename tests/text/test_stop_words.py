import pytest

from keras_rnn_kit.text.cleaning import plain
from keras_rnn_kit.text.stop_words import ENGLISH
from keras_rnn_kit.text.tokenizers import WordTokenizer

NEGATIONS = """
not no nor never none nothing nobody neither without cannot
don't isn't wasn't won't but although hardly
"""


@pytest.mark.parametrize("word", NEGATIONS.split())
def test_words_that_turn_a_verdict_stay_in_the_text(word):
    assert word not in ENGLISH


@pytest.mark.parametrize("word", ["the", "a", "and", "of", "it's", "was"])
def test_grammar_goes(word):
    assert word in ENGLISH


def test_each_is_one_token_in_the_form_that_is_compared():
    for word in ENGLISH:
        assert plain(word) == word
        assert WordTokenizer().tokenize(word) == [word]
