import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    SPECIALS,
    ByteTokenizer,
    Cleaning,
    SubwordTokenizer,
    TextEncoder,
    Vocabulary,
    load_text,
)
from keras_rnn_kit.text.tokenizers.byte_spelling import Reader, alphabet, read, spell
from tests.text.shared import AWKWARD, SHARED, needs_shared

tokenizer = ByteTokenizer()


def test_the_table_is_the_customary_one():
    # GPT-2's: its first bytes that do not print, a space, a line end, and both ends of Latin-1.
    assert alphabet()[0] == "Ā"
    assert alphabet()[ord(" ")] == "Ġ"
    assert alphabet()[ord("\n")] == "Ċ"
    assert alphabet()[0x7F] == "ġ"
    assert alphabet()[0xA0] == "ł"
    assert alphabet()[0xAD] == "Ń"
    assert [alphabet()[byte] for byte in b"!~\xa1\xff"] == ["!", "~", "¡", "ÿ"]
    assert len(set(alphabet())) == 256
    # So that JSON, an editor and Python's repr write a token as it is.
    assert all(c.isprintable() and not c.isspace() for c in alphabet())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("a b", ["a", "Ġ", "b"]),
        ("é", ["Ã", "©"]),
        ("床", ["å", "º", "Ĭ"]),
        ("\0\n", ["Ā", "Ċ"]),
        ("\ud800", ["ï", "¿", "½"]),
    ],
)
def test_bytes(text, tokens):
    assert tokenizer.tokenize(text) == tokens


@settings(deadline=None)
@given(st.text(st.characters()))  # half surrogates included
def test_the_bytes_are_those_of_utf8(text):
    tokens = tokenizer.tokenize(text)
    data = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()
    assert [tokenizer.tokens.index(token) for token in tokens] == list(data)
    assert tokenizer.join(tokens) == data.decode()
    assert tokenizer.tokenize(tokenizer.join(tokens)) == tokens


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text):
    assert tokenizer.join(tokenizer.tokenize(text)) == text


@needs_shared
@pytest.mark.parametrize("name", ["tinyshakespeare.txt", "tang300.json"])
def test_real_texts(name):
    text = load_text(SHARED / name)
    assert tokenizer.join(tokenizer.tokenize(text)) == text


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_can_be_joined(data):
    tokens = [tokenizer.tokens[byte] for byte in data]
    assert tokenizer.join(tokens) == data.decode("utf-8", "replace")


@settings(deadline=None)
@given(st.lists(st.one_of(st.text().map(spell), st.binary().map(lambda b: b.decode("latin-1")))))
def test_a_reader_gives_what_reading_the_whole_gives(tokens):
    reader = Reader()
    assert "".join(map(reader, tokens)) + reader.rest() == read("".join(tokens))


def test_a_reader_waits_for_a_whole_character():
    reader = tokenizer.reader()
    assert [reader(token) for token in tokenizer.tokenize("a床é")] == ["a", "", "", "床", "", "é"]
    assert reader.rest() == ""
    assert [reader("å"), reader("a")] == ["", "\ufffda"]


def test_specials_stand_for_themselves():
    assert tokenizer.join(["<bos>", "a", "<床>"]) == "<bos>a<床>"


def test_a_vocabulary_without_a_corpus():
    encoder = TextEncoder(tokenizer, Vocabulary(tokenizer.tokens))
    assert encoder == TextEncoder.build([], tokenizer="bytes")
    assert encoder == TextEncoder.build(["abc"], tokenizer="bytes", min_frequency=2)
    assert len(encoder.vocabulary) == 256 + len(SPECIALS)
    assert encoder.encode("A\n").tolist() == [4 + 65, 4 + 10]
    for text in AWKWARD:
        assert encoder.unknown(text) == []
        assert encoder.decode(encoder.encode(text)) == text
    # A character of which a byte is missing, as happens while generating.
    assert encoder.decode(encoder.encode("a床")[:-1]) == "a\ufffd"


def test_save_and_load(tmp_path):
    encoder = TextEncoder.build([], tokenizer="bytes", specials=("<pad>",))
    encoder.save(tmp_path / "vocabulary.json")
    assert TextEncoder.load(tmp_path / "vocabulary.json") == encoder


@pytest.mark.parametrize("given", ["bytes", SubwordTokenizer(["a b"])])
@pytest.mark.parametrize("cleaning", [Cleaning("punctuation"), Cleaning(stop_words="english")])
def test_bytes_are_not_dropped(given, cleaning):
    with pytest.raises(KitError, match="tokens that are characters or words; received Cleaning"):
        TextEncoder.build(["a b"], tokenizer=given, cleaning=cleaning)


def test_texts_are_cleaned_first():
    encoder = TextEncoder.build([], tokenizer="bytes", cleaning=Cleaning("html", "lower"))
    assert encoder.decode(encoder.encode("<b>É</b>A")) == " é a"


def test_max_size_must_hold_all_bytes():
    assert len(TextEncoder.build([], tokenizer="bytes", max_size=260).vocabulary) == 260
    with pytest.raises(KitError, match="260 or more here, 256 tokens"):
        TextEncoder.build([], tokenizer="bytes", max_size=259)
