import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.runtime.pieces import Pieces
from keras_rnn_kit.text import TextEncoder

TEXT = (
    "The cat's well-known hat (red), \"so\" it said: no! 3.5 e\u0301 cats; 'why'?\n"
    "床前，明月。我看见 \U0001f600\U0001f3fd"
)


@pytest.mark.parametrize("tokenizer", ["characters", "graphemes", "words"])
@settings(deadline=None)  # a time would fail on a busy machine
@given(data=st.data())
def test_pieces_joined_are_the_whole_text(tokenizer, data):
    encoder = TextEncoder.build([TEXT], tokenizer=tokenizer)
    size = len(encoder.vocabulary)
    ids = data.draw(st.lists(st.integers(4, size - 1), min_size=2, max_size=12))
    whole = encoder.decode(ids)
    start = encoder.decode(ids[:1])
    assert start + Pieces(encoder).text(ids[0], ids[1:]) == whole
    assert start + "".join(Pieces(encoder).stream(ids[0], iter(ids[1:]))) == whole


def test_a_character_of_several_bytes_comes_with_its_last():
    encoder = TextEncoder.build([], tokenizer="bytes")
    first, *ids = encoder.encode("né床")
    assert list(Pieces(encoder).stream(first, ids)) == ["é", "床"]
    assert list(Pieces(encoder).stream(first, ids[:-1])) == ["é", "\ufffd"]
    assert Pieces(encoder).text(first, ids) == "é床"


def test_a_word_after_an_unknown_one_gets_its_space():
    encoder = TextEncoder.build(["a cat"], tokenizer="words")
    pieces = Pieces(encoder)
    assert pieces.piece(encoder.vocabulary.unk_id, encoder.encode("cat")[0]) == " cat"
