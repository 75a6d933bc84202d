"""Each step of cleaning in TensorFlow gives Python's text, on every text tried."""

import functools
import html
import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.exporting.text_graphs.cleaning import STEPS, CleaningGraph
from keras_rnn_kit.text import Cleaning, film_reviews, load_labelled, load_text, python_manual
from keras_rnn_kit.text.cleaning import TEXT_STEPS
from tests.text.shared import AWKWARD, SHARED, needs_shared

ORDERS = {
    **{step: (step,) for step in TEXT_STEPS},
    "all": tuple(TEXT_STEPS),
    "all, the other way round": tuple(reversed(TEXT_STEPS)),
    "twice": ("accents", "html", "casefold", "html", "nfkc", "accents"),
}
TRICKY = (
    *AWKWARD,
    # html
    "The <b>BEST</b><br />film &amp;lt;isn&#39;t&gt; a<b <!-- x\n--> 'y’ <!-- open\n<b>",
    "x < y and y > z &unknown; & &; &# &#; &#x; &lt &notit; &&amp;; &AMP; &Eacute;&EACUTE;",
    "&#0039;&#x27;&#X2019;&#150;&#x81;&#0;&#1;&#xFDD0;&#xD800;&#1114112;&#9999999;&#10000000;",
    "&nesim;&CounterClockwiseContourIntegral;&#128512;&#xfffff;&#xFFFFFF;&#x0000041;",
    # urls
    "see http://a.b, (HTTPS://A.B/c?d=e&f=g#h). 'ftp://x/~y/'?! www.a.com wWw.b awww.c éwww.d",
    "http://a.b，然后 http://é.fr http://... www. ſhttpſ://a <a href='http://a.b/c'>x</a> http://a\xa0b",
    # lower, casefold
    "İIı ΑΣ. ΑΣΒ Σ ΑΣ\0Α ΑΣ\uffff \uffff\ufdd0\ufffe\0 Straße ﬃ ẞ",
    "Σ",
    "aΣ",
    "Σa",
    "ΣΣ ΑΣ'Σ ΑΣ\u0301 ΑΣ\u0301Α \u0301ΣΑ Α\u0301\u0301Σ ʰΣ Aʰ:Σ·a ⱟΣ Ⱟ Ꟁ ẞ ǅ",
    # accents, digits, spaces
    "café cafe\u0301 ΐ ᾳ й ё ø ł \u0301 が क़ שׁ ≠ Phở \u1eac\u036f",
    "1984 3.14 ٤٢ ４２ x² ½ 007 a1b22 \U0001d7ce\U0001d7ff",
    "  \n\u3000a\x85\u2028b \x1c",
    # nfc, nfkc: composed and not, marks out of order, Korean, exclusions, vowel signs in parts
    "e\u0301 é a\u0323\u0302 a\u0302\u0323 \u0302\u0323 s\u0323\u0307 ṩ \u1e0b\u0323 q\u0307\u0323",
    "각 각 각 ᄀᆨ ᄀ가ᅡᆨᆨ ᅡᆨ 각\u0301 ᄀ\u0301ᅡ 가\u0301ᆨ",
    "क़ \u0958 \u0344 \u2adc ｶﾞ ﬁ x² Å Ω 豈 ﷺ ½ ǆ \u0345\u0301α\u0345\u0301",
    "\u09c7\u09be \u09c7\u09d7 \u0dd9\u0dcf\u0dca \u0dd9\u0dca\u0dcf \u0cc6\u0cc2\u0cd5",
    "\u0dd9\u0301\u0dcf \u0dd9\u0dcf\u0301\u0dca \u09be\u09be\u09c7\u09be\u09be",
    "\U00011131\U00011127 \U000110a5\U000110ba \U0001d158\U0001d165 a\u0315\u0300\u05ae\u0300b",
    "\u0301" * 40 + "a" + "\u0323\u0301" * 40,
)
# Texts full of what the steps look at.
SIGNS = (
    *("&amp;", "&#39;", "&#x41;", "&nesim;", "<b>", "<!--", "-->", "http://", "www.", "aΣ", "Σ"),
    *"aIİΣσςÉéŁß床が각각क़，。.,!?-'’&;#<>/:0٤９_😀\uffff\0 \n\x85\u3000\u200d\u0940",
    *"\u0300\u0301\u0302\u0307\u0308\u0315\u0323\u0327\u0338\u0345\u09c7\u09be\u0dd9\u0dcf\u0dca\u0344",
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.sampled_from(SIGNS)).map("".join),
    # Letters that come apart, and marks of every class.
    st.text(st.characters(categories=["Lu", "Ll", "Mn", "Mc"])),
)


@functools.cache
def made(*steps):
    cleaning = Cleaning(*steps)
    graph = CleaningGraph(cleaning)
    return cleaning, tf.function(graph.apply, input_signature=[tf.TensorSpec([None], tf.string)])


def assert_equal(steps, some):
    cleaning, graph = made(*steps)
    received = graph(tf.constant([text.encode() for text in some], tf.string)).numpy().tolist()
    assert [row.decode() for row in received] == [cleaning.apply(text) for text in some]


def test_each_step_has_a_graph():
    assert list(STEPS) == list(TEXT_STEPS)


