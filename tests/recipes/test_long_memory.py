"""`recipes.long_memory` from its command line, at toy sizes."""

import json
import math
import signal
from types import SimpleNamespace

import numpy as np
import pytest

from keras_rnn_kit.data import memory_task
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training import StopOnNaN
from recipes import long_memory

TINY = ["--units", "16", "--batch-size", "32", "--validation", "100"]
LINE = {"cell", "length", "initial_state", "settings", "source", "learning_rate", "parameters"}
LINE |= {"solved", "steps", "seconds", "error", "best_error", "diverged", "interrupted", "curve"}


def report_of(out):
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Two cells on the adding problem over four steps, one of which has no time."""
    out = tmp_path_factory.mktemp("recipe") / "run"
    arguments = ["--cells", "GRU,SimpleRNN", "--lengths", "4", "--every", "20", "--steps", "400"]
    assert long_memory.main([*arguments, *TINY, "--out", str(out)]) == 0
    return out


def test_a_short_task_is_solved_and_training_stops_there(short):
    report = report_of(short)
    gru, plain = report["runs"]
    assert gru.keys() >= LINE
    assert (gru["cell"], gru["length"], gru["initial_state"]) == ("GRU", 4, "zeros")
    assert gru["solved"]
    assert gru["error"] < 0.01
    assert gru["steps"] < 400
    steps, errors = zip(*gru["curve"], strict=True)
    assert list(steps) == list(range(20, gru["steps"] + 1, 20))
    assert min(errors[:-1]) >= 0.01, "it stops at the first one below the goal"
    assert gru["best_error"] == min(errors)
    assert report["baselines"]["4"] == {"trivial": pytest.approx(1 / 6), "goal": 0.01}
    assert report["config"]["units"] == 16
    assert plain["cell"] == "SimpleRNN"
    assert (short / "errors.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_is_there_is_not_overwritten(short):
    with pytest.raises(KitError, match="must not be there yet"):
        long_memory.main(["--cells", "GRU", "--out", str(short)])


@pytest.mark.parametrize(
    ("task", "lengths", "cell"),
    [("copy", "1", "IndRNN"), ("rows", "8", "SimpleRNN"), ("pixels", "64", "SimpleRNN")],
)
def test_the_other_tasks_run(task, lengths, cell, tmp_path, capsys):
    arguments = ["--task", task, "--lengths", lengths, "--steps", "2", "--every", "1"]
    arguments += ["--permute"] if task == "pixels" else []
    out = tmp_path / "run"
    assert long_memory.main([*arguments, *TINY, "--cells", cell, "--out", str(out)]) == 0
    report = report_of(out)
    (done,) = report["runs"]
    assert done["steps"] == 2
    assert [step for step, _ in done["curve"]] == [1, 2]
    assert (done["solved"], done["diverged"]) == (False, False)
    printed = capsys.readouterr().out
    assert "not solved in 2 steps" in printed
    if cell == "IndRNN":
        assert done["layers"] == 2
        assert "two layers, the last one's u near 1 (Li et al. 2018)" in printed
    else:
        assert report["error"] == "share of wrong answers"
        wrong = done["error"] * 100  # of 100 sequences
        assert wrong == pytest.approx(round(wrong), abs=1e-4)  # accuracy is float32
        assert 50 < wrong <= 100


def test_each_initial_state_has_a_line_of_its_own(tmp_path):
    arguments = ["--lengths", "4", "--steps", "1", "--initial-state", "all"]
    long_memory.main([*arguments, *TINY, "--cells", "SimpleRNN", "--out", str(tmp_path / "run")])
    runs = report_of(tmp_path / "run")["runs"]
    assert [done["initial_state"] for done in runs] == ["zeros", "random", "learned"]
    zeros, _, learned = (done["parameters"] for done in runs)
    assert learned == zeros + 16
    assert {done["steps"] for done in runs} == {1}, "no more than were asked for"
    assert len({done["error"] for done in runs}) == 3


def test_batches_are_fresh_and_the_same_in_every_run():
    task = memory_task("adding", 5)
    first, again, other = (long_memory.fresh_batches(task, 3, seed) for seed in (0, 0, 1))
    (x, _), (y, _) = first.take(2).as_numpy_iterator()
    assert x.shape == (3, 5, 2)
    assert (x != y).any()
    np.testing.assert_array_equal(x, next(again.as_numpy_iterator())[0])
    assert (x != next(other.as_numpy_iterator())[0]).any()
    held_out, _ = task.draw_held_out(3, np.random.default_rng([0, 1]))
    assert (x != held_out).any()


def test_an_interrupted_grid_keeps_what_it_has(tmp_path, monkeypatch, capsys):
    drawn = []

    def interrupt(task, rows, seed, batches=long_memory.fresh_batches):
        if drawn:  # the second run
            signal.raise_signal(signal.SIGINT)
        drawn.append(seed)
        return batches(task, rows, seed)

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(long_memory, "fresh_batches", interrupt)
    arguments = ["--lengths", "4", "--steps", "1", "--every", "1", "--cells", "SimpleRNN,LSTM,MGU"]
    try:
        with pytest.raises(KeyboardInterrupt):
            long_memory.main([*arguments, *TINY, "--out", str(tmp_path / "run")])
    finally:
        signal.signal(signal.SIGINT, before)
    assert [done["cell"] for done in report_of(tmp_path / "run")["runs"]] == ["SimpleRNN"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_ctrl_c_in_training_ends_the_grid_after_its_batch(tmp_path, monkeypatch):
    def ctrl_c(self, epoch, logs=None):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(long_memory.Watch, "on_epoch_begin", ctrl_c)
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = ["--lengths", "4", "--steps", "9", "--every", "3", "--cells", "SimpleRNN,LSTM"]
    try:
        assert long_memory.main([*arguments, *TINY, "--out", str(tmp_path / "run")]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    (done,) = report_of(tmp_path / "run")["runs"]
    assert done["interrupted"]
    assert done["steps"] < 9


def test_a_cell_that_diverges_is_a_line_and_the_grid_goes_on(tmp_path, capsys):
    arguments = ["--lengths", "4", "--steps", "8", "--every", "4", "--learning-rate", "1e38"]
    out = tmp_path / "run"
    assert (
        long_memory.main([*arguments, *TINY, "--cells", "IRNN,IRNN,SimpleRNN", "--out", str(out)])
        == 0
    )
    runs = report_of(out)["runs"]
    assert [done["cell"] for done in runs] == ["IRNN", "SimpleRNN"]
    assert runs[0]["diverged"]
    assert 1 <= runs[0]["steps"] <= 8  # where it was, though the weights went back
    assert all(done["error"] is None or math.isfinite(done["error"]) for done in runs)
    assert "IRNN, T = 4, initial state zeros: diverged in" in capsys.readouterr().out


def test_an_error_that_is_no_number_is_null_in_the_report(tmp_path):
    task = memory_task("adding", 4)
    watch = long_memory.Watch(task, StopOnNaN())
    watch.set_model(SimpleNamespace(stop_training=False))
    watch.on_train_batch_end(0)
    watch.on_epoch_end(0, {"val_loss": math.inf})
    watch.on_epoch_end(1, {"val_loss": math.nan})
    assert not watch.solved
    line = dict.fromkeys(LINE, 0) | {"cell": "IRNN", "length": 4, "curve": watch.curve}
    config = long_memory.Config(out=str(tmp_path / "run"))
    long_memory.save(config, {4: task}, [line], overwrite=False)
    assert report_of(tmp_path / "run")["runs"][0]["curve"] == [[1, None], [1, None]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cells", "GRU,GRUU"], "--cells must be some of AntisymmetricRNN.*received 'GRUU'"),
        (["--lengths", "50,x"], "--lengths must be whole numbers.*received '50,x'"),
        (["--lengths", "0"], "--lengths must be whole numbers"),
        (["--lengths", "1"], "a step in each half; received length=1"),
        (["--task", "pixels", "--lengths", "50"], "a square number; received length=50"),
        (["--task", "rows", "--lengths", "7"], "8 pixels a side; received size=7"),
        (["--permute"], "--permute puts pixels in another order; received --task adding"),
        (["--task", "copy", "--data", "tfds:mnist"], "--data tfds:mnist with --task copy"),
        (["--learning-rate", "0"], "learning_rate must be a positive, finite number"),
        (["--steps", "-1"], "steps must be a positive integer"),
        (["--batch-size", "-1"], "batch_size must be a positive integer"),
    ],
)
def test_a_mistake_is_told_before_anything_is_trained(options, message, tmp_path):
    with pytest.raises(KitError, match=message):
        long_memory.main([*options, "--out", str(tmp_path / "run")])
    assert not list(tmp_path.iterdir())
