"""On a module that stands in for `datasets`, with the few calls that the kit makes."""

import sys
import types

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import labelled_splits, labelled_texts, load_labelled, load_text, texts


class Value:
    def __init__(self, dtype):
        self.dtype = dtype


class ClassLabel:
    dtype = "int64"

    def __init__(self, names):
        self.names = names


class List:
    """A nested feature, which has no `dtype`."""


class Dataset:
    def __init__(self, features, rows, columns=None):
        self.features = features
        self.rows = rows
        self.columns = list(features) if columns is None else columns

    def select_columns(self, names):
        assert set(names) <= set(self.features)
        return Dataset(self.features, self.rows, names)

    def __iter__(self):
        for row in self.rows:
            record = dict(zip(self.features, row, strict=True))
            yield {name: record[name] for name in self.columns}


class DatasetDict(dict):
    pass


FILMS = {
    "title": Value("string"),
    "text": Value("large_string"),
    "label": ClassLabel(["neg", "pos"]),
    "seen": List(),
}
ROWS = [("a", "dull é", 0, []), ("b", "one\ntwo\x85", 1, [1])]
SETS = {
    ("films", None): DatasetDict(
        train=Dataset(FILMS, ROWS),
        test=Dataset(FILMS, [("c", "bad", 0, [])]),
        unsupervised=Dataset(FILMS, [("d", "who knows", -1, [])]),
    ),
    ("org/words", "small"): DatasetDict(
        train=Dataset(
            {"line": Value("string"), "rating": Value("float32"), "mood": Value("string")},
            [("yes", 1.5, "up"), (None, 0.0, "down"), ("no", None, None)],
        ),
    ),
    ("odd", None): DatasetDict(validation=Dataset({"x": Value("string")}, [("y",)])),
    ("pairs", None): DatasetDict(
        train=Dataset({"en": Value("string"), "fr": Value("string")}, [("a", "b")])
    ),
}


@pytest.fixture
def asked(monkeypatch):
    """Puts the module in place; the calls that it got."""
    calls = []

    def load_dataset(path, name=None, *, cache_dir=None):
        calls.append((path, name, cache_dir))
        if (path, name) not in SETS:
            raise FileNotFoundError(f"no data set {path}\nand more")
        return SETS[path, name]

    def load_from_disk(path):
        calls.append(path)
        return saved[path]

    saved = {}
    module = types.ModuleType("datasets")
    module.load_dataset, module.load_from_disk = load_dataset, load_from_disk
    module.saved = saved
    monkeypatch.setitem(sys.modules, "datasets", module)
    return calls


def test_texts_of_the_train_split(asked):
    stream = texts("hf:films", data_dir="cache")
    assert list(stream) == list(stream) == ["dull é", "one\ntwo\x85"]
    assert asked == [("films", None, "cache")] * 2
    assert list(texts("hf:films", by="line")) == ["dull é", "one", "two\x85"]
    assert list(texts("hf:films", split="test", text_column="title")) == ["c"]
    assert load_text("hf:films") == "dull é\none\ntwo\x85"


def test_a_configuration_and_missing_texts(asked):
    stream = texts("hf:org/words:small", text_column="line")
    assert list(stream) == ["yes", "no"]
    assert stream.skipped == 1
    assert asked == [("org/words", "small", None)]


def test_labelled_texts(asked):
    train = (["dull é", "one\ntwo\x85"], ["negative", "positive"])
    assert load_labelled("hf:films", split="train") == train
    assert load_labelled("hf:films") == (train[0] + ["bad"], train[1] + ["negative"])
    stream = labelled_texts("hf:films", split="test")
    assert list(stream) == list(stream) == [("bad", "negative")]
    assert labelled_splits("hf:films", data_dir="d") == ("train", "test")
    assert asked[-1] == ("films", None, "d")
    assert labelled_splits("hf:odd") == ()


def test_named_columns(asked):
    stream = labelled_texts("hf:org/words:small", text_column="line", label_column="mood")
    found = iter(stream)
    assert [next(found), next(found)] == [("yes", "up"), ("", "down")]
    with pytest.raises(KitError, match=r"'train' of .* must have labels; received None"):
        next(found)
    found = iter(labelled_texts("hf:org/words:small", text_column="line"))
    assert next(found) == ("yes", "1.5")  # a feature called rating


@pytest.mark.parametrize("name", ["dataset_dict.json", "state.json"])
def test_a_folder_that_was_saved(name, asked, tmp_path):
    (tmp_path / name).write_text("{}")
    sys.modules["datasets"].saved[str(tmp_path)] = (
        SETS["films", None] if name.startswith("dataset") else SETS["films", None]["test"]
    )
    for path in (tmp_path, str(tmp_path)):
        stream = texts(path)
        if name == "state.json":  # one data set, without splits
            assert list(stream) == ["bad"]
            assert load_labelled(path) == (["bad"], ["negative"])
            assert labelled_splits(path) == ()
            for begin in (texts, labelled_texts):
                with pytest.raises(KitError, match=r"\(none\); received 'train'"):
                    list(begin(path, split="train"))
        else:
            assert list(stream) == ["dull é", "one\ntwo\x85"]
            assert list(texts(path, split="test")) == ["bad"]
            assert labelled_splits(path) == ("train", "test")
    assert set(asked) == {str(tmp_path)}


@pytest.mark.parametrize(
    ("begin", "arguments", "message"),
    [
        (texts, {"source": "hf:none"}, r"hf:none must be .*FileNotFoundError \(no data set none\)"),
        (texts, {"source": "hf:films", "split": "dev"}, r"\(test, train, unsup.*received 'dev'"),
        (texts, {"source": "hf:odd"}, r"hf:odd has \(validation\); received None"),
        (labelled_texts, {"source": "hf:odd"}, r"hf:odd has \(validation\); received None"),
        (labelled_texts, {"source": "hf:films", "split": "unsupervised"}, "received -1"),
        (texts, {"source": "hf:pairs"}, "one feature with text; received en, fr among en, fr"),
        (texts, {"source": "hf:pairs", "text_column": "de"}, "feature 'de' with text; received en"),
        (texts, {"source": "hf:films", "text_column": "seen"}, "feature 'seen' with text"),
        (
            labelled_texts,
            {"source": "hf:pairs", "text_column": "en"},
            "one feature with labels; received fr beside the text",
        ),
        (
            labelled_texts,
            {"source": "hf:films", "label_column": "seen"},
            "feature 'seen' with one label a text; received title, label, seen",
        ),
    ],
)
def test_wrong_data_sets(begin, arguments, message, asked):
    with pytest.raises(KitError, match=message):
        list(begin(**arguments))


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    for begin in (texts, labelled_texts):
        with pytest.raises(KitError, match=r"hf:films needs .* `pip install datasets`"):
            list(begin("hf:films"))
