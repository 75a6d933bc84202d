"""Rows, tables and what was asked, from made-up times."""

import pytest

from benchmarks.peers import BOUND, OURS
from benchmarks.report import (
    Asked,
    Row,
    asked_table,
    at_least,
    at_most,
    check_arguments,
    noise,
    rows_table,
)
from benchmarks.timing import Turns
from keras_rnn_kit.errors import KitError

ROW = Row({"size": "8"}, {OURS: [0.001, 0.002, 0.009], "Keras": [0.005, 0.004]}, {"Keras": 1e-6})


def test_a_row_has_medians_and_ratios_to_ours():
    assert ROW.ms(OURS) == 2.0
    assert ROW.ratio("Keras") == pytest.approx(2.25)  # decimal fractions are rounded
    assert ROW.ms("torch") is None
    assert ROW.ratio("torch") is None
    assert str(ROW) == "size 8: kit 2 ms, Keras 4.5 ms"


def test_a_row_as_json_has_all_rounds():
    assert ROW.to_json() == {
        "case": {"size": "8"},
        "median_ms": {OURS: 2.0, "Keras": pytest.approx(4.5)},
        "ratio": {"Keras": pytest.approx(2.25)},
        "cpu_ratio": {},
        "largest_relative_difference": {"Keras": 1e-6},
        "seconds": {OURS: [0.001, 0.002, 0.009], "Keras": [0.005, 0.004]},
        "cpu_seconds": {},
    }


def test_a_row_of_turns_is_per_call_and_has_the_processors_time():
    turns = Turns({OURS: [4.0], "Keras": [8.0]}, {OURS: [8.0], "Keras": [4.0]})
    row = Row.of({"size": "8"}, turns, {"Keras": 0.0}, {OURS: 4, "Keras": 2})
    assert row.times == {OURS: [1.0], "Keras": [4.0]}
    assert row.cpu_times == {OURS: [2.0], "Keras": [2.0]}
    assert (row.ratio("Keras"), row.cpu_ratio("Keras")) == (4.0, 1.0)
    assert row.cpu_ratio("absent") is None
    assert row.to_json()["cpu_ratio"] == {"Keras": 1.0}
    assert Row.of({}, turns, {}).times == turns.seconds


def test_the_bound_and_the_processors_time_have_columns_of_their_own():
    times = {OURS: [0.004], "Keras": [0.008], BOUND: [0.003]}
    row = Row({"size": "8"}, times, cpu_times={OURS: [0.008], "Keras": [0.008]})
    header, _, line = rows_table([row], list(times), ["Keras"]).split("\n")
    names, cells = ([cell.strip() for cell in part.split("|")[1:-1]] for part in (header, line))
    assert dict(zip(names, cells, strict=True)) == {
        "size": "8",
        "kit ms": "4.00",
        "Keras ms": "8.00",
        "bound ms": "3.00",
        "Keras / kit": "2.00",
        "Keras / kit, CPU time": "1.00",
        "share of the bound, %": "75.0",
    }


def test_a_peer_that_ran_once_has_a_column_and_gaps():
    other = Row({"size": "9"}, {OURS: [0.001], "torch": [0.001]})
    lines = rows_table([ROW, other], [OURS, "Keras", "torch", "absent"]).split("\n")
    assert lines[0].split("|")[1:-1] == [
        " size ",
        " kit ms ",
        " Keras ms ",
        " torch ms ",
        " Keras / kit ",
        " torch / kit ",
    ]
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "8",
        "2.00",
        "4.50",
        "–",
        "2.25",
        "–",
    ]


def test_the_smallest_ratio_decides():
    ratios = {"a": 1.4, "b": 1.2, "c": None}
    assert at_least("layer", 1.25, ratios) == [Asked("layer", "≥ 1.25", "1.20 (b)", met=False)]
    assert at_least("layer", 1.2, ratios)[0].met
    assert at_least("layer", 1.5, {"": 1.6})[0].measured == "1.60"
    assert at_least("layer", 1.5, {"a": None}) == []
    assert asked_table(at_least("layer", 1.25, ratios)).split("\n")[2] == (
        "| layer | ≥ 1.25 | 1.20 (b) | NO  |"
    )


def test_the_largest_figure_decides_where_little_is_asked():
    seconds = {"a": 1.4, "b": 1.6, "c": None}
    expected = Asked("call", "≤ 1.5 s", "1.60 s (b)", met=False)
    assert at_most("call", 1.5, seconds, " s") == [expected]
    assert at_most("call", 1.6, seconds)[0].met
    assert at_most("call", 1.6, {"c": None}) == []


def test_noise_is_of_the_middle_half():
    steady = Row({}, {"kit": [1.0] * 10, "Keras": [2.0, 2.0, 2.0, 2.0, 90.0]})
    assert noise([steady]).endswith("0% of the median (typical), 0% (worst).")
    assert "single round" in noise([Row({}, {"kit": [1.0]})])


def test_wrong_arguments_are_told_before_the_work(tmp_path):
    with pytest.raises(KitError, match="--rounds must be 1 or more; received 0"):
        check_arguments(0, "x.json")
    with pytest.raises(KitError, match="--json must be a file; received the folder"):
        check_arguments(1, str(tmp_path))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(KitError, match="--json must lie in a folder"):
        check_arguments(1, str(tmp_path / "file" / "deep" / "x.json"))
    check_arguments(1, str(tmp_path / "new" / "x.json"))
    assert (tmp_path / "new").is_dir()
