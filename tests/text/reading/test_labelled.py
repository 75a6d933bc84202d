import gzip

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import label_ids, labelled_texts, load_labelled
from keras_rnn_kit.text.reading.labelled import folder_splits
from tests.text.shared import SHARED, needs_shared


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return root


IMDB = {
    "train/pos/0_9.txt": "fine\x85film\n",
    "train/pos/1_8.txt": "good\nvery",
    "train/neg/0_2.txt": "dull",
    "train/unsup/0_0.txt": "unknown",
    "train/labeledBow.feat": "0:1",
    "test/pos/0_7.txt": "nice",
    "test/neg/0_1.txt": "bad",
    "README": "read me",
}


def test_imdb_layout(tmp_path):
    write(tmp_path, IMDB)
    assert folder_splits(tmp_path) == ("train", "test")
    train = (["dull", "fine\x85film", "good\nvery"], ["negative", "positive", "positive"])
    test = (["bad", "nice"], ["negative", "positive"])
    assert load_labelled(tmp_path, split="train") == train
    assert load_labelled(tmp_path, split="test") == test
    assert load_labelled(tmp_path) == (train[0] + test[0], train[1] + test[1])
    assert load_labelled(tmp_path / "train") == train


def test_a_folder_for_each_class(tmp_path):
    write(tmp_path, {"sport/a.txt": "goal", "arts/b.txt": "film", "empty/c.md": ""})
    assert load_labelled(tmp_path) == (["film", "goal"], ["arts", "sport"])
    assert folder_splits(tmp_path) == ()


def test_pairs_of_files_are_cut_at_newlines_alone(tmp_path):
    write(
        tmp_path,
        {
            "films.pos": "good\x85day \r\n\r\nfine\u2028one\x1cline",
            "films.neg": "dull\n \nbad\n",
            "other.neg": "without a partner",
        },
    )
    assert load_labelled(tmp_path) == (
        ["dull", "bad", "good\x85day ", "fine\u2028one\x1cline"],
        ["negative", "negative", "positive", "positive"],
    )
    assert load_labelled(tmp_path / "other.neg") == (["without a partner"], ["negative"])


def test_packed_folders(tmp_path):
    packed = {name.replace(".txt", ".txt.gz"): text for name, text in IMDB.items()}
    plain = load_labelled(write(tmp_path / "plain", IMDB))
    assert load_labelled(write(tmp_path / "packed", packed)) == plain
    write(tmp_path, {"pairs/a.b.pos.gz": "good\n", "pairs/a.b.neg": "bad\n", "pairs/c.neg": "x"})
    assert load_labelled(tmp_path / "pairs") == (["bad", "good"], ["negative", "positive"])
    assert load_labelled(tmp_path / "pairs" / "a.b.pos.gz") == (["good"], ["positive"])


def test_blank_lines_are_counted(tmp_path):
    write(tmp_path, {"a.pos": "good\n\nfine\n", "a.neg": " \nbad\n\n"})
    stream = labelled_texts(tmp_path)
    assert list(stream) == list(stream)
    assert stream.skipped == 3
    assert [label for _, label in stream] == ["negative", "positive", "positive"]


def test_files_are_read_as_they_are_asked_for(tmp_path):
    write(tmp_path, {"a/1.txt": "one", "b/1.txt": "two"})
    stream = iter(labelled_texts(tmp_path))
    assert next(stream) == ("one", "a")
    (tmp_path / "b" / "1.txt").write_text("changed")
    assert next(stream) == ("changed", "b")


@needs_shared
def test_rt_polarity():
    texts, labels = load_labelled(SHARED / "rt_polarity")
    assert len(texts) == 10_662
    assert labels == ["negative"] * 5331 + ["positive"] * 5331


@needs_shared
def test_the_latin1_sample():
    path = SHARED / "rt_polarity" / "latin1_sample.neg"
    with pytest.raises(KitError, match=r"latin1_sample\.neg must be valid utf-8.*latin-1"):
        load_labelled(path)
    texts, labels = load_labelled(path, encoding="latin-1")
    assert labels == ["negative"] * 300
    assert any("é" in text for text in texts)


@pytest.mark.parametrize(
    ("files", "path", "arguments", "message"),
    [
        ({"a.txt": "x"}, ".", {}, "a folder of .* for each class"),
        ({"a.neg": "x"}, ".", {}, "received neither"),
        ({"a.neg": "x", "a.pos": "\n \n"}, ".", {}, r"a\.pos must hold a text a line"),
        ({"a.txt": "x"}, "a.txt", {}, "with the suffix '.txt'"),
        ({}, "a.txt", {}, "received no such file"),
        ({}, "gone", {}, "received no such file"),
        ({}, "gone.tsv", {}, r"gone\.tsv must be a file that can be read"),
        ({"a.tsv": "1\tx"}, "a.tsv", {"split": "test"}, r"a\.tsv has \(none\); received 'test'"),
        (IMDB, ".", {"split": "valid"}, r"\(train, test\); received 'valid'"),
        ({"x/a.txt": "x"}, ".", {"split": "train"}, "received 'train'"),
        ({"a.neg": "x", "a.pos": "y"}, ".", {"split": "train"}, "received 'train'"),
        (IMDB, ".", {"encoding": "ascii"}, r"0_9\.txt must be valid ascii"),
    ],
)
def test_wrong_sources_are_named(files, path, arguments, message, tmp_path):
    write(tmp_path, files)
    with pytest.raises(KitError, match=message):
        load_labelled(tmp_path / path, **arguments)


def test_label_ids():
    ids, names = label_ids(["b", "a", "b"])
    assert (ids.dtype, ids.tolist(), names) == (np.int32, [1, 0, 1], ["a", "b"])
    assert label_ids(["b"], names=["c", "b"])[0].tolist() == [1]
    assert label_ids([], names=["a"])[0].shape == (0,)
    with pytest.raises(KitError, match="among 'a', 'b'; received 'x', 'y'"):
        label_ids(["y", "a", "x"], names=["a", "b"])
