"""`recipes.conditional_lm` from its command line."""

import json

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import score_by_label
from keras_rnn_kit.runs import load_run
from recipes import conditional_lm

SMALL = ["--units", "8", "--embedding", "4", "--seq-length", "10", "--batch-size", "4"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    (folder / "letters.txt").write_text("abcabcabc" * 60, encoding="utf-8")
    (folder / "numbers.txt").write_text("131313131" * 60, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(texts, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    how = ["--data", str(texts), "--out", str(out), "--characters", "500", "--prompt", "1"]
    assert conditional_lm.main([*how, *SMALL, "--epochs", "2", "--learning-rate", "0.03"]) == 0
    return out


def test_writes_a_run_whose_figures_are_those_of_the_saved_model(run, texts):
    report = json.loads((run / "report.json").read_text())
    assert report["labels"] == ["letters", "numbers"]
    assert report["characters"] == {"letters": 500, "numbers": 500}
    found = report["val_perplexities"]
    assert list(found) == ["none", "input", "state", "both"]
    assert all(list(of_labels) == report["labels"] for of_labels in found.values())
    for figures in ("val_perplexity", "parameters", "val_perplexity_in_windows"):
        assert report[figures].keys() == found.keys()
    assert list(report["wrong_label_perplexity"]) == ["input", "state", "both"]
    assert all(text.startswith("1") for text in report["samples"].values())
    model, encoder, _ = load_run(run)
    assert model.labels == ("letters", "numbers")
    assert model.context == report["best_context"]
    last = {
        label: encoder.encode((texts / f"{label}.txt").read_text()[450:500])
        for label in report["labels"]
    }
    for label, score in score_by_label(model, last).items():
        # The same weights and sums.
        assert found[report["best_context"]][label] == pytest.approx(score.perplexity, rel=1e-5)
    for picture in ("perplexity_by_label.png", "curves.png"):
        assert (run / picture).read_bytes().startswith(b"\x89PNG")


def test_the_label_tells_what_the_first_characters_cannot(run):
    report = json.loads((run / "report.json").read_text())
    for context, perplexity in report["val_perplexity"].items():
        if context != "none":
            assert perplexity < report["wrong_label_perplexity"][context]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (["--data", "nowhere"], "received nowhere, which is none of them"),
        (["--data", "a=nowhere.txt,b=nowhere.txt"], r"nowhere\.txt"),
        (["--characters", "0"], "characters must be a positive integer"),
        (["--epochs", "0"], "epochs must be a positive integer"),
    ],
)
def test_what_it_refuses(how, message, tmp_path):
    with pytest.raises(KitError, match=message):
        conditional_lm.main([*how, "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()
