import dataclasses
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import Cleaning, WordTokenizer
from keras_rnn_kit.text.cleaning import TEXT_STEPS, TOKEN_STEPS
from keras_rnn_kit.text.stop_words import ENGLISH


@settings(deadline=None)
@given(st.text(st.characters()))
def test_no_step_changes_nothing(text):
    cleaning = Cleaning()
    assert cleaning.apply(text) == text
    assert cleaning.apply_tokens(list(text)) == list(text)
    assert not cleaning.cleans_tokens


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters()), st.lists(st.sampled_from(sorted(TEXT_STEPS)), max_size=5))
def test_steps_compose_in_the_order_given(text, steps):
    expected = text
    for step in steps:
        expected = TEXT_STEPS[step](expected)
    assert Cleaning(*steps).apply(text) == expected


def test_the_order_counts():
    text = "<B>É</B>&AMP;&Eacute;"
    assert Cleaning("html", "lower").apply(text) == " é &é"
    assert Cleaning("lower", "html").apply(text) == " é &é"
    assert Cleaning("lower", "html").apply("&Eacute;&EACUTE;") == "éé"
    assert Cleaning("html", "lower").apply("&Eacute;&EACUTE;") == "é&eacute;"
    assert Cleaning("digits", "urls").apply("a www.x.com/12 3") == "a   0"
    assert Cleaning("accents", "nfkc").apply("é") == "e"
    assert Cleaning("spaces", "html").apply("a <b> c") == "a   c"
    assert Cleaning("html", "spaces").apply("a <b> c") == "a c"


def test_the_preset_for_sentiment():
    cleaning = Cleaning.sentiment()
    assert cleaning == Cleaning("html", "lower")
    assert cleaning.apply("NOT<br />Bad &amp; 10/10!") == "not bad & 10/10!"
    assert not cleaning.cleans_tokens


def test_punctuation_goes_before_stop_words():
    cleaning = Cleaning("lower", "punctuation", stop_words=("film", "!"))
    assert cleaning.cleans_tokens
    assert cleaning.text_steps == ("lower",)
    assert cleaning.token_steps == ("punctuation",)
    assert cleaning.apply("A film!") == "a film!"
    assert cleaning.apply_tokens(iter(["a", "Film", "!", "?"])) == ["a"]


def test_stop_words_go_whatever_their_case_and_apostrophe():
    tokens = WordTokenizer().tokenize("The film isn't IT’S worst, and never not")
    assert Cleaning(stop_words="english").apply_tokens(tokens) == [
        "film", "isn't", "worst", ",", "never", "not",
    ]  # fmt: skip


def test_own_stop_words():
    cleaning = Cleaning(stop_words=("Film", "it’s"))
    assert cleaning.cleans_tokens
    assert cleaning.apply_tokens(["the", "FILM", "it's", "films"]) == ["the", "films"]
    assert Cleaning(stop_words={"a"}).apply_tokens("ab") == ["b"]


def test_stop_words_take_the_form_that_the_steps_give_the_tokens():
    cleaning = Cleaning("casefold", "accents", "digits", stop_words=("Café", "Straße", "1984"))
    text = "le CAFÉ, 1985 strasse straßen café"
    assert cleaning.apply_tokens(cleaning.apply(text).split()) == ["le", "cafe,", "strassen"]
    assert Cleaning("spaces", stop_words=(" ", "a")).stop_word_set() == {"a"}
    assert Cleaning(stop_words="english").stop_word_set() == ENGLISH


def test_it_can_t_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Cleaning().steps = ("lower",)


@pytest.mark.parametrize(
    ("cleaning", "shown"),
    [
        (Cleaning(), "Cleaning()"),
        (Cleaning(*TEXT_STEPS, *TOKEN_STEPS, stop_words="english"), None),
        (Cleaning("nfc", "lower", "nfc"), "Cleaning('nfc', 'lower', 'nfc')"),
        (Cleaning("lower", stop_words=["a", "b"]), "Cleaning('lower', stop_words=('a', 'b'))"),
    ],
)
def test_config_and_repr_round_trip(cleaning, shown):
    again = Cleaning.from_config(cleaning.config())
    assert again == cleaning
    assert hash(again) == hash(cleaning)
    assert eval(repr(cleaning)) == cleaning
    assert pickle.loads(pickle.dumps(cleaning)) == cleaning
    assert shown is None or repr(cleaning) == shown


def test_the_config_is_what_json_knows():
    config = Cleaning("lower", stop_words=("a",)).config()
    assert config == {"steps": ["lower"], "stop_words": ["a"]}
    assert Cleaning(stop_words="english").config() == {"steps": [], "stop_words": "english"}


def test_different_cleanings_differ():
    different = [
        Cleaning(),
        Cleaning("lower"),
        Cleaning("lower", "html"),
        Cleaning("html", "lower"),
        Cleaning(stop_words=("a",)),
        Cleaning(stop_words="english"),
    ]
    assert len(set(different)) == len(different)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("stem",), "one of nfc, nfkc, html, .*punctuation; received 'stem'"),
        ((["html", "lower"],), r"received \['html', 'lower'\]. Pass names one by one"),
        (("lower", None), "received None"),
        (("lower", ""), "received ''"),
        (("punctuation", "lower"), "'punctuation' before 'lower'. Name 'punctuation' last"),
    ],
)
def test_wrong_steps(steps, message):
    with pytest.raises(KitError, match=message):
        Cleaning(*steps)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"steps": ["lower", "stem"], "stop_words": []}, "received 'stem'.*version that wrote it"),
        ({"steps": "lower", "stop_words": []}, "steps must be a list of names; received 'lower'"),
        ({"steps": [["lower"]], "stop_words": []}, r"received \['lower'\]"),
        ({"steps": [], "stop_words": "french"}, "received 'french'"),
        ({"steps": [], "stop_words": [1]}, r"stop_words must be .* words; received \[1\]"),
        ({"steps": [], "stop_words": ["a", ""]}, "not empty"),
        ({"steps": [], "stop_words": 3}, "received 3"),
        ({"steps": [], "stop_words": None}, "received None"),
        ({"steps": []}, r"received \{'steps': \[\]\}"),
        ({"lower": True, "strip_html": False}, "a mapping of steps and stop_words"),
        ({"steps": [], "stop_words": [], "stem": True}, "'stem': True"),
        ([], r"a mapping of steps and stop_words; received \[\]"),
        (None, "received None"),
    ],
)
def test_wrong_config(config, message):
    with pytest.raises(KitError, match=message):
        Cleaning.from_config(config)
