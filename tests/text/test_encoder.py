import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    CharacterTokenizer,
    Cleaning,
    TextEncoder,
    Vocabulary,
    WordTokenizer,
    film_reviews,
    load_text,
    python_manual,
)
from tests.text.shared import AWKWARD, SHARED, needs_shared


@settings(deadline=None)
@given(st.text(st.characters(), min_size=1))
def test_characters_are_exact_both_ways(text):
    encoder = TextEncoder.build(text)
    ids = encoder.encode(text)
    assert ids.dtype == np.int32
    assert ids.shape == (len(text),)
    assert encoder.decode(ids) == text


@settings(deadline=None)
@given(st.text(st.characters(), min_size=1), st.text(st.characters()))
def test_the_fast_way_equals_the_vocabulary(corpus, text):
    encoder = TextEncoder.build(corpus)
    np.testing.assert_array_equal(encoder.encode(text), encoder.vocabulary.encode(text))
    assert encoder.unknown(text) == list(dict.fromkeys(c for c in text if c not in corpus))


@settings(deadline=None)
@given(st.text(min_size=1))
def test_words_keep_their_tokens(text):
    if not text.split():
        with pytest.raises(KitError, match="at least one token"):
            TextEncoder.build(text, tokenizer="words")
        return
    encoder = TextEncoder.build(text, tokenizer="words")
    ids = encoder.encode(text)
    np.testing.assert_array_equal(encoder.encode(encoder.decode(ids)), ids)


@pytest.mark.parametrize("tokenizer", ["characters", "words"])
@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text, tokenizer):
    encoder = TextEncoder.build(AWKWARD, tokenizer=tokenizer)
    ids = encoder.encode(text)
    assert encoder.vocabulary.unk_id not in ids
    np.testing.assert_array_equal(encoder.encode(encoder.decode(ids)), ids)


@needs_shared
@pytest.mark.parametrize("name", ["tinyshakespeare.txt", "timemachine.txt", "tang300.json"])
def test_real_texts(name):
    text = load_text(SHARED / name)
    encoder = TextEncoder.build(text)
    assert encoder.decode(encoder.encode(text)) == text


@needs_shared
def test_tinyshakespeare_has_65_characters():
    encoder = TextEncoder.build(load_text(SHARED / "tinyshakespeare.txt"), specials=())
    assert len(encoder.vocabulary) == 65


def test_python_manual():
    text = python_manual()
    encoder = TextEncoder.build(text)
    assert encoder.decode(encoder.encode(text)) == text


def test_a_string_is_one_text():
    assert TextEncoder.build("to be") == TextEncoder.build(["to be"])
    words = TextEncoder.build("to be", tokenizer="words")
    assert words.vocabulary.tokens[4:] == ("be", "to")


def test_bos_and_eos():
    encoder = TextEncoder.build("ab")
    assert encoder.encode("ab", bos=True, eos=True).tolist() == [2, 4, 5, 3]
    assert encoder.encode("", bos=True).tolist() == [2]
    assert encoder.encode("a", eos=True).dtype == np.int32
    assert [ids.tolist() for ids in encoder.encode_many(["a", ""], eos=True)] == [[4, 3], [3]]


@pytest.mark.parametrize("special", ["bos", "eos"])
def test_bos_and_eos_need_the_special(special):
    encoder = TextEncoder.build("ab", specials=("<unk>",))
    with pytest.raises(KitError, match=f"<{special}> must be among .* received <unk>"):
        encoder.encode("a", **{special: True})


def test_decode_with_and_without_specials():
    encoder = TextEncoder.build("to be", tokenizer="words")
    ids = [2, 4, 1, 3, 0]
    assert encoder.decode(ids) == "be"
    assert encoder.decode(ids, skip_specials=False) == "<bos> be <unk> <eos> <pad>"


@pytest.mark.parametrize("tokenizer", ["characters", "words"])
def test_unknown_tokens_without_unk_are_named(tokenizer):
    encoder = TextEncoder.build("a b", tokenizer=tokenizer, specials=())
    with pytest.raises(KitError, match="2 unknown: 'x', 'z'"):
        encoder.encode("a x z x")


