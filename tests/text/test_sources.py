import gzip

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    film_reviews,
    labelled_splits,
    labelled_texts,
    load_labelled,
    load_text,
    python_manual,
    sources,
    texts,
)


def test_text_sources(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_bytes("é\n\ne".encode("latin-1"))
    assert load_text("python-docs") == python_manual()
    assert list(texts("python-docs")) == [python_manual()]
    assert load_text(path, encoding="latin-1") == load_text(str(path), encoding="latin-1")
    assert load_text(path, encoding="latin-1") == "é\n\ne"
    assert list(texts(path, encoding="latin-1", by="line")) == ["é", "e"]
    assert list(texts("builtin")) == film_reviews()[0]


def test_labelled_sources(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("a\tb\nfine\t1\n")
    assert load_labelled("builtin") == film_reviews()
    assert list(labelled_texts("builtin")) == list(zip(*film_reviews(), strict=True))
    assert load_labelled(path, text_column="a", label_column="b") == (["fine"], ["1"])
    stream = labelled_texts(path, text_column="a", label_column="b")
    assert list(stream) == list(stream) == [("fine", "1")]
    assert list(texts(path, text_column="b")) == ["1"]


def test_data_sets_get_what_is_asked_for(monkeypatch):
    found = []

    def source(*arguments):
        found.append(arguments)
        return iter([])

    monkeypatch.setattr(sources.tfds, "tfds_parts", source)
    monkeypatch.setattr(sources.tfds, "tfds_pairs", source)
    monkeypatch.setattr(sources.hugging_face, "hugging_face_parts", source)
    monkeypatch.setattr(sources.hugging_face, "hugging_face_pairs", source)
    for name in ("tfds:x/y", "hf:x/y"):
        stream = texts(name, split="s", text_column="t", data_dir="d")
        for _ in range(2):
            with pytest.raises(KitError, match=f"{name} must hold text; received none"):
                list(stream)
        assert not list(
            labelled_texts(name, split="s", text_column="t", label_column="l", data_dir="d")
        )
        assert found == [(name, "s", "t", "d")] * 2 + [(name, "s", "t", "l", "d")]
        found.clear()


def test_nothing_is_read_before_the_stream_is(tmp_path):
    path = tmp_path / "a.txt"
    stream = texts(path)
    with pytest.raises(KitError, match=r"a\.txt must be a file that can be read"):
        next(iter(stream))
    path.write_text("one")
    assert list(stream) == ["one"]
    path.write_text("two")
    assert list(stream) == ["two"]


def test_a_file_named_like_a_source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "python-docs").write_text("mine")
    assert load_text("./python-docs") == "mine"


def test_splits(tmp_path):
    assert labelled_splits("builtin") == labelled_splits(tmp_path) == ()
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    assert labelled_splits(tmp_path) == ("train", "test")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.tsv", b"label\ttext\npos\tfine\nneg\tdull\n"),
        ("a.csv", b'label,text\r\npos,"fine"\r\nneg,dull'),
        ("a.json", b'[{"text": "fine", "label": "pos"}, {"text": "dull", "label": "neg"}]'),
        ("a.ndjson", b'{"text": "fine", "label": "pos"}\n\n{"text": "dull", "label": "neg"}'),
    ],
)
def test_every_form_can_be_packed(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    for path in (tmp_path / name, tmp_path / f"{name}.gz"):
        assert list(texts(path, text_column="text")) == ["fine", "dull"]
        assert list(labelled_texts(path)) == [("fine", "pos"), ("dull", "neg")]


def test_the_wrong_kind_of_source():
    with pytest.raises(KitError, match="plain text; received 'builtin'"):
        load_text("builtin")
    with pytest.raises(KitError, match="labelled texts; received 'python-docs'"):
        load_labelled("python-docs")
    with pytest.raises(KitError, match=r"that builtin has \(none\); received 'test'"):
        load_labelled("builtin", split="test")


@pytest.mark.parametrize("source", [3, None, b"texts"])
def test_what_is_no_source(source):
    for begin in (texts, labelled_texts):
        with pytest.raises(KitError, match="iterable of texts; received " + type(source).__name__):
            begin(source)


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("a.txt", {"by": "word"}, "by must be 'document' or 'line'; received by='word'"),
        ("a.txt", {"encoding": "utf-99"}, "encoding must be one that Python knows"),
        ("a.txt", {"split": "train"}, r"that a\.txt has \(none\); received 'train'"),
        ("python-docs", {"split": "train"}, "that python-docs has"),
        ("builtin", {"split": "train"}, "that builtin has"),
    ],
)
def test_wrong_arguments_are_told_at_once(source, arguments, message):
    with pytest.raises(KitError, match=message):
        texts(source, **arguments)
