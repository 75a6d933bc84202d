import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.text_graphs.text_to_ids import text_to_ids
from keras_rnn_kit.text import (
    ByteTokenizer,
    CharacterTokenizer,
    Cleaning,
    SubwordTokenizer,
    TextEncoder,
    Vocabulary,
    film_reviews,
    load_labelled,
    load_text,
    python_manual,
)
from tests.catalogue import cases_of
from tests.text.shared import AWKWARD, SHARED, needs_shared

ALL = Cleaning("nfc", "html", "urls", "lower", "punctuation", stop_words="english")
TRICKY = (
    *AWKWARD,
    "The <b>BEST</b><br />film &amp;lt;isn&#39;t&gt; a<b <!-- x\n--> 'y’",
    "İIı ΑΣ. ΑΣΒ Σ ΑΣ\0Α ΑΣ\uffff \uffff\ufdd0\ufffe\0",
    "Ⱟ Ꟁ ẞ ǅ",
)
PLAIN = ("bytes", "characters", "graphemes", "subwords", "words")
# Letters of every kind next to the signs that the steps look at.
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(
        st.sampled_from("aIİΣσÉé床，。.,!?-'’\u200d\u0301\u0940<b/>&amp;#39 \n\x85\0_9😀\uffff")
    ),
)
ENCODERS = {
    "bytes": ("bytes", Cleaning()),
    "characters": ("characters", Cleaning()),
    "characters, cleaned": ("characters", Cleaning("html", "lower", "spaces", "punctuation")),
    "graphemes": ("graphemes", Cleaning()),
    "graphemes, cleaned": ("graphemes", Cleaning("html", "lower", "punctuation")),
    "subwords": ("subwords", Cleaning()),
    "subwords, cleaned": ("subwords", Cleaning("nfc", "html", "casefold", "spaces")),
    "words": ("words", Cleaning()),
    "words, lower": ("words", Cleaning("lower")),
    "words, cleaned": ("words", ALL),
    "words, own stop words": ("words", Cleaning(stop_words=("It’s", "ΑΣ"))),
}


def build(name, corpus, **options):
    tokenizer, cleaning = ENCODERS[name]
    if tokenizer == "subwords":
        options["max_size"] = 600
    return TextEncoder.build(corpus, tokenizer=tokenizer, cleaning=cleaning, **options)


@pytest.fixture(scope="module", params=ENCODERS)
def pair(request):
    encoder = build(request.param, [*TRICKY, "abcdefghijklmnopqrstuvwxyz é Σσς"])
    return encoder, text_to_ids(encoder)


def assert_equal(encoder, module, some):
    ids = module(tf.constant([text.encode() for text in some], tf.string)).numpy()
    rows = encoder.encode_many(some)
    expected = np.full((len(rows), max(map(len, rows), default=0)), 0, np.int32)
    for row, own in zip(expected, rows, strict=True):
        row[: len(own)] = own
    assert ids.dtype == np.int32
    np.testing.assert_array_equal(ids, expected)


def test_tricky_texts(pair):
    assert_equal(*pair, TRICKY)
    for text in TRICKY:
        assert_equal(*pair, [text])


def test_no_texts_and_empty_texts(pair):
    assert_equal(*pair, [])
    assert_equal(*pair, ["", ""])


@settings(deadline=None, max_examples=50)
@given(some=st.lists(texts, min_size=1, max_size=8))
def test_any_texts(pair, some):
    assert_equal(*pair, some)


@pytest.mark.parametrize(
    "name",
    cases_of(
        ["characters, cleaned", "graphemes", "subwords", "words, cleaned"],
        ["words, cleaned"],
    ),
)
def test_every_character_of_unicode(name):
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    # What is the same over a whole plane is tried on a sample of it.
    codes = [code for code in codes if code < 0x20000 or code % 97 == 0]
    some = ["".join(f"a{chr(c)}b {chr(c)} " for c in codes[i::500]) for i in range(500)]
    encoder = build(name, some)
    assert_equal(encoder, text_to_ids(encoder), some)


def batches(some, size=512):
    return [some[i : i + size] for i in range(0, len(some), size)]


def real_texts():
    yield from film_reviews()[0]
    yield from python_manual().split("\n\n")


@pytest.mark.parametrize("name", [*PLAIN, "words, cleaned"])
def test_builtin_texts(name):
    some = list(real_texts())
    encoder = build(name, some)
    module = text_to_ids(encoder)
    for batch in batches(some):
        assert_equal(encoder, module, batch)


@needs_shared
@pytest.mark.parametrize(
    "name", cases_of([*PLAIN, "words, cleaned"], ["characters", "subwords", "words, cleaned"])
)
def test_shared_texts(name):
    some = load_labelled(SHARED / "rt_polarity")[0]
    some += load_labelled(SHARED / "rt_polarity" / "latin1_sample.neg", encoding="latin-1")[0]
    for file in ("english_french.tsv", "tang300.json", "tinyshakespeare.txt", "timemachine.txt"):
        some += load_text(SHARED / file).split("\n")
    # The frequent half of the vocabulary, so that <unk> is met too.
    encoder = build(name, some, min_frequency=2)
    module = text_to_ids(encoder)
    for batch in batches(some, 4096):
        assert_equal(encoder, module, batch)


