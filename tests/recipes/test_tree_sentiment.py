"""`recipes.tree_sentiment` from its command line: both structures judged, measured, drawn."""

import json

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import TreeClassifier
from keras_rnn_kit.runs import load_run
from recipes import tree_sentiment

SMALL = ["--units", "4", "--batch-size", "16", "--min-frequency", "1", "--seeds", "0"]


def train(data, out, *more):
    return tree_sentiment.main(["--data", str(data), "--out", str(out), *SMALL, *more])


def test_both_structures_tell_good_from_bad(reviews, tmp_path, capsys):
    out = tmp_path / "run"
    more = ["--epochs", "12", "--learning-rate", "0.05", "--dropout", "0", "--lengths", "2,5"]
    assert train(reviews, out, *more) == 0
    report = json.loads((out / "report.json").read_text())
    # One word decides, wherever it stands in the tree.
    assert report["accuracy"] == {"balanced": [1.0], "chain": [1.0]}
    assert (report["interrupted"], report["diverged"]) == (False, False)
    assert report["lengths"] == [2, 5]
    depths = {name: found["depth"] for name, found in report["by_leaves"].items()}
    assert depths == {"balanced": [1, 3], "chain": [2, 5]}
    for found in report["by_leaves"].values():
        assert all(np.array(found["milliseconds"]) > 0)
        assert all(np.array(found["gradient"]) > 0)
    model, encoder, _ = load_run(out)
    assert isinstance(model, TreeClassifier)
    assert model.count_params() == report["parameters"]
    logits = model(encoder.encode("a good film number 99")[None]).numpy()[0]
    assert model.classes[logits.argmax()] == "positive"
    assert (out / "trees.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "balanced   test accuracy 1.000, mean of 1" in printed
    assert f"Next: python -m export.to_onnx {out}" in printed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--epochs", "0"], "epochs must be a positive integer"),
        (["--seeds", "0,x"], "--seeds must be whole numbers of 0 or more .* received '0,x'"),
        (["--lengths", "0"], "--lengths must be whole numbers of 1 or more"),
        (
            ["--initializer", "zeros"],
            "--initializer must be one of identity, own; received 'zeros'",
        ),
        (["--cell", "Tree"], "cell must be one of"),
        (["--units", "0"], "units must be a positive integer"),
    ],
)
def test_what_cannot_be_done_leaves_nothing(reviews, tmp_path, wrong, message):
    with pytest.raises(KitError, match=message):
        train(reviews, tmp_path / "run", *wrong)
    assert not (tmp_path / "run").exists()
