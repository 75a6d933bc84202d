"""The timing helper: whose turn it is, what is counted, the table, the file; under a fake clock."""

import gc
import json
import os
import platform

import numpy as np
import pytest

from benchmarks import timing
from benchmarks.timing import (
    alternate,
    machine_facts,
    median_ms,
    napping_threads,
    read_json,
    table,
    write_json,
)
from keras_rnn_kit.errors import KitError


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the timed functions move."""

    class Clock:
        now = 0.0

        def spend(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock.now)
    return clock


def test_functions_take_turns_and_the_first_place_rotates(clock):
    calls = []
    functions = {name: lambda name=name: calls.append(name) for name in "abc"}
    alternate(functions, rounds=4, warmup=1)
    assert "".join(calls) == "abc" + "abc" + "bca" + "cab" + "abc"


def test_the_time_of_each_round_goes_to_its_function(clock):
    growing = iter(range(1, 100))
    times = alternate(
        {"slow": lambda: clock.spend(next(growing)), "fast": lambda: clock.spend(0.5)},
        rounds=3,
        warmup=2,
    )
    assert times.seconds == {"slow": [3, 4, 5], "fast": [0.5, 0.5, 0.5]}


def test_the_processor_is_charged_beside_the_clock(clock, monkeypatch):
    monkeypatch.setattr(timing.time, "process_time", lambda: 2 * clock.now)  # two threads
    functions = {"a": lambda: clock.spend(1.0), "b": lambda: clock.spend(0.25)}
    times = alternate(functions, rounds=2, warmup=1, min_seconds=1.0)
    assert times.seconds == {"a": [1.0, 1.0], "b": [0.25, 0.25]}
    assert times.cpu_seconds == {"a": [2.0, 2.0], "b": [0.5, 0.5]}  # a call, not a timing


def test_short_calls_are_repeated_and_the_mean_is_given(clock):
    calls = {"short": 0, "long": 0}

    def call(name, seconds):
        calls[name] += 1
        clock.spend(seconds)

    times = alternate(
        {"short": lambda: call("short", 0.25), "long": lambda: call("long", 3.0)},
        rounds=2,
        warmup=0,
        min_seconds=1.0,
    )
    assert times.seconds == {"short": [0.25, 0.25], "long": [3.0, 3.0]}
    assert calls == {"short": 1 + 2 * 4, "long": 1 + 2 * 1}  # one call first to learn its time


def test_no_garbage_is_collected_meanwhile_and_the_setting_comes_back():
    seen = []

    def look():
        seen.append(gc.isenabled())
        if len(seen) == 3:
            raise RuntimeError("stop")

    assert gc.isenabled()
    with pytest.raises(RuntimeError, match="stop"):
        alternate({"look": look}, rounds=5, warmup=1)
    assert seen == [True, False, False]
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"functions": {}}, "functions must not be empty"),
        ({"rounds": 0}, "received rounds=0"),
        ({"warmup": -1}, "warmup=-1"),
        ({"min_seconds": -0.5}, "min_seconds=-0.5"),
    ],
)
def test_wrong_arguments_are_told(change, message):
    with pytest.raises(KitError, match=message):
        alternate(**({"functions": {"one": int}, "rounds": 1} | change))


def test_median_is_of_the_middle_and_in_milliseconds():
    assert median_ms([0.004, 0.001, 9.0]) == 4.0
    assert median_ms([0.001, 0.002]) == 1.5
    with pytest.raises(KitError, match="seconds must not be empty"):
        median_ms([])


def test_table_lines_up_and_formats_numbers():
    rows = [["a|b", 1234.6, np.float64(0.001234), 7], ["longer", 0.0, None, 12], ["c", 86.84, 2, 3]]
    text = table(rows, ["name", "x", "y", "n"])
    assert text.split("\n") == [
        "| name   |     x |       y |  n |",
        "|--------|------:|--------:|---:|",
        "| a\\|b   | 1,235 | 0.00123 |  7 |",
        "| longer |  0.00 |       – | 12 |",
        "| c      |  86.8 |       2 |  3 |",
    ]


def test_table_puts_mixed_and_empty_columns_to_the_left():
    lines = table([["x", 1, None], ["y", "two", None]], ["k", "v", "none"]).split("\n")
    assert lines[1] == "|---|-----|------|"
    assert table([], ["k"]).split("\n") == ["| k |", "|---|"]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (-4.3, "-4.30"),
        (9.999, "10.0"),
        (999.9, "1,000"),
        (np.float32(0.12345), "0.123"),
        (np.int64(1234), "1234"),
        (True, "True"),
    ],
)
def test_single_cells(value, shown):
    assert table([[value]], ["v"]).split("\n")[2].strip("| ") == shown


def test_a_ragged_row_is_told():
    with pytest.raises(KitError, match=r"must have 2 cells.*received 1 in row 1"):
        table([[1, 2], [3]], ["a", "b"])


def test_json_has_the_payload_and_the_machine(tmp_path):
    path = tmp_path / "new" / "out.json"
    write_json(path, {"ms": {"kit": np.float32(0.5)}, "runs": np.arange(2), "name": "β"})
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read.pop("machine") == machine_facts()
    assert read == {"ms": {"kit": 0.5}, "runs": [0, 1], "name": "β"}
    assert os.listdir(path.parent) == ["out.json"]


def test_facts_hold_versions_and_no_name_of_the_machine():
    facts = machine_facts()
    assert facts["cores"] >= 1
    assert facts["versions"]["numpy"] == np.__version__
    text = json.dumps(facts)
    assert platform.node() == "" or platform.node() not in text
    assert "/" not in text  # no path


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"machine": 1}, "out.json has the machine's facts under 'machine'"),
        ({"ms": float("nan")}, "out.json must hold what JSON can say"),
        ({"ms": object()}, r"\(object is not JSON\)"),
    ],
)
def test_a_payload_that_json_cannot_hold_leaves_the_old_file(tmp_path, payload, message):
    path = tmp_path / "out.json"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(KitError, match=message):
        write_json(path, payload)
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old", encoding="utf-8")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(timing.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_json(path, {"ms": 1})
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == ["out.json"]


def test_what_was_written_is_read_back_and_another_file_refused(tmp_path):
    path = tmp_path / "out.json"
    assert read_json(path, "training") == {}
    write_json(path, {"benchmark": "training", "sections": {}})
    assert read_json(path, "training")["sections"] == {}
    with pytest.raises(KitError, match="must be a file of the benchmark 'cells'"):
        read_json(path, "cells")
    for text in ("[]", "no JSON"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(KitError, match=r"out\.json, which is something else"):
            read_json(path, "training")


def test_threads_are_told_to_sleep_unless_somebody_has_said_otherwise(monkeypatch):
    monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT", raising=False)
    with napping_threads():
        assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == "20"
    monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", "26")
    with napping_threads():
        assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == "26"
