"""The command of the cells' page at toy sizes, and the page."""

import json

import pytest

from benchmarks import adding_problem, cell_lines, cells, grid, small_language_model
from benchmarks.cells_page import cells_page, lines_table
from benchmarks.grid import Shape
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import GRU, SimpleRNN
from tests.catalogue import THOROUGH

TINY = Shape(3, 5, 2, 4)
FACTS = {"cores": 2, "processor": "x", "versions": {"tensorflow": "1", "keras": "2", "python": "3"}}
LINE = {
    "parameters": 12345,
    "ms": {"kit": 2.0, "Keras": 5.0},
    "ratio": 2.5,
    "adding_problem": 0.00123,
    "language_model": {"nats": 1.6789, "units": 128, "parameters": 99_000},
}


@pytest.fixture
def layers(monkeypatch):
    """Two layers, and lines that say which run made them."""
    known = {"GRU": GRU, "SimpleRNN": SimpleRNN}
    monkeypatch.setattr(cells, "named_layers", lambda: known)
    runs = []

    def line_of(layer_class, plan, corpus):
        runs.append(layer_class.__name__)
        if runs.count(layer_class.__name__) > 9:
            raise KitError("stop")
        return {**LINE, "parameters": 100 + len(runs)}

    monkeypatch.setattr(cells.cell_lines, "line_of", line_of)
    return runs


@pytest.fixture
def run(tmp_path):
    def run(*options):
        paths = ["--json", str(tmp_path / "cells.json"), "--page", str(tmp_path / "new/cells.md")]
        assert cells.main([*paths, *options]) == 0
        return (tmp_path / "new/cells.md").read_text(encoding="utf-8")

    return run


def test_one_line_is_measured_anew_and_the_others_stay(layers, run):
    page = run()
    assert layers == ["GRU", "SimpleRNN"]
    assert "`GRU`       | 101" in page
    assert "`SimpleRNN` | 102" in page
    page = run("--only", "SimpleRNN")
    assert layers == ["GRU", "SimpleRNN", "SimpleRNN"]
    assert "`GRU`       | 101" in page
    assert "`SimpleRNN` | 103" in page


def test_missing_lines_are_named_and_can_be_asked_for(layers, run):
    page = run("--only", "SimpleRNN")
    assert "Not measured yet: GRU." in page
    page = run("--only", "missing")
    assert layers == ["SimpleRNN", "GRU"]
    assert "Not measured yet" not in page
    assert page.index("`GRU`") < page.index("`SimpleRNN`")


def test_every_line_is_saved_as_soon_as_it_is_there(layers, run, tmp_path, monkeypatch):
    layers += ["SimpleRNN"] * 9  # the tenth stops
    with pytest.raises(KitError, match="stop"):
        run()
    read = json.loads((tmp_path / "cells.json").read_text(encoding="utf-8"))
    assert list(read["cells"]) == ["GRU"]


def test_lines_of_other_settings_are_not_added_to(layers, run, tmp_path):
    run("--rounds", "3")
    with pytest.raises(KitError, match=r"differs in timing\. Pass the same options"):
        run("--only", "GRU")
    text = tmp_path / "text.txt"
    text.write_text("abcd" * 10, encoding="utf-8")
    with pytest.raises(KitError, match=r"differs in text\. "):
        run("--only", "GRU", "--rounds", "3", "--text", str(text))
    assert layers == ["GRU", "SimpleRNN"]


def test_an_unknown_layer_and_text_are_told(layers, run):
    with pytest.raises(KitError, match=r"received 'RNN'\. Pass some of GRU, SimpleRNN, .*'miss"):
        run("--only", "GRU,RNN")
    with pytest.raises(KitError, match=r"nowhere\.txt must be a file that can be read"):
        run("--text", "nowhere.txt")


def test_quick_writes_no_page_to_quote(layers, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cells.main(["--quick"]) == 0
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("cells.*")} == {
        cells.QUICK_JSON,
        cells.QUICK_PAGE,
    }


@THOROUGH
def test_a_line_has_all_its_figures(monkeypatch, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("abcd" * 500, encoding="utf-8")
    plan = cell_lines.Plan(
        shape=TINY,
        rounds=1,
        adding=adding_problem.Settings(length=4, units=3, steps=2, validation=64),
        model=small_language_model.Settings(parameters=300, steps=2, batch_size=4, seq_length=10),
        text=str(text),
    )
    line = cell_lines.line_of(SimpleRNN, plan, plan.corpus())
    assert line["parameters"] == 2 * 128 * 128 + 128
    # Milliseconds are 1000 times as much, and rounded.
    assert line["ratio"] == pytest.approx(line["ms"]["Keras"] / line["ms"]["kit"])
    assert line["adding_problem"] > 0
    assert set(line["language_model"]) == {"nats", "units", "parameters"}
    settings = plan.to_json()
    assert settings["text"]["name"] == "text.txt"
    assert str(tmp_path) not in json.dumps(settings)
    page = cells_page(settings, {"SimpleRNN": line}, [], FACTS)
    assert "(3, 5, 2, 4)" in page
    assert "`text.txt`" in page
    assert "{" not in page


def test_the_table_says_what_diverged_and_what_was_not_run():
    no_model = {**LINE["language_model"], "nats": None}
    lost = {**LINE, "adding_problem": None, "language_model": no_model}
    lines = lines_table({"GRU": LINE, "A": lost, "B": {**LINE, "language_model": None}}).split("\n")
    cells_of = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    figures = ["12,345", "2.00", "5.00", "2.50", "0.0012", "1.679", "128", "99,000"]
    assert cells_of[0] == ["`GRU`", *figures]
    assert cells_of[1][5:7] == ["diverged", "diverged"]
    assert cells_of[2][6:] == ["–", "–", "–"]


def test_the_timed_shape_is_on_the_grid():
    assert cells.plan_of(cells.Config()).shape == grid.CELLS[0] == Shape(32, 100, 64, 128)
