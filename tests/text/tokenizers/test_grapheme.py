import random
import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import Cleaning, GraphemeTokenizer, TextEncoder, load_text
from tests.text.shared import AWKWARD, SHARED, needs_shared

tokenizer = GraphemeTokenizer()
# An implementation of UAX #29 by other people; of Unicode 18, as the tables here.
clusters = regex.compile(r"\X").findall

# One or more of each class of UAX #29, and of the classes of its rule for conjuncts.
KINDS = (
    *"a \r\n\0\u2028\u0301\u0308\u200d\u200c\u0903\u0e33\u0600",
    *"\u1100\ua960\u1161\ud7b0\u11a8\ud7cb각가",
    *"\U0001f1e6\U0001f1ff©😀❤\ufe0f🏽\U000e0061\u0915\u0924\u094d\u093c\u0c15\u0c4d\u1cf5\u102b\u1000\u1039",
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("ab", ["a", "b"]),
        ("\r\n\n\r", ["\r\n", "\n", "\r"]),
        ("e\u0301\u0323a", ["e\u0301\u0323", "a"]),
        ("\u0301a", ["\u0301", "a"]),
        ("\n\u0301", ["\n", "\u0301"]),
        ("a\0\u0301", ["a", "\0", "\u0301"]),
        ("👨\u200d👩\u200d👧!", ["👨\u200d👩\u200d👧", "!"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("❤\ufe0f\u200d🔥", ["❤\ufe0f\u200d🔥"]),
        ("a\u200d😀", ["a\u200d", "😀"]),
        ("1\ufe0f\u20e3", ["1\ufe0f\u20e3"]),
        ("🇫🇷🇩🇪🇫", ["🇫🇷", "🇩🇪", "🇫"]),
        ("각각ᄀ", ["각", "각", "ᄀ"]),
        ("각각ᅡ", ["각", "각", "ᅡ"]),
        ("กำ", ["กำ"]),
        ("हिन्दी", ["हि", "न्दी"]),
        ("क्\u200dक क्\u200cक", ["क्\u200dक", " ", "क्\u200c", "क"]),
        ("\u0600a", ["\u0600a"]),
        ("\u0600\n", ["\u0600", "\n"]),
        ("\ud800\udfff", ["\ud800", "\udfff"]),
        ("<pad>", ["<", "p", "a", "d", ">"]),
    ],
)
def test_graphemes(text, tokens):
    assert tokenizer.tokenize(text) == tokens
    assert clusters(text) == tokens


def agree(text):
    """The tokens are those of the other implementation, and lose nothing."""
    tokens = tokenizer.tokenize(text)
    assert tokens == clusters(text)
    assert tokenizer.join(tokens) == text


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text):
    agree(text)


def test_every_pair_and_triple_of_kinds():
    for first in KINDS:
        for second in KINDS:
            for third in ("", *KINDS):
                agree(first + second + third)


def test_longer_runs_of_kinds():
    rng = random.Random(29)
    for _ in range(20_000):
        agree("".join(rng.choices(KINDS, k=rng.randint(4, 12))))


@pytest.mark.parametrize(
    "around", ["a{}a", "{0}{0}", "\u1100{}\u1161", "😀{}\u200d😀", "\u0915{}\u094d\u0915"]
)
def test_every_assigned_character(around):
    # What this Python's tables do not know yet, or have in another category, is left out.
    other = {0x1171E}
    for code in (*range(0x20000), *range(0xE0000, 0xE0200)):
        if unicodedata.category(chr(code)) != "Cn" and code not in other:
            agree(around.format(chr(code)))


@settings(deadline=None)
@given(st.text(st.one_of(st.sampled_from(KINDS), st.characters(exclude_categories=["Cn"]))))
def test_any_texts(text):
    agree(text)


@needs_shared
@pytest.mark.parametrize(
    "name", ["timemachine.txt", "tang300.json", "english_french.tsv", "tinyshakespeare.txt"]
)
def test_real_texts(name):
    agree(load_text(SHARED / name))


@pytest.mark.parametrize(
    ("piece", "clusters"),
    [
        ("\u0301", 1),
        ("😀\u200d", 1),
        ("\u1100", 1),
        ("\u0600", 1),
        ("\u0915\u094d", 1),
        ("🇫", 500_000),
    ],
)
def test_a_cluster_of_megabytes_is_cut(piece, clusters):
    text = piece * (1_000_000 // len(piece))  # quadratic time would not end
    assert len(tokenizer.tokenize(text)) == clusters


def test_encoder(tmp_path):
    encoder = TextEncoder.build(AWKWARD, tokenizer="graphemes", cleaning=Cleaning("punctuation"))
    assert "👨\u200d👩\u200d👧" in encoder.vocabulary
    assert encoder.decode(encoder.encode("cafe\u0301, 👍🏽")) == "cafe\u0301 👍🏽"
    encoder.save(tmp_path / "vocabulary.json")
    assert TextEncoder.load(tmp_path / "vocabulary.json") == encoder


def test_stop_words_need_words():
    with pytest.raises(KitError, match="received the tokenizer 'graphemes'"):
        TextEncoder.build("a", tokenizer="graphemes", cleaning=Cleaning(stop_words="english"))
