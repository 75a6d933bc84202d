"""Words cut by arrays: in the same places as by the tokenizer's pattern."""

from string import ascii_letters, digits

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.text import WordTokenizer
from keras_rnn_kit.text.word_cuts import code_points, cut_words, word_letters, word_pieces
from tests.text.shared import AWKWARD, SHARED, needs_shared

# Letters, joiners of all kinds, signs, a mark, white space, Chinese, half a surrogate, NUL.
CHARACTERS = "ab_9é'’-\u200c\u200d.,!?\u0301 \n\x85床前👍\ud800\0"
TEXTS = st.text() | st.text(CHARACTERS, max_size=30)


def words(text):
    starts, ends = cut_words(code_points(text))
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_it_cuts_where_the_tokenizer_does(text):
    assert words(text) == WordTokenizer().tokenize(text)


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text):
    assert words(text) == WordTokenizer().tokenize(text)


@needs_shared
@pytest.mark.parametrize("name", ["timemachine.txt", "tang300.json", "english_french.tsv"])
def test_real_texts(name):
    text = (SHARED / name).read_text("utf-8")[:200_000]
    assert words(text) == WordTokenizer().tokenize(text)


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.integers(1, 12))
def test_no_piece_tears_a_word(text, size):
    pieces = list(word_pieces(text, size))
    cut = [
        piece[start:end]
        for piece, _, starts, ends in pieces
        for start, end in zip(starts, ends, strict=True)
    ]
    assert cut == WordTokenizer().tokenize(text)
    assert "".join(piece for piece, *_ in pieces) == text
    for piece, codes, _, _ in pieces:
        assert codes.tolist() == code_points(piece).tolist()


def test_letters_are_those_of_words():
    assert set(map(chr, word_letters("don't, 床 né!"))) == set("don't né") - {" "}
    # Of ASCII all that can be: an alphabet has room for them.
    assert set(map(chr, word_letters("?"))) == set(f"{ascii_letters}{digits}_'-")
