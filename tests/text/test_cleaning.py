import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import Cleaning, WordTokenizer

html = Cleaning(strip_html=True)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("good<br /><br />film", "good  film"),
        ("<p class='x'>a</p>", " a "),
        ("a<!-- <b> and\nmore -->b", "a b"),
        ("a<br\n/>b", "a b"),
        ("<!DOCTYPE html>a", " a"),
        ("x < y and y > z", "x < y and y > z"),
        ("a <3 b>", "a <3 b>"),
        ("I <b me", "I <b me"),
        ("Tom &amp; Jerry &quot;x&quot; &#39;y&apos;", "Tom & Jerry \"x\" 'y'"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&lt;b&gt;", "<b>"),
        ("a&nbsp;b", "a b"),
        ("&unknown; &", "&unknown; &"),
    ],
)
def test_html(text, cleaned):
    assert html.apply(text) == cleaned


def test_lower_comes_after_html():
    assert Cleaning(lower=True, strip_html=True).apply("<B>ÀB</B>&AMP;") == " àb &amp;"


@settings(deadline=None)
@given(st.text())
def test_no_step_changes_nothing(text):
    cleaning = Cleaning()
    assert cleaning.apply(text) == text
    assert cleaning.apply_tokens(list(text)) == list(text)
    assert not cleaning.cleans_tokens


@settings(deadline=None)
@given(st.text())
def test_lower_is_pythons(text):
    assert Cleaning(lower=True).apply(text) == text.lower()


def test_punctuation_goes_and_the_rest_stays():
    tokens = ["It's", ",", "...", "well-made", "!", "，", "$", "5", "😀", " ", "\n", "床", "—", "_"]
    assert Cleaning(strip_punctuation=True).apply_tokens(tokens) == [
        "It's", "well-made", "5", "😀", " ", "\n", "床",
    ]  # fmt: skip


def test_stop_words_go_whatever_their_case_and_apostrophe():
    tokens = WordTokenizer().tokenize("The film isn't IT’S worst, and never not")
    assert Cleaning(stop_words="english").apply_tokens(tokens) == [
        "film", "isn't", "worst", ",", "never", "not",
    ]  # fmt: skip


def test_own_stop_words():
    cleaning = Cleaning(stop_words=("Film", "it’s"))
    assert cleaning.apply_tokens(["the", "FILM", "it's", "films"]) == ["the", "films"]


@pytest.mark.parametrize(
    "cleaning",
    [
        Cleaning(),
        Cleaning(lower=True, strip_html=True, strip_punctuation=True, stop_words="english"),
        Cleaning(stop_words=("a", "b")),
        Cleaning(stop_words=["a", "b"]),
    ],
)
def test_config_round_trip(cleaning):
    again = Cleaning.from_config(cleaning.config())
    assert again == cleaning
    assert hash(again) == hash(cleaning)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stem": True}, "received stem"),
        ({"lower": 1}, "lower must be True or False; received 1"),
        ({"stop_words": "french"}, "received 'french'"),
        ({"stop_words": [1]}, "stop_words must be words"),
        ({"stop_words": ["a", ""]}, "stop_words must be words"),
        ({"stop_words": 3}, "received 3"),
        ([], "mapping"),
    ],
)
def test_wrong_config(config, message):
    with pytest.raises(KitError, match=message):
        Cleaning.from_config(config)
