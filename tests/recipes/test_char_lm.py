"""`recipes.char_lm` from its command line: what it writes, and what it says to bad input."""

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import score
from keras_rnn_kit.runs import load_run
from keras_rnn_kit.text import TextEncoder, write_corpus
from recipes import char_lm
from tests.recipes.conftest import SMALL_LM

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
REPORTED = {
    "data",
    "characters",
    "vocabulary_size",
    "parameters",
    "epochs",
    "train_loss_nats",
    "val_loss_nats",
    "val_perplexity",
    "val_bits_per_character",
    "characters_per_second",
    "seconds",
}


def train(data: Path, out: Path, *more: str) -> int:
    return char_lm.main(["--data", str(data), "--out", str(out), *SMALL_LM, *more])


@pytest.mark.parametrize("partition", ["random", "sequential"])
def test_writes_a_run_whose_figures_are_those_of_the_saved_model(
    plain_text, tmp_path, capsys, partition
):
    out = tmp_path / "run"
    assert train(plain_text, out, "--epochs", "2", "--partition", partition) == 0
    report = json.loads((out / "report.json").read_text())
    assert report.keys() >= REPORTED
    model, encoder, _ = load_run(out)
    text = plain_text.read_text()
    ids = encoder.encode(text[int(0.9 * len(text)) :])
    result = score(model, ids)
    # The same weights and sums; chunks of the same size, so that only the last digits may differ.
    assert report["val_loss_nats"] == pytest.approx(result.loss, rel=1e-5)
    assert report["val_perplexity"] == pytest.approx(math.exp(result.loss), rel=1e-5)
    assert report["val_bits_per_character"] == pytest.approx(result.loss / math.log(2), rel=1e-5)
    assert result.tokens == len(ids) - 1
    assert report["characters"] == len(text)
    assert report["vocabulary_size"] == len(encoder.vocabulary)
    assert report["parameters"] == model.count_params()
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert f"uniform: {len(encoder.vocabulary)}" in printed
    assert str(out / "model.keras") in printed


def table_of(printed):
    """The perplexities in the last table, by name."""
    lines = printed.partition("On these characters")[2].splitlines()[2:]
    rows = [line.rsplit(maxsplit=3) for line in lines]
    return {row[0]: row[1] for row in rows[:2]}


def test_forward_and_backward_stand_in_one_table(plain_text, tmp_path, capsys):
    out, options = tmp_path / "run", ["--direction", "backward", "--compare", "direction"]
    assert train(plain_text, out, "--epochs", "1", *options) == 0
    model, encoder, report = load_run(out)
    printed, compared = capsys.readouterr().out, report["compared"]
    assert list(compared) == ["SimpleRNN, backward", "SimpleRNN, forward"]
    assert len({each["val_perplexity"] for each in compared.values()}) == 2
    assert {each["steps"] for each in compared.values()} == {report["steps"]}
    assert table_of(printed) == {
        name: f"{each['val_perplexity']:.2f}" for name, each in compared.items()
    }
    # The model that was asked for is saved: it reads the validation part from its end.
    assert compared["SimpleRNN, backward"]["val_perplexity"] == report["val_perplexity"]
    text = plain_text.read_text()
    held_out = text[int(0.9 * len(text)) :]
    result = score(model, encoder.encode(held_out)[::-1])
    assert report["val_perplexity"] == pytest.approx(result.perplexity, rel=1e-5)
    # What it wrote stands before the prompt.
    sample = printed.partition("Sample:\n")[2].partition("\n\nWrote")[0]
    assert sample.endswith(held_out[:20])


@pytest.mark.parametrize("partition", ["random", "sequential"])
def test_what_is_compared_with_a_partition_is_the_other_one(partition):
    config = char_lm.Config(partition=partition, compare="partition")
    other = char_lm._other(config)
    assert {config.partition, other.partition} == {"random", "sequential"}
    assert dataclasses.replace(other, partition=partition) == config


def test_a_corpus_on_disk_is_not_reversed(tmp_path):
    write_corpus(
        ["To be, or not to be"] * 9, TextEncoder.build(["To be, nrt"]), tmp_path / "corpus"
    )
    for option in (["--direction", "backward"], ["--compare", "direction"]):
        with pytest.raises(KitError, match="can be reversed in time; received the corpus"):
            train(tmp_path / "corpus", tmp_path / "run", *option)


