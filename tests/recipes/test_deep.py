"""`recipes.deep` from its command line: equal sizes, a line and a bar for each kind of depth."""

import json

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.runs import load_run
from keras_rnn_kit.training import Perplexity
from recipes import deep

SMALL = ["--parameters", "800", "--embedding", "4", "--seq-length", "8", "--batch-size", "4"]
KINDS = [
    "one layer",
    "2 layers stacked",
    "3 layers stacked",
    "deep input",
    "deep transition",
    "deep transition, skip",
    "deep output",
]
TRAINED = ["one layer", "deep output"]


def train(data, out, *more):
    return deep.main(["--data", str(data), "--out", str(out), *SMALL, *more])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deep")
    (folder / "text.txt").write_text("To be, or not to be: that is the question.\n" * 40)
    every = deep.kinds
    with pytest.MonkeyPatch.context() as patch:  # two of them, for time
        patch.setattr(deep, "kinds", lambda depth: {name: every(depth)[name] for name in TRAINED})
        assert train(folder / "text.txt", folder / "run", "--steps", "10") == 0
    return folder / "run"


def test_the_kinds_are_deep_where_their_names_say():
    assert list(deep.kinds(3)) == KINDS
    cells = {
        name: [layer.cell for layer in LanguageModel(9, 4, **made).recurrent_layers]
        for name, made in deep.kinds(3).items()
    }
    assert [len(cells[name]) for name in KINDS] == [1, 2, 3, 1, 1, 1, 1]
    depths = {
        name: (cell.input_depth, cell.transition_depth, cell.output_depth)
        for name, (cell, *_) in cells.items()
        if name.startswith("deep")
    }
    assert list(depths.values()) == [(3, 1, 1), (1, 3, 1), (1, 3, 1), (1, 1, 3)]
    assert [cells[name][0].skip for name in KINDS[4:6]] == [False, True]


def test_every_kind_of_depth_has_a_line(trained):
    report = json.loads((trained / "report.json").read_text())
    assert [row["depth"] for row in report["rows"]] == TRAINED
    assert list(report["val_perplexities"]) == TRAINED
    for row in report["rows"]:
        assert row["parameters"] == pytest.approx(800, rel=0.1)  # one unit more or less
        assert row["steps"] == 10
        assert 1 < row["val_perplexity"] < 3 * report["vocabulary_size"]
        assert row["val_bits_per_character"] == pytest.approx(np.log2(row["val_perplexity"]))
        assert report["val_perplexities"][row["depth"]] == row["val_perplexity"]
    lowest = min(report["val_perplexities"].values())
    assert report["val_perplexities"][report["best"]] == lowest


def test_the_best_model_is_saved_and_has_its_figure(trained):
    model, encoder, report = load_run(trained)
    text = "To be, or not to be: that is the question.\n" * 40
    ids = encoder.encode(text[int(0.9 * len(text)) :])
    perplexity = Perplexity()  # of the whole text at once, the first character given
    perplexity.update_state(ids[None, 1:], model(ids[None, :-1]))
    # The same sums in another order.
    assert float(perplexity.result()) == pytest.approx(
        report["val_perplexities"][report["best"]], rel=1e-4
    )
    best = next(row for row in report["rows"] if row["depth"] == report["best"])
    assert isinstance(model, LanguageModel)
    assert model.count_params() == best["parameters"]
    assert (trained / "depth.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_done_is_told_before_training(plain_text, tmp_path, capsys):
    out = tmp_path / "run"
    with pytest.raises(KitError, match="depth must be a positive integer"):
        train(plain_text, out, "--depth", "0")
    with pytest.raises(KitError, match=r"must fit in 10 parameters"):
        train(plain_text, out, "--parameters", "10")
    with pytest.raises(KitError, match=r"nowhere\.txt"):
        train(tmp_path / "nowhere.txt", out)
    assert "deep input" not in capsys.readouterr().out
    assert not out.exists()
