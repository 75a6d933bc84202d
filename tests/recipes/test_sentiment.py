"""`recipes.sentiment` from its command line."""

import json

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runs import load_run
from recipes import sentiment
from tests.recipes.conftest import SMALL_CLASSIFIER

REPORTED = {
    "train_size",
    "val_size",
    "test_size",
    "val_accuracy",
    "test_accuracy",
    "test_loss",
    "seconds",
}


def train(data, out, *more):
    return sentiment.main(["--data", str(data), "--out", str(out), *SMALL_CLASSIFIER, *more])


@pytest.mark.parametrize("pooling", ["max", "last"])
def test_writes_a_run_that_can_tell_good_from_bad(reviews, tmp_path, pooling):
    out = tmp_path / "run"
    more = ["--epochs", "15", "--learning-rate", "0.05", "--dropout", "0.1"]
    assert train(reviews, out, "--pooling", pooling, *more) == 0
    report = json.loads((out / "report.json").read_text())
    assert report.keys() >= REPORTED
    assert (report["train_size"], report["val_size"], report["test_size"]) == (48, 6, 6)
    # One word decides: a recurrent network that works finds it.
    assert report["test_accuracy"] == 1.0
    model, encoder, _ = load_run(out)
    logits = model(encoder.encode("a good film number 99")[None]).numpy()[0]
    assert model.classes[logits.argmax()] == "positive"
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_own_test_data(reviews, tmp_path):
    test = tmp_path / "test.tsv"
    test.write_text("label\ttext\npositive\ta good film\nnegative\ta bad film\n")
    assert train(reviews, tmp_path / "run", "--epochs", "1", "--test-data", str(test)) == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert (report["train_size"], report["val_size"], report["test_size"]) == (54, 6, 2)


def test_imdb_folder_uses_its_own_test_part(tmp_path):
    for part in ("train", "test"):
        for label, word in (("pos", "good"), ("neg", "bad")):
            folder = tmp_path / "imdb" / part / label
            folder.mkdir(parents=True)
            for k in range(10 if part == "train" else 3):
                (folder / f"{k}.txt").write_text(f"A {word} film,<br />number {k}.")
    assert train(tmp_path / "imdb", tmp_path / "run", "--epochs", "1") == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    # The six test texts stand in the training part, too: two fell to validation, four are dropped.
    assert (report["train_size"], report["val_size"], report["test_size"]) == (14, 2, 6)
    assert report["duplicates_dropped"] == 4


def test_a_label_column_that_is_not_there_lists_those_that_are(tmp_path):
    (tmp_path / "odd.csv").write_text("id,points,words\n1,2,fine\n2,3,dull\n")
    with pytest.raises(KitError, match=r"id.*points.*words"):
        train(tmp_path / "odd.csv", tmp_path / "run")
    with pytest.raises(KitError, match="mood"):
        train(tmp_path / "odd.csv", tmp_path / "run", "--label-column", "mood")


def test_one_class_only(tmp_path):
    (tmp_path / "one.tsv").write_text("label\ttext\n" + "positive\tfine\n" * 30)
    with pytest.raises(KitError, match="two classes"):
        train(tmp_path / "one.tsv", tmp_path / "run")


def test_a_label_that_only_the_test_part_has(reviews, tmp_path):
    (tmp_path / "test.tsv").write_text("label\ttext\nneutral\tso so\n")
    with pytest.raises(KitError, match="neutral"):
        train(reviews, tmp_path / "run", "--test-data", str(tmp_path / "test.tsv"))


def test_one_word_and_empty_texts_are_kept(tmp_path):
    rows = ["positive\tgood", "negative\tbad", "positive\t ", "negative\t\U0001f600"] * 10
    (tmp_path / "odd.tsv").write_text("label\ttext\n" + "\n".join(rows) + "\n", encoding="utf-8")
    more = ["--epochs", "1", "--no-drop-duplicates"]
    assert train(tmp_path / "odd.tsv", tmp_path / "run", *more) == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["train_size"] + report["val_size"] + report["test_size"] == 40


def test_long_texts_are_cut_and_classes_weighed(tmp_path, capsys):
    rows = [f"positive\ta good film number {k}" for k in range(40)]
    rows += [f"negative\tno {k}" for k in range(20)]
    (tmp_path / "odd.tsv").write_text("label\ttext\n" + "\n".join(rows) + "\n")
    more = ["--epochs", "1", "--max-length", "3", "--keep", "both", "--class-weights"]
    assert train(tmp_path / "odd.tsv", tmp_path / "run", *more) == 0
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert (report["texts_cut"], report["duplicates_dropped"]) == (40, 0)
    # 32 of 48 texts have three words, 16 have two, and 48 fill one length of four batches.
    assert report["padding_share"] == 1 - 128 / 144
    printed = capsys.readouterr().out
    assert "0 training texts dropped" in printed
    assert "40 texts cut to 3 words. Training pads to 3 words: 11.1% padding." in printed
