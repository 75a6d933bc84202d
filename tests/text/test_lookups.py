"""The fast lookups against a dictionary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.text import ByteTokenizer, CharacterTokenizer, WordTokenizer
from keras_rnn_kit.text import lookups as module
from keras_rnn_kit.text.lookups import lookup_of
from tests.text.shared import AWKWARD
from tests.text.test_word_cuts import TEXTS

TOKENIZERS = [ByteTokenizer(), CharacterTokenizer(), WordTokenizer()]


def found(tokenizer, ids, *texts, other=1):
    given, ends = lookup_of(tokenizer, ids).rows(texts, other)
    assert given.dtype == np.int32
    return [row.tolist() for row in np.split(given, ends[:-1])]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@settings(deadline=None, max_examples=200)
@given(listed=TEXTS, texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_the_ids_are_those_of_a_dictionary(tokenizer, listed, texts):
    ids = {token: i for i, token in enumerate(dict.fromkeys(tokenizer.tokenize(listed)), 4)}
    texts = [listed[: len(listed) // 2] + texts[0], *texts]
    expected = [[ids.get(token, 1) for token in tokenizer.tokenize(text)] for text in texts]
    assert found(tokenizer, ids, *texts) == expected


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(tokenizer, text):
    tokens = tokenizer.tokenize(text)
    ids = {token: i for i, token in enumerate(dict.fromkeys(tokens), 4)}
    assert found(tokenizer, ids, text) == [[ids[token] for token in tokens]]
    assert found(tokenizer, {}, text) == [[1] * len(tokens)]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_a_function_is_asked_once_for_each_unlisted_token(tokenizer):
    asked = []
    text, known = "a b? a b? a", {"a": 4, " ": 5, "Ġ": 5}
    (ids,) = found(tokenizer, known, text, other=lambda token: asked.append(token) or 7)
    assert ids == [known.get(token, 7) for token in tokenizer.tokenize(text)]
    assert asked == ["b", "?"]


def test_words_of_every_length_are_told_apart(monkeypatch):
    words = ["x" * n + end for n in range(1, 40) for end in ("a", "b", "ab", "ba")]
    ids = {word: i for i, word in enumerate(dict.fromkeys(words), 4)}
    text = " ".join([*words, *(word + "c" for word in words)])
    expected = [ids[word] for word in words] + [1] * len(words)
    assert found(WordTokenizer(), ids, text)[0] == expected
    # All at one place of the table, the worst that can happen: it is slow then, not wrong.
    monkeypatch.setattr(module._Table, "_places", lambda self, first, _: np.zeros(len(first), int))
    assert found(WordTokenizer(), ids, text)[0] == expected


def test_a_large_vocabulary_of_many_letters():
    rng = np.random.default_rng(0)
    letters = [chr(code) for code in range(0xAC00, 0xAC00 + 2000)]  # Korean syllables
    words = ["".join(rng.choice(letters, rng.integers(1, 12))) for _ in range(3000)]
    ids = {word: i for i, word in enumerate(dict.fromkeys(words), 4)}
    assert found(WordTokenizer(), ids, " ".join(words))[0] == [ids[word] for word in words]


def test_a_tokenizer_of_ones_own_has_none():
    class Lines(CharacterTokenizer):
        def tokenize(self, text):
            return text.split("\n")

    assert lookup_of(Lines(), {"a": 1}) is None


def test_texts_of_many_pieces(monkeypatch):
    text = "one two, three " * 50
    ids = {"one": 4, "three": 5, ",": 6, "e": 7}
    whole = [found(tokenizer, ids, text) for tokenizer in TOKENIZERS]
    monkeypatch.setattr(module, "PIECE", 7)
    assert [found(tokenizer, ids, text) for tokenizer in TOKENIZERS] == whole
