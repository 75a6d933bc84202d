"""`recipes.char_lm --baseline`: n-gram models beside the network, on the same characters."""

import json

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runs import load_run
from keras_rnn_kit.text import NGramModel
from recipes import char_lm
from tests.recipes.conftest import SMALL_LM


def train(data, out, *more):
    arguments = ["--data", str(data), "--out", str(out), "--epochs", "1", *SMALL_LM, *more]
    return char_lm.main(arguments)


def test_prints_and_reports_the_perplexity_of_each_order(plain_text, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(plain_text, out, "--baseline", "1, 3", "--cell", "GRU") == 0
    report = json.loads((out / "report.json").read_text())
    _, encoder, _ = load_run(out)
    text = plain_text.read_text()
    cut = int(0.9 * len(text))
    ids, size = encoder.encode(text), len(encoder.vocabulary)
    wanted = {"uniform": size}
    for n in (1, 3):
        result = NGramModel.fit(ids[:cut], n, size).score(ids[cut:])
        wanted[f"{n}-gram"] = result.perplexity
        assert result.tokens == len(text) - cut - 1
    assert report["baseline_val_perplexities"] == pytest.approx(wanted)

    printed = capsys.readouterr().out
    assert f"each of {len(text) - cut - 1:,} characters" in printed
    table = printed.partition("Kneser-Ney")[2].splitlines()[1:]
    assert table[0].split() == ["perplexity", "bits", "nats"]
    rows = [line.split() for line in table[1:5]]
    assert [row[0] for row in rows] == ["uniform", "1-gram", "3-gram", "GRU"]
    figures = [*wanted.values(), report["val_perplexity"]]
    assert [row[1] for row in rows] == [f"{figure:.2f}" for figure in figures]
    assert rows[-1][2] == f"{report['val_bits_per_character']:.3f}"


def test_is_off_unless_asked_for(plain_text, tmp_path, capsys):
    assert train(plain_text, tmp_path / "run") == 0
    assert "-gram" not in capsys.readouterr().out
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["baseline_val_perplexities"] == {}


@pytest.mark.parametrize("given", ["0", "1,,2", "three", "-1", "2.5", "1;2", ","])
def test_wrong_orders_are_told_before_training(plain_text, tmp_path, capsys, given):
    with pytest.raises(KitError, match=r"--baseline must be .*Pass e\.g\. --baseline 2,3"):
        train(plain_text, tmp_path / "run", f"--baseline={given}")
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "run").exists()
