from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import CharacterTokenizer, Cleaning, WordTokenizer, counting
from keras_rnn_kit.text.counting import count_tokens
from tests.text.shared import AWKWARD
from tests.text.test_word_cuts import TEXTS

TOKENIZERS = [CharacterTokenizer(), WordTokenizer()]


def counted(texts, tokenizer):
    return Counter(token for text in texts for token in tokenizer.tokenize(text))


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@settings(deadline=None)
@given(texts=st.lists(TEXTS), together=st.sampled_from([1, 10, 1 << 22]))
def test_it_counts_as_counter_does(tokenizer, texts, together):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_TOGETHER", together)
        assert count_tokens(texts, tokenizer) == counted(texts, tokenizer)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_processes_count_the_same(tokenizer, monkeypatch):
    monkeypatch.setattr(counting, "_TOGETHER", 1000)
    texts = [*AWKWARD, "to be or not to be " * 30] * 20
    assert count_tokens(iter(texts), tokenizer, workers=2) == counted(texts, tokenizer)


def test_long_words_and_many_letters():
    korean = "".join(map(chr, range(0xAC00, 0xAC00 + 300)))
    texts = ["x" * 30, "y" * 9, "y" * 8, korean[:7], korean, "x" * 30]
    assert count_tokens(texts, WordTokenizer()) == Counter(texts)


def test_a_tokenizer_of_ones_own():
    class Lines(CharacterTokenizer):
        def tokenize(self, text):
            return text.split("\n")

    assert count_tokens(["a\nb", "a"], Lines()) == {"a": 2, "b": 1}


def test_nothing_to_count():
    assert count_tokens([], WordTokenizer()) == {}
    assert count_tokens(["", " \n"], WordTokenizer()) == {}


def test_what_cleaning_drops_is_not_counted():
    cleaning = Cleaning(stop_words=("the",))
    assert count_tokens(["The cat, the hat"], WordTokenizer(), cleaning) == {
        "cat": 1,
        ",": 1,
        "hat": 1,
    }


def test_it_refuses_what_is_no_text():
    with pytest.raises(KitError, match="a text must be a string; received bytes"):
        count_tokens(["a", b"b"], WordTokenizer())
    with pytest.raises(KitError, match="workers must be a positive integer"):
        count_tokens(["a"], WordTokenizer(), workers=0)