def test_cleaning_is_applied_and_rare_words_become_unk():
    encoder = TextEncoder.build(
        ["A <b>good</b> film, a good day.", "odd"],
        tokenizer="words",
        cleaning=Cleaning("lower", "html", "punctuation", stop_words="english"),
        min_frequency=2,
    )
    assert encoder.vocabulary.tokens[4:] == ("good",)
    assert encoder.tokenize("The GOOD, odd<br/>film!") == ["good", "odd", "film"]
    assert encoder.encode("The GOOD, odd<br/>film!").tolist() == [4, 1, 1]


def test_characters_are_cleaned_too():
    encoder = TextEncoder.build("aé b!", cleaning=Cleaning("html", "lower", "punctuation"))
    assert encoder.decode(encoder.encode("<p>É,A.</p>")) == " éa "
    lower = TextEncoder.build("ab", cleaning=Cleaning("lower"))
    assert lower.decode(lower.encode("AB")) == "ab"


def test_stop_words_need_words():
    with pytest.raises(KitError, match="stop_words need tokens that are words"):
        TextEncoder.build("a", cleaning=Cleaning(stop_words="english"))


@pytest.mark.parametrize("tokenizer", ["characters", "words"])
@pytest.mark.parametrize("wrong", [None, 3, b"bytes"])
def test_only_strings_are_texts(tokenizer, wrong):
    encoder = TextEncoder.build("ab", tokenizer=tokenizer)
    for method in (encoder.encode, encoder.tokenize, encoder.unknown):
        with pytest.raises(KitError, match=f"a string; received {type(wrong).__name__}"):
            method(wrong)


ENCODERS = {
    "characters": lambda: TextEncoder.build(AWKWARD),
    "surrogates": lambda: TextEncoder.build("a\ud800\udfffb"),
    "words": lambda: TextEncoder.build(AWKWARD, tokenizer=WordTokenizer(), min_frequency=1),
    "cleaned": lambda: TextEncoder.build(
        film_reviews()[0][:50],
        tokenizer="words",
        cleaning=Cleaning("accents", "lower", stop_words=("the", "A")),
        max_size=100,
    ),
    "no specials": lambda: TextEncoder.build("ab", specials=()),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_save_and_load(name, tmp_path):
    encoder = ENCODERS[name]()
    path = tmp_path / "vocabulary.json"
    encoder.save(path)
    assert TextEncoder.load(path) == encoder
    assert hash(TextEncoder.load(path)) == hash(encoder)
    first = path.read_bytes()
    encoder.save(str(path))  # over the old one, the same bytes
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["vocabulary.json"]


def test_the_file_is_readable_json_of_the_agreed_form(tmp_path):
    path = tmp_path / "vocabulary.json"
    TextEncoder.build("床é", cleaning=Cleaning.sentiment()).save(path)
    data = json.loads(path.read_text("utf-8"))
    assert data == {
        "format": 2,
        "tokenizer": {"type": "characters"},
        "cleaning": {"steps": ["html", "lower"], "stop_words": []},
        "vocabulary": {"specials": ["<pad>", "<unk>", "<bos>", "<eos>"], "tokens": ["é", "床"]},
    }
    assert '   "床"\n' in path.read_text("utf-8")


def saved(tmp_path, **changes):
    path = tmp_path / "vocabulary.json"
    TextEncoder.build("ab").save(path)
    data = json.loads(path.read_text("utf-8")) | changes
    path.write_text(json.dumps(data), "utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 1}, "the format must be 2; received 1"),
        ({"format": "2"}, "received '2'"),
        ({"tokenizer": {"type": "bpe"}}, "one of bytes, characters"),
        ({"cleaning": {"steps": ["stem"], "stop_words": []}}, "received 'stem'"),
        ({"cleaning": None}, "cleaning must be a mapping"),
        ({"vocabulary": {"specials": []}}, 'lists "specials" and "tokens"'),
        ({"vocabulary": {"specials": [], "tokens": [1]}}, "received 1"),
        ({"vocabulary": {"specials": [["<a>"]], "tokens": []}}, "spelled <name>"),
    ],
)
def test_load_refuses_and_names_the_file(changes, message, tmp_path):
    path = saved(tmp_path, **changes)
    with pytest.raises(KitError, match=message) as caught:
        TextEncoder.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}']
)
def test_load_refuses_damaged_files(content, tmp_path):
    path = tmp_path / "vocabulary.json"
    path.write_bytes(content)
    with pytest.raises(KitError, match=r"TextEncoder\.save") as caught:
        TextEncoder.load(path)
    assert str(path) in str(caught.value)


