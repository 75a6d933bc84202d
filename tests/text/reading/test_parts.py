import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.text.reading.parts import Part, by_line, in_pieces, joined, lines, whole
from tests.text.shared import AWKWARD


def cut_up(text, size, gap="\n"):
    """The text as a document in parts of `size`, some of them empty."""
    for i in range(0, len(text), size):
        yield Part(text[i : i + size])
        yield Part("")
    yield Part("", gap)


def split(text):
    """Lines the obvious way."""
    cut = re.split("\r?\n", text)
    return cut[:-1] if cut[-1] == "" else cut


few = st.text(st.sampled_from("ab \n\r\t\x85\u2028字"))


@settings(deadline=None)
@given(st.lists(few), st.integers(1, 5))
def test_documents_come_back_whole(texts, size):
    parts = [part for text in texts for part in cut_up(text, size)]
    assert list(whole(parts)) == texts
    assert list(whole(Part(text, "") for text in texts)) == texts


@settings(deadline=None)
@given(st.lists(few), st.integers(1, 5))
def test_lines_are_cut_at_newlines_alone(texts, size):
    parts = [part for text in texts for part in cut_up(text, size)]
    assert list(whole(by_line(parts))) == [line for text in texts for line in split(text)]
    for text in texts:
        assert list(lines(text[i : i + size] for i in range(0, len(text), size))) == split(text)


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_lines(text):
    assert list(lines([text, "\n", text])) == [*(split(text + "\n") or [""]), *split(text)]


def test_the_last_line_needs_no_newline():
    assert list(lines(["a\nb"])) == ["a", "b"]
    assert list(lines([""])) == list(lines([])) == []
    assert list(lines(["\n\n"])) == ["", ""]
    assert list(lines(["a\r"])) == ["a\r"]


def test_a_line_is_there_before_the_next_chunk_is_read():
    def chunks():
        yield "one\ntw"
        raise AssertionError("read on")

    assert next(lines(chunks())) == "one"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], ""),
        ([("a", "\n")], "a"),
        ([("a", "\n"), ("", "\n"), ("b", "\n")], "a\n\nb"),
        ([("", "\n"), ("a", "\n"), ("", "\n")], "\na\n"),
        ([("a", "\n\n"), ("", ""), ("b", "\n\n"), ("", "")], "a\n\nb"),
        ([("a\n", None), ("", ""), ("b", None), ("c", None), ("", "\n"), ("d", "\n")], "a\nbc\nd"),
    ],
)
def test_documents_are_joined_by_their_gaps(parts, text):
    assert joined(Part(*part) for part in parts) == text


def check_pieces(text, size, pieces):
    """The rule, said as what each single piece must be."""
    assert "".join(piece for piece, _ in pieces) == text
    assert [ends for _, ends in pieces] == [False] * (len(pieces) - 1) + [True] * bool(text)
    place = 0
    for piece, ends in pieces:
        window = text[place : place + size]
        place += len(piece)
        newlines = [i for i, character in enumerate(window) if character == "\n"]
        if ends:
            assert piece == window
        elif run_ends := [i for i in newlines if not text[place - len(piece) + i + 1].isspace()]:
            assert piece == window[: run_ends[-1] + 1]
        elif newlines:
            assert piece == window[: window.rindex("\n") + 1]
        elif any(map(str.isspace, window)):
            assert piece == window.rstrip("".join(c for c in set(window) if not c.isspace()))
        else:
            assert piece == window


@settings(deadline=None)
@given(few, st.integers(1, 5), st.integers(1, 12))
def test_pieces(text, part, size):
    check_pieces(text, size, list(in_pieces(cut_up(text, part), size)))


@settings(deadline=None)
@given(st.lists(few), st.integers(1, 5), st.integers(1, 12))
def test_documents_in_pieces_follow_each_other(texts, part, size):
    parts = [part_ for text in texts for part_ in cut_up(text, part)]
    apart = [piece for text in texts for piece in in_pieces([Part(text, "")], size)]
    assert list(in_pieces(parts, size)) == apart


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_awkward_pieces(text, size):
    check_pieces(text * 3, size, list(in_pieces(cut_up(text * 3, 4), size)))


def test_runs_of_newlines_are_not_torn():
    pieces = [piece for piece, _ in in_pieces([Part("one\n\ntwo\n\n\nthree", "")], 10)]
    assert pieces == ["one\n\n", "two\n\n\n", "three"]
    assert [piece for piece, _ in in_pieces([Part("\n\n\nab", "")], 2)] == ["\n\n", "\n", "ab"]


def test_words_are_not_torn():
    text = "the quick\u3000brown\x85fox jumps"
    pieces = [piece for piece, _ in in_pieces([Part(text, "")], 6)]
    assert pieces == ["the ", "quick\u3000", "brown\x85", "fox ", "jumps"]
    # Only what is longer than a piece is.
    pieces = [piece for piece, _ in in_pieces([Part("abcdefgh ij k", "")], 4)]
    assert pieces == ["abcd", "efgh", " ij ", "k"]
