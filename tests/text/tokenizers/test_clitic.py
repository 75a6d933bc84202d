import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.text import CliticTokenizer, TextEncoder
from tests.text.shared import AWKWARD

tokenizer = CliticTokenizer()


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


def test_awkward_texts() -> None:
    for text in AWKWARD:
        tokens = tokenizer.tokenize(text)
        assert tokenizer.tokenize(tokenizer.join(tokens)) == tokens


def test_what_a_model_writes_is_joined_whatever_it_is() -> None:
    assert tokenizer.join(["-moi", "l'", ".", "-", "la"]) == "-moi l'. - la"


def test_an_encoder_counts_and_encodes_by_it() -> None:
    encoder = TextEncoder.build(["l'ami l'eau"], tokenizer="clitics")
    assert encoder.vocabulary.tokens[4:] == ("l'", "ami", "eau")
    assert encoder.decode(encoder.encode("l'eau")) == "l'eau"
