import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    film_reviews,
    labelled_splits,
    load_labelled,
    load_text,
    python_manual,
    sources,
)


def test_text_sources(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_bytes("é".encode("latin-1"))
    assert load_text("python-docs") == python_manual()
    assert load_text(path, encoding="latin-1") == load_text(str(path), encoding="latin-1") == "é"
    monkeypatch.setattr(sources, "load_tfds_text", lambda spec, data_dir: f"{spec} {data_dir}")
    assert load_text("tfds:x/y", data_dir="d") == "tfds:x/y d"


def test_labelled_sources(tmp_path, monkeypatch):
    path = tmp_path / "a.tsv"
    path.write_text("a\tb\nfine\t1\n")
    assert load_labelled("builtin") == film_reviews()
    assert load_labelled(path, text_column="a", label_column="b") == (["fine"], ["1"])
    monkeypatch.setattr(sources, "load_tfds_labelled", lambda *arguments: arguments)
    assert load_labelled("tfds:x", split="test", data_dir="d") == ("tfds:x", "test", "d")


def test_a_file_named_like_a_source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "python-docs").write_text("mine")
    assert load_text("./python-docs") == "mine"


def test_splits(tmp_path):
    assert labelled_splits("builtin") == labelled_splits(tmp_path) == ()
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    assert labelled_splits(tmp_path) == ("train", "test")


def test_the_wrong_kind_of_source():
    with pytest.raises(KitError, match="plain text; received 'builtin'"):
        load_text("builtin")
    with pytest.raises(KitError, match="labelled texts; received 'python-docs'"):
        load_labelled("python-docs")
    with pytest.raises(KitError, match="builtin has no splits; received split='test'"):
        load_labelled("builtin", split="test")
