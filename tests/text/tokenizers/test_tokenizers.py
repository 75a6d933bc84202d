import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    ByteTokenizer,
    CharacterTokenizer,
    CliticTokenizer,
    GraphemeTokenizer,
    SubwordTokenizer,
    Tokenizer,
    WordTokenizer,
    film_reviews,
    load_text,
    tokenizer_from_config,
)
from tests.text.shared import AWKWARD, SHARED, needs_shared

words = WordTokenizer()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \t\n", []),
        ("word", ["word"]),
        ("Don't stop!", ["Don't", "stop", "!"]),
        ("rock-’n’-roll", ["rock", "-", "’", "n", "’", "-", "roll"]),
        ("a well-made film", ["a", "well-made", "film"]),
        ("rock’n’roll dogs' 'tis", ["rock’n’roll", "dogs", "'", "'", "tis"]),
        ("--", ["-", "-"]),
        ("__init__(x)", ["__init__", "(", "x", ")"]),
        ("3.14", ["3", ".", "14"]),
        ("床前明月光，", ["床", "前", "明", "月", "光", "，"]),
        ("ab床cd", ["ab", "床", "cd"]),
        ("ab-床", ["ab", "-", "床"]),
        ("人々〇", ["人", "々", "〇"]),
        ("𠀀𪛖", ["𠀀", "𪛖"]),
        ("cafe\u0301s", ["cafe\u0301s"]),
        ("हिन्दी", ["हिन्दी"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("👍🏽!", ["👍", "🏽", "!"]),
        ("a\0b", ["a", "\0", "b"]),
        ("one\x85two\u202fthree", ["one", "two", "three"]),
        ("<unk>", ["<", "unk", ">"]),
        ("ひらがな カタカナ", ["ひらがな", "カタカナ"]),
    ],
)
def test_words(text, tokens):
    assert words.tokenize(text) == tokens


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["Hello", ",", "world", "!"], "Hello, world!"),
        (["(", "a", ")", "[", "b", "]"], "(a) [b]"),
        (["床", "前", "，", "明", "月", "。"], "床前，明月。"),
        (["ab", "床", "cd"], "ab 床 cd"),
        (["dogs", "'", "'", "tis"], "dogs ' ' tis"),
        (["well", "-", "made"], "well - made"),
        (["“", "Yes", "”", "“", "no", "”"], "“Yes” “no”"),
        (["❤", "\ufe0f", "x"], "❤\ufe0f x"),
        ([], ""),
        (["."], "."),
    ],
)
def test_join_of_words(tokens, text):
    assert words.join(tokens) == text
    assert words.tokenize(text) == tokens


# Hypothesis's own texts seldom put signs and words side by side.
SIGNS = "aé床前，。.,!?-'’\u200d\u0301\u0940([{“”)…% \n\x85_9Σ😀\ufe0f🏽《》"
dense = st.text(st.sampled_from(SIGNS))


@settings(deadline=None)
@given(st.one_of(st.text(), dense))
def test_joined_words_are_cut_in_the_same_places(text):
    tokens = words.tokenize(text)
    assert words.tokenize(words.join(tokens)) == tokens
    # Nothing is lost but white space, and no token holds any.
    assert "".join(tokens) == "".join(text.split())


@settings(deadline=None)
@given(st.text(st.characters()))  # half surrogates included
def test_characters_are_exact_both_ways(text):
    tokenizer = CharacterTokenizer()
    assert tokenizer.join(tokenizer.tokenize(text)) == text
    assert all(len(token) == 1 for token in tokenizer.tokenize(text))


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text):
    tokens = words.tokenize(text)
    assert words.tokenize(words.join(tokens)) == tokens
    assert "".join(tokens) == "".join(text.split())


@needs_shared
@pytest.mark.parametrize(
    "name", ["timemachine.txt", "tang300.json", "english_french.tsv", "tinyshakespeare.txt"]
)
def test_real_texts(name):
    tokens = words.tokenize(load_text(SHARED / name))
    assert words.tokenize(words.join(tokens)) == tokens


def test_film_reviews_join():
    for text in film_reviews()[0]:
        tokens = words.tokenize(text)
        assert words.tokenize(words.join(tokens)) == tokens


@pytest.mark.parametrize("piece", ["x", "x'", "-", "é\u0301", "x\u0301"])
def test_a_line_of_megabytes_is_cut(piece):
    text = piece * (10_000_000 // len(piece))  # quadratic time would not end
    assert sum(map(len, words.tokenize(text))) == len(text)


TOKENIZERS = (
    ByteTokenizer(),
    CharacterTokenizer(),
    CliticTokenizer(),
    GraphemeTokenizer(),
    SubwordTokenizer([]),
    SubwordTokenizer(["a b", "ab c"]),
    WordTokenizer(),
)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_config_round_trip(tokenizer):
    again = tokenizer_from_config(json.loads(json.dumps(tokenizer.config())))
    assert again == tokenizer
    assert hash(again) == hash(tokenizer)
    assert repr(again) == repr(tokenizer)
    assert isinstance(again, Tokenizer)
    assert pickle.loads(pickle.dumps(tokenizer)) == tokenizer


def test_tokenizers_differ():
    assert len(set(TOKENIZERS)) == len(TOKENIZERS)


@pytest.mark.parametrize("config", [{}, {"type": "bpe"}, {"type": ["words"]}, None, "words"])
def test_unknown_config(config):
    with pytest.raises(KitError, match="one of bytes, characters, clitics, graphemes, subwords"):
        tokenizer_from_config(config)