def test_empty_as_unknown():
    encoder = TextEncoder.build("to be", tokenizer="words", cleaning=Cleaning(stop_words=("to",)))
    module = text_to_ids(encoder, empty_as_unknown=True)
    assert module(["", "to", "be x"]).numpy().tolist() == [[1, 0], [1, 0], [4, 1]]
    assert module([""]).numpy().tolist() == [[1]]
    assert module(tf.constant([], tf.string)).shape == (0, 0)
    without = TextEncoder.build("to be", specials=("<bos>", "<pad>"))
    assert text_to_ids(without, empty_as_unknown=True)([""]).numpy().tolist() == [[1]]


def test_rows_are_filled_with_the_pad_of_the_vocabulary():
    encoder = TextEncoder.build("ab", specials=("<unk>", "<pad>"))
    assert text_to_ids(encoder)(["ab", "a"]).numpy().tolist() == [[2, 3], [2, 1]]


def test_unknown_without_unk_is_an_error():
    module = text_to_ids(TextEncoder.build("ab", specials=()))
    assert module(["ab", "a"]).numpy().tolist() == [[0, 1], [0, 0]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="having no <unk>"):
        module(["abc"])


@pytest.mark.parametrize("name", PLAIN)
def test_bytes_that_are_no_utf8_are_replaced(name):
    encoder = build(name, "ab \ufffd")
    ids = text_to_ids(encoder)([b"ab\xff"]).numpy()[0]
    np.testing.assert_array_equal(ids, encoder.encode("ab\ufffd"))


def test_a_vocabulary_of_specials_alone():
    encoder = TextEncoder.build("ab", specials=("<unk>",))
    lonely = TextEncoder(encoder.tokenizer, type(encoder.vocabulary)((), ("<unk>",)))
    assert text_to_ids(lonely)(["ab"]).numpy().tolist() == [[0, 0]]


def test_a_vocabulary_that_lacks_bytes():
    encoder = TextEncoder(ByteTokenizer(), Vocabulary(["a", "Ã"]))
    assert text_to_ids(encoder)(["aé"]).numpy().tolist() == [[4, 5, 1]]
    assert_equal(encoder, text_to_ids(encoder), ["aé", ""])


@pytest.mark.parametrize("merges", [[], ["a b"], ["b c", "a b", "ab c", "abc a", "a bc", "c c"]])
def test_merges_that_meet(merges):
    tokenizer = SubwordTokenizer(merges)
    encoder = TextEncoder(tokenizer, Vocabulary(tokenizer.tokens))
    module = text_to_ids(encoder)
    some = ["".join(letters) for n in range(7) for letters in itertools.product("abc", repeat=n)]
    assert_equal(encoder, module, some)
    # With a vocabulary of its own order, from which tokens are missing.
    encoder = TextEncoder(tokenizer, Vocabulary(["c", *tokenizer.tokens[256:], "a"]))
    assert_equal(encoder, text_to_ids(encoder), some)


def test_chunks_of_any_length():
    encoder = build("subwords", [*TRICKY, "word" * 20])
    module = text_to_ids(encoder)
    sizes = (1, 31, 32, 33, 64, 65, 1000)
    assert_equal(
        encoder, module, [p * n for p in ("a", " ", "床", "e\u0301", "<", "-") for n in sizes]
    )


class Lines(CharacterTokenizer):
    """A tokenizer of one's own."""


def test_a_tokenizer_of_ones_own_has_no_graph():
    with pytest.raises(KitError, match=r"received Lines\(\)"):
        text_to_ids(TextEncoder.build("ab", tokenizer=Lines()))


LOADER = """
import json, sys
import tensorflow as tf
texts = json.load(open(sys.argv[2], encoding="utf-8"))
ids = tf.saved_model.load(sys.argv[1])(tf.constant([text.encode() for text in texts]))
assert not any(name.startswith("keras_rnn_kit") for name in sys.modules)
print(json.dumps(ids.numpy().tolist()))
"""


@pytest.mark.parametrize(
    "name", cases_of(["graphemes", "subwords", "words, cleaned"], ["words, cleaned"])
)
def test_saved_and_loaded_without_the_kit(name, tmp_path):
    encoder = build(name, TRICKY)
    module = text_to_ids(encoder)
    tf.saved_model.save(module, str(tmp_path / "model"))
    (tmp_path / "texts.json").write_text(json.dumps(TRICKY), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(tmp_path / "model"), str(tmp_path / "texts.json")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    expected = module(tf.constant([text.encode() for text in TRICKY])).numpy().tolist()
    assert json.loads(done.stdout) == expected
