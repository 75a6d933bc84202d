"""On small data sets that the tests write to disk: TensorFlow Datasets as it is, no network."""

import builtins
import subprocess
import sys

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    labelled_splits,
    labelled_texts,
    load_labelled,
    load_text,
    texts,
)
from keras_rnn_kit.text.reading import tfds

tensorflow_datasets = pytest.importorskip("tensorflow_datasets")

# Writes the data sets in a process of its own: the readers must find them by name on disk, with
# no builder class registered.
WRITER = """
import sys
import numpy as np
import tensorflow_datasets as tfds

F = tfds.features
ROWS = {"train": [("dull é", 0), ("fine\\x85film", 1), ("good", 1)], "test": [("bad", 0)]}

class Base(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tfds.core.Version("1.0.0")
    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=F.FeaturesDict(self.FEATURES))
    def _split_generators(self, manager):
        return {name: self._generate_examples(name) for name in self.SPLITS}
    def _generate_examples(self, split):
        for i, (text, label) in enumerate(self.SPLITS[split]):
            yield i, self.example(text, label)

class KitFilms(Base):
    FEATURES = {"label": F.ClassLabel(names=["neg", "pos"]), "text": F.Text()}
    SPLITS = ROWS | {"unsupervised": [("who knows", -1)]}
    def example(self, text, label):
        return {"text": text, "label": label}

class KitStars(Base):
    FEATURES = {"title": F.Text(), "stars": F.Scalar(np.int64), "review": F.Text(),
                "seen": F.Sequence(F.Scalar(np.int64)), "by": {"name": F.Text()}}
    SPLITS = {"train": ROWS["train"]}
    def example(self, text, label):
        return {"title": "t", "stars": label, "review": text, "seen": [1] * label,
                "by": {"name": "n"}}

class KitWords(Base):
    FEATURES = {"line": F.Text(), "label": F.Text()}
    SPLITS = {"train": ROWS["train"]}
    def example(self, text, label):
        return {"line": text, "label": "no yes".split()[label]}

class KitBytes(Base):
    FEATURES = {"text": F.Text()}
    SPLITS = {"train": [(b"ok", 0), (b"a\\xff", 0)]}
    def example(self, text, label):
        return {"text": text}

class KitPairs(Base):
    FEATURES = {"en": F.Text(), "fr": F.Text()}
    SPLITS = {"train": [("a", "b")]}
    def example(self, text, label):
        return {"en": text, "fr": label}

class KitOdd(KitFilms, skip_registration=True):
    SPLITS = {"odd": ROWS["test"]}

for kind in (KitFilms, KitStars, KitWords, KitBytes, KitPairs, KitOdd):
    kind(data_dir=sys.argv[1]).download_and_prepare()
"""

TRAIN = {("dull é", "negative"), ("fine\x85film", "positive"), ("good", "positive")}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_text_of_the_train_split(data_dir):
    text = load_text("tfds:kit_films", data_dir=data_dir)
    assert sorted(text.split("\n")) == ["dull é", "fine\x85film", "good"]
    assert load_text("tfds:kit_films:1.0.0", data_dir=data_dir) == text
    assert load_text("tfds:kit_films", data_dir=str(data_dir)) == text


def test_labelled_splits(data_dir):
    train = load_labelled("tfds:kit_films", split="train", data_dir=data_dir)
    assert set(zip(*train, strict=True)) == TRAIN
    test = load_labelled("tfds:kit_films", split="test", data_dir=data_dir)
    assert test == (["bad"], ["negative"])
    both = load_labelled("tfds:kit_films", split=None, data_dir=data_dir)
    assert both == (train[0] + test[0], train[1] + test[1])
    assert labelled_splits("tfds:kit_films", data_dir=data_dir) == ("train", "test")
    assert len(load_labelled("tfds:kit_films", split="train[:2]", data_dir=data_dir)[0]) == 2


def test_streams(data_dir):
    stream = texts("tfds:kit_films", data_dir=data_dir)
    assert sorted(stream) == ["dull é", "fine\x85film", "good"]
    assert list(stream) == load_text("tfds:kit_films", data_dir=data_dir).split("\n")
    assert list(texts("tfds:kit_films", split="test", data_dir=data_dir)) == ["bad"]
    assert list(texts("tfds:kit_stars", text_column="title", data_dir=data_dir)) == ["t"] * 3
    pairs = labelled_texts("tfds:kit_films", split="train", data_dir=data_dir)
    assert set(pairs) == set(pairs) == TRAIN


def test_columns_can_be_named(data_dir):
    found = load_labelled("tfds:kit_pairs", text_column="fr", label_column="en", data_dir=data_dir)
    assert found == (["b"], ["a"])
    for columns, message in (
        ({"text_column": "de"}, "must have the feature 'de' with text; received en, fr"),
        ({"text_column": "en", "label_column": "de"}, "feature 'de' with one label a text"),
    ):
        with pytest.raises(KitError, match=message):
            load_labelled("tfds:kit_pairs", data_dir=data_dir, **columns)


def test_the_environment_names_the_folder(data_dir, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    assert load_labelled("tfds:kit_films", split="test") == (["bad"], ["negative"])


def test_features_are_found_by_type_and_name(data_dir):
    found, labels = load_labelled("tfds:kit_stars", split=None, data_dir=data_dir)
    assert dict(zip(found, labels, strict=True)) == {
        "dull é": "0",
        "fine\x85film": "1",
        "good": "1",
    }
    found, labels = load_labelled("tfds:kit_words", split="train", data_dir=data_dir)
    assert dict(zip(found, labels, strict=True)) == {
        "dull é": "no",
        "fine\x85film": "yes",
        "good": "yes",
    }


def test_more_records_than_a_batch(data_dir, monkeypatch):
    expected = load_labelled("tfds:kit_films", split="train", data_dir=data_dir)
    monkeypatch.setattr(tfds, "_BATCH", 2)
    assert load_labelled("tfds:kit_films", split="train", data_dir=data_dir) == expected


@pytest.mark.parametrize(
    ("spec", "split", "message"),
    [
        ("tfds:no_such_set", "train", "received 'no_such_set'"),
        ("tfds:", "train", "received ''"),
        ("tfds:kit films!", "train", "received 'kit films!'"),
        ("tfds:kit_films", "valid", "has .test, train, unsupervised.; received 'valid'"),
        ("tfds:kit_odd", None, "has .odd.; received None"),
        ("tfds:kit_films", "unsupervised", "'unsupervised' of .* must have labels; received -1"),
        ("tfds:kit_pairs", "train", "one feature with text; received en, fr"),
        ("tfds:kit_bytes", "train", "one feature with labels; received none"),
    ],
)
def test_wrong_data_sets(spec, split, message, data_dir):
    with pytest.raises(KitError, match=message):
        load_labelled(spec, split=split, data_dir=data_dir)


def test_bytes_that_are_no_utf8(data_dir):
    with pytest.raises(KitError, match=r"record [01]: .*byte 0xff at byte offset 1"):
        load_text("tfds:kit_bytes", data_dir=data_dir)


def test_a_failed_download(data_dir, monkeypatch):
    def fail(self, **arguments):
        raise ConnectionError("no route to host\nand more")

    monkeypatch.setattr(tensorflow_datasets.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(KitError, match=r"ConnectionError \(no route to host\)\. Download it"):
        load_text("tfds:kit_films", data_dir=data_dir)


def test_without_the_library(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **named):
        if name == "tensorflow_datasets":
            raise ModuleNotFoundError("No module named 'tensorflow_datasets'")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(KitError, match=r"pip install keras-rnn-kit\[train\]"):
        load_text("tfds:kit_films")
