"""The command of the training benchmark: its sections at toy sizes, its file, its errors."""

import json
from unittest.mock import create_autospec

import pytest

from benchmarks import (
    cell_step,
    fit_step,
    fresh,
    grid,
    layer_step,
    sections,
    structure_step,
    structures,
    training,
)
from benchmarks.grid import Shape
from benchmarks.layer_step import GRU, LSTM, SIMPLE_RNN
from benchmarks.peers import AS_IT_COMES, OURS
from benchmarks.report import Asked, Row
from benchmarks.sections import SECTIONS, Table
from keras_rnn_kit.errors import KitError

TINY = Shape(3, 5, 2, 4)
LARGE = Shape(9, 9, 9, 9)
HEADINGS = {
    "simple-rnn": ["SimpleRNN alone, forward and", "SimpleRNN alone, right-padded"],
    "gru": ["GRU alone, forward and", "GRU alone, right-padded"],
    "lstm": ["LSTM alone, forward and", "LSTM alone, right-padded"],
    "cells": ["Every other cell"],
    "structures": ["Structures, forward and backward"],
    "fit": ["One step of fit, character model", "One step of fit, classifier"],
    "process": ["SimpleRNN, the first call of a process", "SimpleRNN, peak memory"],
}


@pytest.fixture
def tiny(monkeypatch):
    """One toy size of everything; what is timed is tested for itself."""
    monkeypatch.setattr(grid, "TRAINING", (TINY, LARGE))
    monkeypatch.setattr(grid, "CELLS", (TINY,))
    monkeypatch.setattr(grid, "STRUCTURES", (TINY, LARGE))
    monkeypatch.setattr(structure_step, "STRUCTURES", {"tree": structures.tree})
    monkeypatch.setattr(grid, "TRAINING_ASKED", TINY)
    effort = sections.Effort(rounds=1, shapes=1, cells=1, repeats=1)
    monkeypatch.setattr(training, "QUICK", effort)
    row = Row({"B, T, E, H": str(TINY)}, {OURS: [1.0], AS_IT_COMES: [2.0]})
    for module, name in ((layer_step, "layer_row"), (cell_step, "cell_row"), (fit_step, "fit_row")):
        monkeypatch.setattr(module, name, create_autospec(getattr(module, name), return_value=row))
    row = Row({"structure": "tree", **row.case}, row.times)
    faked = create_autospec(structure_step.structure_row, return_value=row)
    monkeypatch.setattr(structure_step, "structure_row", faked)
    figures = {"seconds": 0.5, "cpu_seconds": 0.5, "peak_bytes": 1e6}
    monkeypatch.setattr(fresh, "_process", lambda *_: figures)


def test_every_section_prints_tables_and_writes_json(tiny, tmp_path, capsys):
    path = tmp_path / "new" / "training.json"
    assert training.main(["--quick", "--rounds", "1", "--json", str(path)]) == 0
    out, err = capsys.readouterr()
    for heading in (heading for headings in HEADINGS.values() for heading in headings):
        assert f"## {heading}" in out
    assert "## Asked" in out
    assert err.count("B, T, E, H 3, 5, 2, 4: kit ") == sum(map(len, HEADINGS.values()))
    read = json.loads(path.read_text(encoding="utf-8"))
    assert list(read["sections"]) == list(SECTIONS) == list(HEADINGS)
    for name, section in read["sections"].items():
        assert (section["quick"], section["rounds"]) == (True, 1)
        assert [len(rows) for rows in section["tables"].values()] == [1] * len(HEADINGS[name])
        assert all(one["what"] in out for one in section["asked"])
    assert read["machine"]["cores"] >= 1
    ran = [call.args for call in layer_step.layer_row.call_args_list]
    # --quick leaves the larger shapes out; plain and masked.
    assert ran == [(kind, TINY) for kind in (SIMPLE_RNN, GRU, LSTM) for _ in range(2)]


def test_every_cell_has_a_section(tiny, monkeypatch):
    ran = []

    def row(layer, shape, *, rounds):
        ran.append(layer.__name__)
        return Row({"cell": layer.__name__, "B, T, E, H": str(shape)}, {OURS: [1.0]})

    monkeypatch.setattr(sections.cell_step, "cell_row", row)
    (table,) = sections.cells(sections.Effort(rounds=1))
    named = set(sections.cell_step.named_layers())
    assert set(ran) == named - {"SimpleRNN", "GRU", "LSTM"}
    assert len(table.rows) == len(ran)


@pytest.fixture
def fake_sections(monkeypatch):
    """Sections that only count their runs, and one that fails."""
    runs = []

    def section(name):
        def run(effort):
            runs.append(name)
            row = Row({"B, T, E, H": "1, 2, 3, 4"}, {OURS: [float(len(runs))]})
            return [Table(f"table of {name}", [row], "text", [Asked(name, "a", "b", met=True)])]

        return run

    def fails(effort):
        raise KitError("peers differ")

    known = {"one": section("one"), "two": section("two"), "bad": fails, "three": section("three")}
    monkeypatch.setattr(training, "SECTIONS", known)
    return runs


def test_only_keeps_the_other_sections_of_the_file(fake_sections, tmp_path, capsys):
    path = tmp_path / "training.json"
    for only, expected in (("one,three", ["one", "three"]), ("two, one", ["one", "two"])):
        fake_sections.clear()
        assert training.main(["--only", only, "--json", str(path)]) == 0
        assert fake_sections == expected
    read = json.loads(path.read_text(encoding="utf-8"))["sections"]
    assert set(read) == {"one", "two", "three"}
    (row,) = read["three"]["tables"]["table of three"]
    assert row["seconds"] == {OURS: [2.0]}
    assert "## Table of two" in capsys.readouterr().out


def test_what_was_measured_before_an_error_is_kept(fake_sections, tmp_path):
    path = tmp_path / "training.json"
    with pytest.raises(KitError, match="peers differ"):
        training.main(["--json", str(path)])
    assert set(json.loads(path.read_text(encoding="utf-8"))["sections"]) == {"one", "two"}


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("three,four", r"--only must name sections; received 'four'\. Pass some of one, two, bad"),
        ("", "received ''"),
    ],
)
def test_an_unknown_section_is_told(fake_sections, only, message, tmp_path):
    with pytest.raises(KitError, match=message):
        training.main(["--only", only, "--json", str(tmp_path / "x.json")])
    assert fake_sections == []