def test_learns(plain_text, tmp_path):
    # One sentence over and over: even a tiny model must be far better than a uniform guess.
    train(plain_text, tmp_path / "run", "--epochs", "12", "--learning-rate", "0.05")
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["val_perplexity"] < report["vocabulary_size"] / 4


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_chinese_poems_train_and_generate(tmp_path, capsys):
    from keras_rnn_kit.generation import generate

    out = tmp_path / "run"
    assert train(SHARED / "tang300.json", out, "--epochs", "1") == 0
    model, encoder, _ = load_run(out)
    ids = generate(model.step, encoder.encode("床前"), 12, seed=0, forbidden=range(4))
    text = encoder.decode(ids[0])
    assert len(text) == 12
    assert any("\u4e00" <= character <= "\u9fff" for character in text)


def test_a_missing_file(tmp_path):
    with pytest.raises(KitError, match=r"nowhere\.txt"):
        train(tmp_path / "nowhere.txt", tmp_path / "run")


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.txt").touch()
    with pytest.raises(KitError, match=r"empty\.txt"):
        train(tmp_path / "empty.txt", tmp_path / "run")


def test_a_file_shorter_than_a_window_says_its_length_and_the_need(tmp_path):
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(KitError, match=r"seq_length") as caught:
        train(tmp_path / "short.txt", tmp_path / "run")
    assert "8" in str(caught.value)  # the training part has eight characters
    assert not (tmp_path / "run").exists()


def test_invalid_utf8_says_the_offset_and_the_remedy(tmp_path):
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 " * 100)
    with pytest.raises(KitError, match=r"byte.* 3\b.*--encoding"):
        train(tmp_path / "latin.txt", tmp_path / "run")
    assert train(tmp_path / "latin.txt", tmp_path / "run", "--encoding", "latin-1") == 0


@pytest.mark.parametrize("option", ["--units", "--batch-size", "--seq-length", "--epochs"])
def test_zero_sizes(plain_text, tmp_path, option):
    with pytest.raises(KitError, match=r"positive|1 or more"):
        train(plain_text, tmp_path / "run", option, "0")


def test_an_existing_run_is_refused_and_kept(plain_text, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    (out / "precious").write_text("kept")
    with pytest.raises(KitError, match="--overwrite"):
        train(plain_text, out)
    assert (out / "precious").read_text() == "kept"
    assert train(plain_text, out, "--epochs", "1", "--overwrite") == 0
    assert not (out / "precious").exists()


def test_an_output_folder_that_cannot_be_made_is_told_before_training(plain_text, tmp_path, capsys):
    with pytest.raises(KitError, match="writable"):
        train(plain_text, plain_text / "run")  # below a file
    assert "Epoch" not in capsys.readouterr().out


def test_nan_stops_keeps_good_weights_and_fails(plain_text, tmp_path, capsys):
    out = tmp_path / "run"
    assert train(plain_text, out, "--epochs", "3", "--learning-rate", "1e38") == 1
    assert "training stopped" in capsys.readouterr().out
    model, _, report = load_run(out)
    assert report["diverged"] is True
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def run_command(*arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        **options,
    )


def test_ctrl_c_saves_what_was_reached(plain_text, tmp_path):
    out = tmp_path / "run"
    options = ["--data", str(plain_text), "--out", str(out), "--epochs", "100000", *SMALL_LM]
    with run_command("recipes.char_lm", *options) as process:
        for line in process.stdout:
            if line.startswith("Epoch 3/"):
                break
        process.send_signal(signal.SIGINT)
        printed = process.stdout.read()
        noise = process.stderr.read()
    assert process.returncode == 130, noise
    assert "Interrupted" in printed
    assert "Traceback" not in noise
    _, _, report = load_run(out)
    assert report["interrupted"] is True
    assert report["epochs"] >= 1


def test_a_mistake_is_one_line_without_traceback_or_noise(tmp_path):
    started = time.monotonic()
    process = run_command("recipes.char_lm", "--data", str(tmp_path / "nowhere.txt"))
    _, noise = process.communicate(timeout=120)
    assert process.returncode == 1
    assert noise.startswith("error: ")
    assert len(noise.splitlines()) == 1, f"after {time.monotonic() - started:.0f} s: {noise}"