def test_load_refuses_a_missing_file(tmp_path):
    with pytest.raises(KitError, match=r"nowhere\.json must be a vocabulary"):
        TextEncoder.load(tmp_path / "nowhere.json")


def test_save_needs_a_folder_and_leaves_nothing_behind(tmp_path):
    encoder = TextEncoder.build("ab")
    with pytest.raises(KitError, match=r"No such file or directory.* Make the folder"):
        encoder.save(tmp_path / "none" / "vocabulary.json")
    (tmp_path / "vocabulary.json").mkdir()
    with pytest.raises(KitError, match="directory"):
        encoder.save(tmp_path / "vocabulary.json")
    assert [p.name for p in tmp_path.iterdir()] == ["vocabulary.json"]


class Lines(CharacterTokenizer):
    """A tokenizer of one's own: a line is a token."""

    name = "lines"

    def tokenize(self, text):
        return text.split("\n")

    def join(self, tokens):
        return "\n".join(tokens)


def test_a_tokenizer_of_ones_own_encodes_but_is_not_saved(tmp_path):
    encoder = TextEncoder.build("to be\nor not", tokenizer=Lines())
    assert encoder.decode(encoder.encode("or not\nto be")) == "or not\nto be"
    with pytest.raises(KitError, match=r"received \{'type': 'lines'\}"):
        encoder.save(tmp_path / "vocabulary.json")
    assert not list(tmp_path.iterdir())


def test_repr_and_inequality():
    encoder = TextEncoder(CharacterTokenizer(), Vocabulary(["a"], ()))
    assert repr(encoder).startswith("TextEncoder(CharacterTokenizer(), Vocabulary(1 tokens")
    assert encoder != TextEncoder(WordTokenizer(), Vocabulary(["a"], ()))


def test_importing_text_loads_neither_keras_nor_tensorflow():
    code = (
        "import sys, keras_rnn_kit.text as t; t.load_labelled('builtin'); "
        "heavy = {'keras', 'tensorflow', 'tensorflow_datasets', 'onnxruntime'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


MANY = {
    "characters": {},
    "words": {"tokenizer": "words", "min_frequency": 2},
    "stop words": {"tokenizer": "words", "cleaning": Cleaning(stop_words="english")},
}


@pytest.mark.parametrize("how", MANY)
def test_many_texts_are_encoded_as_one_by_one(how, monkeypatch):
    monkeypatch.setattr("keras_rnn_kit.text.encoder._TOGETHER", 200)
    texts = [*AWKWARD, *film_reviews()[0][:40], "", "the a of", *AWKWARD]
    encoder = TextEncoder.build(film_reviews()[0][:20], **MANY[how])
    slow = [encoder.vocabulary.encode(encoder.tokenize(text)) for text in texts]
    for rows in (encoder.encode_many(iter(texts)), [encoder.encode(text) for text in texts]):
        assert [row.tolist() for row in rows] == [row.tolist() for row in slow]
        assert {row.dtype for row in rows} == {np.dtype(np.int32)}
    ends = encoder.encode_many(texts, bos=True, eos=True)
    assert [row.tolist() for row in ends] == [[2, *row.tolist(), 3] for row in slow]
    assert encoder.encode_many([]) == []


def test_of_many_texts_the_one_with_an_unknown_token_is_named():
    encoder = TextEncoder.build("ab", specials=())
    with pytest.raises(KitError, match="received 2 unknown: 'x', 'y'"):
        encoder.encode_many(["ab", "axy", "z"])


def test_the_share_of_unknown_tokens():
    encoder = TextEncoder.build("aab", min_frequency=2)
    assert encoder.unknown_share("aabb") == 0.5
    assert encoder.unknown_share(["a", "a"]) == 0
    with pytest.raises(KitError, match="received texts without any"):
        encoder.unknown_share("")


def test_processes_build_the_same_vocabulary():
    texts = film_reviews()[0]
    assert TextEncoder.build(iter(texts), tokenizer="words", workers=2) == TextEncoder.build(
        texts, tokenizer="words"
    )
