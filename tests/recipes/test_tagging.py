"""`recipes.tagging` from its command line, and the small figures that it makes."""

import json

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runs import load_run
from keras_rnn_kit.text.punctuation import TAGS
from recipes import tagging

SMALL = [
    "--units",
    "8",
    "--layers",
    "1",
    "--embedding",
    "8",
    "--batch-size",
    "4",
    "--max-words",
    "12",
]
SENTENCES = "So Anna left, then Bob came. Did Anna see NASA? "


def test_a_text_with_one_rule_a_word_comes_back(tmp_path, capsys):
    text, out = tmp_path / "text.txt", tmp_path / "run"
    text.write_text(SENTENCES * 30 + "(McDonald left - then)", encoding="utf-8")
    arguments = ["--data", str(text), "--out", str(out), *SMALL, "--dropout", "0"]
    assert tagging.main([*arguments, "--epochs", "25", "--learning-rate", "0.03"]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["train_words"] + report["val_words"] + report["test_words"] == 303
    assert (report["signs_dropped"], report["unusual_capitals"]) == (3, 1)
    # "anna" is followed by a comma or by nothing: only what stands around it tells.
    network, word = (report["test_scores"][name] for name in ("network", "word's tag"))
    assert network["?"]["f1"] == 1.0
    assert network["any mark"]["support"] == word["any mark"]["support"]
    assert report["test_accuracies"]["network"] >= report["test_accuracies"]["word's tag"]
    assert report["test_accuracies"]["network"] > 0.9
    assert report["test_accuracies"]["commonest tag"] < 0.5
    assert report["test_tag_accuracy"] == report["test_accuracies"]["network"]
    assert report["test_marks_f1"] == network["any mark"]["f1"]
    assert report["test_scores"]["commonest tag"]["UPPER"]["recall"] == 0.0
    for name in ("marks.png", "curves.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "3 signs (1 (, 1 -, 1 )), nor for 1 unusual capitals (1 McDonald)." in printed
    assert "Restored:" in printed

    model, encoder, _ = load_run(out)
    words = encoder.tokenize("did anna see nasa so anna left then bob came")
    tags = [
        TAGS[k] for k in np.asarray(model(encoder.vocabulary.encode(words)[None]))[0].argmax(-1)
    ]
    assert tags[3:5] == ["UPPER?", "Capital"]
    with pytest.raises(KitError, match="--overwrite"):
        tagging.main([*arguments, "--epochs", "1"])


def test_baselines_counted_by_hand():
    train = [(["a", "b", "a"], ["lower", "Capital", "lower,"]), (["a"], ["lower,"])]
    test: list[tagging.Piece] = [(["a", "b"], []), (["new"], [])]
    assert tagging.tag_of_each_word(train, test) == ["lower,", "Capital", "lower,"]
    assert tagging.commonest_tag(train, test) == ["lower,"] * 3
    marks = tagging.mark_scores(["lower,", "Capital.", "lower"], ["lower,", "lower.", "lower?"])
    assert marks.names[0] == "none"
    assert marks.micro(["none"]).precision == 2 / 3
    cases = tagging.case_scores(["lower,", "Capital.", "lower"], ["lower,", "lower.", "UPPER"])
    assert cases.by_class()["lower"].recall == 1 / 2


def test_a_text_that_is_too_short_is_told(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("One. Two.", encoding="utf-8")
    with pytest.raises(
        KitError, match=r"must fill a sequence for each of training.*received 1 seq"
    ):
        tagging.main(["--data", str(text), "--out", str(tmp_path / "run")])
    text.write_text("... 。!", encoding="utf-8")
    with pytest.raises(KitError, match="received 0 sequences in all"):
        tagging.main(["--data", str(text), "--out", str(tmp_path / "run")])
