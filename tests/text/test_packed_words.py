import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.text.packed_words import Alphabet
from keras_rnn_kit.text.word_cuts import code_points


def packed(alphabet, words):
    lengths = np.array([len(word) for word in words], np.intp)
    ends = np.cumsum(lengths)
    first, second = alphabet.pack(code_points("".join(words)), ends - lengths, ends)
    return list(zip(first.tolist(), second.tolist(), strict=True))


@pytest.mark.parametrize(("size", "letters"), [(3, 8), (254, 8), (255, 4), (65534, 4), (65535, 2)])
def test_an_integer_holds_as_many_letters_as_the_alphabet_lets_it(size, letters):
    assert Alphabet(range(100, 100 + size)).letters == letters


@settings(deadline=None)
@given(st.lists(st.text("abcdé床\U0001f44d", min_size=1, max_size=20), min_size=1), st.booleans())
def test_short_words_are_equal_where_their_integers_are(words, wide):
    alphabet = Alphabet([*map(ord, "abcdé床\U0001f44d"), *(range(1000, 1400) if wide else ())])
    short = [word for word in words if len(word) <= 2 * alphabet.letters]
    keys = packed(alphabet, short) if short else []
    assert len(set(keys)) == len(set(short))
    by_word = {}
    for word, key in zip(short, keys, strict=True):
        assert by_word.setdefault(word, key) == key


@settings(deadline=None)
@given(st.lists(st.text("abcdé床\U0001f44d", min_size=1, max_size=8), min_size=1))
def test_words_come_back_from_their_integers(words):
    alphabet = Alphabet(map(ord, "abcdé床\U0001f44d"))
    first = np.array([key for key, _ in packed(alphabet, words)], np.uint64)
    assert alphabet.words(first) == words


def test_a_strange_letter_makes_a_word_unlike_all_others():
    alphabet = Alphabet(map(ord, "ab"))
    known = packed(alphabet, ["ab", "a", "b", "aab"])
    assert not set(packed(alphabet, ["ax", "xa", "xab", "x"])) & set(known)


def test_no_words_at_all():
    alphabet = Alphabet([])
    empty = np.empty(0, np.intp)
    first, second = alphabet.pack(code_points(""), empty, empty)
    assert first.size == second.size == 0
    assert alphabet.words(first) == []
