import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.text import CliticTokenizer, TextEncoder, tokenizer_from_config
from tests.text.shared import AWKWARD

tokenizer = CliticTokenizer()
sentences = CliticTokenizer(sentence_case=True)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("J'étais là.", ["J'", "étais", "là", "."]),
        ("L’eau, s'il te plaît !", ["L’", "eau", ",", "s'", "il", "te", "plaît", "!"]),
        ("Va-t'en", ["Va", "-t'", "en"]),
        ("- 'non' -", ["-", "'", "non", "'", "-"]),
        ("rock-’n’-roll", ["rock", "-", "’", "n", "’", "-", "roll"]),
        ("", []),
    ],
)
def test_where_it_cuts(text: str, tokens: list[str]) -> None:
    assert tokenizer.tokenize(text) == tokens


@given(st.text(alphabet="aé'’- .!\u202f\u200d床", max_size=12))
def test_joined_tokens_are_cut_in_the_same_places(text: str) -> None:
    tokens = tokenizer.tokenize(text)
    assert tokenizer.tokenize(tokenizer.join(tokens)) == tokens
    # Nothing is lost but white space.
    assert "".join(tokens) == "".join(text.split())


# Letters of one case alone, of three, and such as change their number with it.
@given(st.text(alphabet="aÉßςσΣİıǅŉ'- \u202f床", max_size=6))
def test_sentences_are_cut_in_the_same_places_and_lose_no_letter(text: str) -> None:
    tokens = sentences.tokenize(text)
    joined = sentences.join(tokens)
    assert sentences.tokenize(joined) == tokens
    assert joined[1:] == tokenizer.join(tokenizer.tokenize(text))[1:]


@pytest.mark.parametrize(
    ("text", "tokens", "written"),
    [
        ("L'ami de Tom.", ["l'", "ami", "de", "Tom", "."], "L'ami de Tom."),
        (" Étais-tu là?", ["étais", "-tu", "là", "?"], "Étais-tu là?"),
        ("« Va ! »", ["«", "Va", "!", "»"], None),
        ("ßa", ["ßa"], "ßa"),
        ("", [], ""),
    ],
)
def test_a_sentence_begins_with_a_capital(text: str, tokens: list[str], written: str) -> None:
    assert sentences.tokenize(text) == tokens
    assert sentences.join(tokens) == (tokenizer.join(tokens) if written is None else written)


def test_sentence_case_is_part_of_what_it_is() -> None:
    assert sentences != tokenizer
    assert hash(sentences) != hash(tokenizer)
    for one in (sentences, tokenizer):
        again = tokenizer_from_config(one.config())
        assert (again, repr(again)) == (one, repr(one))
    assert tokenizer.config() == {"type": "clitics"}


@pytest.mark.parametrize("cut", [tokenizer, sentences])
def test_awkward_texts(cut: CliticTokenizer) -> None:
    for text in AWKWARD:
        tokens = cut.tokenize(text)
        assert cut.tokenize(cut.join(tokens)) == tokens


def test_what_a_model_writes_is_joined_whatever_it_is() -> None:
    assert tokenizer.join(["-moi", "l'", ".", "-", "la"]) == "-moi l'. - la"


def test_an_encoder_counts_and_encodes_by_it() -> None:
    encoder = TextEncoder.build(["l'ami l'eau"], tokenizer="clitics")
    assert encoder.vocabulary.tokens[4:] == ("l'", "ami", "eau")
    assert encoder.decode(encoder.encode("l'eau")) == "l'eau"
