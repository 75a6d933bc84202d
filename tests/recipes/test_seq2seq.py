"""`recipes.seq2seq` from its command line."""

import json
from pathlib import Path

import pytest

from keras_rnn_kit.errors import KitError
from recipes import seq2seq

SMALL = ["--units", "6", "--embedding", "4", "--batch-size", "16", "--epochs", "1"]
SMALL += ["--cell", "SimpleRNN", "--no-bidirectional"]  # which compile the quickest
REPORTED = {
    "train_pairs",
    "val_pairs",
    "test_pairs",
    "test_sources",
    "test_exact",
    "test_error_rate",
    "test_length_error",
    "val_perplexity",
    "compared",
    "seconds",
}
COLORS = ["red", "green", "blue", "white", "black", "brown"]
COULEURS = ["rouge", "vert", "bleu", "blanc", "noir", "brun"]


@pytest.fixture
def phrases(tmp_path: Path) -> Path:
    """Sixty phrases of two words, some with two translations."""
    path = tmp_path / "phrases.tsv"
    lines = [
        f"{word} {color}.\t{mot} {couleur}\u202f."
        for color, couleur in zip(COLORS, COULEURS, strict=True)
        for word, mot in (("a", "un"), ("a", "l'un"), ("the", "le"), ("no", "non-"), ("my", "mon"))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_dates_with_and_without_attention(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(seq2seq.COMPARED, "attention", ("bahdanau", "none"))  # spares the third
    out = tmp_path / "run"
    assert seq2seq.main(["--count", "60", "--compare", "attention", "--out", str(out), *SMALL]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report.keys() >= REPORTED
    assert list(report["compared"]) == ["bahdanau attention", "no attention"]
    assert [report[f"{part}_pairs"] for part in ("train", "val", "test")] == [54, 3, 3]
    assert 0 <= report["test_exact"] <= 1
    assert report["config"]["units"] == 6  # asked for
    assert report["config"]["dropout"] == seq2seq.DATES["dropout"]  # not asked for
    for name in ("errors.png", "curves.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "54 pairs to train, 3 to validate, 3 to test" in printed
    assert "no attention" in printed


def test_a_file_of_pairs(phrases, tmp_path, capsys):
    out = tmp_path / "run"
    more = ["--data", str(phrases), "--termination", "length", "--attention", "none"]
    assert seq2seq.main([*more, "--out", str(out), *SMALL]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report.keys() >= {*REPORTED, "test_bleu", "test_bleu_one_reference"}
    # 24 sources of 30 pairs; of each part all pairs of a source.
    assert report["train_pairs"] + report["val_pairs"] + report["test_pairs"] == 30
    assert report["test_sources"] == 1
    assert report["config"]["dropout"] == seq2seq.SENTENCES["dropout"]
    assert "tokenizer 13a" in capsys.readouterr().out


def test_bad_pairs(tmp_path):
    path = tmp_path / "bad.tsv"
    path.write_text("one\tun\ntwo\n")
    with pytest.raises(KitError, match="line 2"):
        seq2seq.main(["--data", str(path), "--out", str(tmp_path / "run"), *SMALL])


def test_a_longer_source_than_is_allowed(phrases, tmp_path):
    more = ["--max-length", "2", "--out", str(tmp_path / "run"), *SMALL]
    with pytest.raises(KitError, match="a source must have at most 2 ids"):
        seq2seq.main(["--data", str(phrases), *more])