@pytest.mark.parametrize("name", ORDERS)
def test_tricky_texts(name):
    assert_equal(ORDERS[name], TRICKY)
    for text in TRICKY:
        assert_equal(ORDERS[name], [text])
    assert_equal(ORDERS[name], ["".join(TRICKY), *TRICKY, "".join(reversed(TRICKY))])


@pytest.mark.parametrize("name", ORDERS)
def test_no_texts_and_empty_texts(name):
    assert_equal(ORDERS[name], [])
    assert_equal(ORDERS[name], ["", ""])
    assert_equal(ORDERS[name], ["", "Σ\u0301&", "", "\u0323"])


@pytest.mark.parametrize("name", ORDERS)
@settings(deadline=None, max_examples=60)
@given(some=st.lists(texts, min_size=1, max_size=8))
def test_any_texts(name, some):
    assert_equal(ORDERS[name], some)


def test_a_long_text_among_empty_ones():
    # What is ragged must not be filled up: 400 million places here.
    long = "É&amp;Σ a\u0301\u0323 " * 10_000
    for name in ("html", "lower", "nfkc", "all"):
        assert_equal(ORDERS[name], [*[""] * 4000, long])


@pytest.mark.parametrize("step", TEXT_STEPS)
def test_every_character_of_unicode(step):
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    some = ["".join(f"a{chr(c)}b {chr(c)} " for c in codes[i::500]) for i in range(500)]
    assert_equal((step,), some)


@pytest.mark.parametrize("form", ["nfc", "nfkc"])
def test_every_decomposition_comes_together_again(form):
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    apart = [unicodedata.normalize("NFD", c) for c in characters]
    apart = [text for text in apart if len(text) > 1]
    mixed = [text[::-1] for text in apart] + [text[0] + "\u0327" + text[1:] for text in apart]
    mixed += [text + other[-1] for text, other in zip(apart, apart[7:], strict=False)]
    assert_equal((form,), [*apart, "".join(apart), *mixed, "".join(mixed)])


def test_every_reference():
    named = [f"&{name}" for name in html.entities.html5]
    codes = (*range(0x300), *range(0xD7F0, 0xE010), *range(0xFDC0, 0x10010), 0x10FFFF, 0x110000)
    numbered = [f"&#{code};&#x{code:x};&#X{code:06X};" for code in codes]
    assert_equal(("html",), [*named, *numbered, "".join(named), "".join(numbered)])


def shared_texts():
    some = load_labelled(SHARED / "rt_polarity")[0]
    some += load_labelled(SHARED / "rt_polarity" / "latin1_sample.neg", encoding="latin-1")[0]
    for file in ("english_french.tsv", "tang300.json", "tinyshakespeare.txt", "timemachine.txt"):
        some += load_text(SHARED / file).split("\n")
    return some


@pytest.mark.parametrize("name", ORDERS)
def test_builtin_texts(name):
    assert_equal(ORDERS[name], [*film_reviews()[0], *python_manual().split("\n\n")])


@needs_shared
@pytest.mark.parametrize("name", ORDERS)
def test_shared_texts(name):
    assert_equal(ORDERS[name], shared_texts())


@pytest.mark.parametrize(
    ("cleaning", "tokens", "kept"),
    [
        (Cleaning("punctuation"), ["It's", "...", "，", "😀", "", "_"], ["It's", "😀", ""]),
        (Cleaning(stop_words="english"), ["The", "IT’S", "not", "a"], ["not"]),
        (Cleaning(stop_words=("It’s", "ΑΣ", "\ud800")), ["it's", "ας", "ασ", "x"], ["ασ", "x"]),
        (Cleaning("accents", stop_words=("Café",)), ["cafe", "CAFE", "caf"], ["caf"]),
        (Cleaning("punctuation", stop_words=("a",)), [], []),
    ],
)
def test_tokens(cleaning, tokens, kept):
    assert cleaning.apply_tokens(tokens) == kept
    rows = [tokens, [], tokens[:1], tokens[1:]]
    encoded = [[token.encode() for token in row] for row in rows]
    ragged = tf.ragged.constant(encoded, tf.string, ragged_rank=1)
    received = CleaningGraph(cleaning).apply_tokens(ragged).to_list()
    assert received == [[t.encode() for t in cleaning.apply_tokens(row)] for row in rows]


def test_characters_are_tokens():
    texts = ["It's, 'so'!", "，😀_", "", "a b"]
    received = CleaningGraph(Cleaning("punctuation")).apply_characters(tf.constant(texts)).numpy()
    expected = ["".join(Cleaning("punctuation").apply_tokens(text)) for text in texts]
    assert [text.decode() for text in received] == expected
    assert CleaningGraph(Cleaning("lower")).apply_characters(tf.constant(["A!"])).numpy() == [b"A!"]


def test_a_saved_model_holds_the_tables(tmp_path):
    cleaning = Cleaning(*ORDERS["all"], "html", "lower", stop_words="english")
    module = CleaningGraph(cleaning)
    module.clean = tf.function(module.apply, [tf.TensorSpec([None], tf.string)])
    tf.saved_model.save(module, str(tmp_path / "model"))
    del module
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    received = loaded.clean(tf.constant([text.encode() for text in TRICKY])).numpy().tolist()
    assert [row.decode() for row in received] == [cleaning.apply(text) for text in TRICKY]
