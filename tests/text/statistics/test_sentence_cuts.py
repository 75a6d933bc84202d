import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.text import WordTokenizer
from keras_rnn_kit.text.statistics.sentence_cuts import sentences
from tests.text.shared import AWKWARD


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("", []),
        (" ", [" "]),
        ("no end", ["no end"]),
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("Pi is 3.14. See a.b.c", ["Pi is 3.14. ", "See a.b.c"]),
        ("Well... yes?!\n\nNo", ["Well... ", "yes?!\n\n", "No"]),
        ('He said "No." (She did.) So', ['He said "No." ', "(She did.) ", "So"]),
        ("Dr. Smith", ["Dr. ", "Smith"]),
        ("床前明月光，疑是地上霜。舉頭！", ["床前明月光，疑是地上霜。", "舉頭！"]),
        ("「好。」他說？ ok", ["「好。」", "他說？ ", "ok"]),
    ],
)
def test_by_hand(text, cut):
    assert list(sentences(text)) == cut


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from("ab .!?\"')。！」\n\u0301-"), max_size=40))
def test_sentences_cut_no_token(text):
    assert "".join(sentences(text)) == text
    tokens = [token for part in sentences(text) for token in WordTokenizer().tokenize(part)]
    assert tokens == WordTokenizer().tokenize(text)


@pytest.mark.parametrize("text", ["." * 200_000 + "x", "?'" * 100_000 + "x", ". " * 100_000])
def test_sentences_of_endless_signs(text):
    assert "".join(sentences(text)) == text


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text):
    assert "".join(sentences(text)) == text
