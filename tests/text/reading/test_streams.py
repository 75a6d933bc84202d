import gzip
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import LabelledTexts, TextEncoder, Texts, labelled_texts, load_text, texts
from keras_rnn_kit.text.reading.parts import Part
from tests.text.shared import AWKWARD


def test_texts_by_document_and_by_line():
    source = ["one\n\ntwo\r\n", "", "three\x85"]
    stream = texts(source)
    assert list(stream) == list(stream) == ["one\n\ntwo\r\n", "three\x85"]
    assert stream.skipped == 1
    stream = texts(source, by="line")
    assert list(stream) == list(stream) == ["one", "two", "three\x85"]
    assert stream.skipped == 1
    assert list(stream.pieces(3)) == [
        ("one", True),
        ("two", True),
        ("thr", False),
        ("ee\x85", True),
    ]
    assert repr(stream) == "<Texts of the iterable of texts by line>"


def test_what_is_skipped_is_that_of_the_latest_pass():
    stream = texts(["", "a", "", "b"])
    assert stream.skipped == 0
    first = iter(stream)
    assert (next(first), stream.skipped) == ("a", 1)
    assert (list(stream.pieces()), stream.skipped) == ([("a", True), ("b", True)], 2)
    assert (next(first), stream.skipped) == ("b", 2)
    next(iter(stream))
    assert stream.skipped == 1


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 20))
def test_a_file_in_pieces_is_the_file(tmp_path_factory, text, size):
    path = tmp_path_factory.mktemp("pieces") / "a.txt.gz"
    path.write_bytes(gzip.compress(("x" + text).encode()))
    stream = texts(path)
    expected = ("x" + text).replace("\r\n", "\n")
    assert [*stream] == [load_text(path)] == [expected]
    pieces = list(stream.pieces(size))
    assert "".join(piece for piece, _ in pieces) == expected
    assert [ends for _, ends in pieces] == [False] * (len(pieces) - 1) + [True]
    assert max(len(piece) for piece, _ in pieces) <= size


def test_awkward_texts_come_back():
    assert list(texts(AWKWARD)) == [text for text in AWKWARD if text]
    assert "".join(piece for piece, _ in texts(AWKWARD).pieces(2)) == "".join(AWKWARD)


def test_an_encoder_is_built_from_a_stream():
    encoder = TextEncoder.build(texts(["to be", "", "or not"]), tokenizer="words")
    assert encoder == TextEncoder.build(["to be", "or not"], tokenizer="words")


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None])
def test_the_size_of_pieces(size):
    with pytest.raises(KitError, match="size must be a positive integer"):
        texts(["a"]).pieces(size)


def test_a_source_without_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n\r\n")
    for read in (list, lambda stream: list(stream.pieces()), Texts.joined):
        for data, by, message in (
            (b"", "document", r"a\.txt must hold text; received 1 empty document alone"),
            (b"", "line", r"a\.txt must hold text; received none"),
            (b"\n\r\n", "line", r"a\.txt must hold text; received 2 empty lines alone"),
        ):
            path.write_bytes(data)
            if read is Texts.joined and data:
                assert texts(path, by=by).joined() == "\n"  # two lines, both empty
                continue
            with pytest.raises(KitError, match=message):
                read(texts(path, by=by))
    # What Python made is the caller's: nothing may be what was meant.
    assert list(texts([])) == list(texts([""])) == list(texts([]).pieces()) == []
    assert texts([]).joined() == ""


def test_a_labelled_stream():
    stream = LabelledTexts(lambda: iter([None, ("a", "1"), None, ("", "2")]), "it")
    assert list(stream) == list(stream) == [("a", "1"), ("", "2")]
    assert stream.skipped == 2
    assert repr(stream) == "<LabelledTexts of it>"


def test_a_document_of_parts_is_skipped_only_where_all_are_empty():
    parts = [Part(""), Part("", ""), Part(""), Part("a"), Part(""), Part("", "")]
    stream = Texts(lambda: iter(parts), "it")
    assert (list(stream), stream.skipped) == (["a"], 1)
    assert list(stream.pieces()) == [("a", True)]


MEGABYTES = 30


def peak(pass_over):
    """The most that is held while a pass is made, in bytes."""
    tracemalloc.start()
    try:
        pass_over()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def consume(stream):
    return sum(1 for _ in stream)


SHORT, LONG = ("streams hold little, whatever they carry".ljust(n - 1) + "\n" for n in (500, 5000))
# A megabyte of each form, and what stands once at the top.
FILES = {
    "a.txt": ("", SHORT * 2000),
    "one_line.txt": ("", SHORT.replace("\n", " ") * 2000),
    "a.jsonl": ("", (json.dumps({"text": LONG, "label": 1}) + "\n") * 200),
    "a.tsv": ("text\tlabel\n", (LONG[:-1] + "\t1\n") * 200),
    "headless.csv": ("", "".join(f'{i % 2},"{SHORT}"\n' for i in range(2000))),
}
PASSES = {
    "a.txt": [lambda p: texts(p).pieces(1 << 18), lambda p: texts(p, by="line")],
    "one_line.txt": [lambda p: texts(p, by="line").pieces(1 << 18)],
    "a.jsonl": [texts, labelled_texts],
    "a.tsv": [lambda p: texts(p, text_column="text"), labelled_texts],
    "headless.csv": [labelled_texts],
}


@pytest.mark.parametrize("name", [*FILES, "a.txt.gz", "a.tsv.gz"])
def test_a_pass_holds_little(name, tmp_path):
    plain = name.removesuffix(".gz")
    head, megabyte = FILES[plain]
    data = (head + megabyte * MEGABYTES).encode()
    assert len(data) >= MEGABYTES * 1_000_000
    path = tmp_path / name
    path.write_bytes(gzip.compress(data, 1) if plain != name else data)
    for begin in PASSES[plain]:
        next(iter(begin(path)))  # whatever is cached for good
        assert peak(lambda begin=begin: consume(begin(path))) < 4_000_000
