"""The inference benchmark at toy sizes: it runs, it agrees, it refuses; no time is asserted."""

import json

import numpy as np
import onnx
import pytest

from benchmarks import (
    generation,
    grid,
    inference,
    inference_asked,
    loading,
    onnx_graphs,
    onnx_runs,
    served_models,
    torch_layers,
)
from benchmarks.grid import Shape
from benchmarks.onnx_graphs import STRUCTURES
from benchmarks.peers import OURS
from benchmarks.report import Row
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import open_session
from tests.catalogue import THOROUGH, cases_of

TINY = Shape(3, 6, 4, 5)
RNN = onnx_graphs.PEERS[2:]
SHAPE = {"B, T, E, H": "3, 6, 4, 5"}


def graphs_of(structure="SimpleRNN", *, masked=False, logits=True, seed=0):
    both = onnx_graphs.models(
        structure, TINY.features, TINY.units, masked=masked, logits=logits, seed=seed
    )
    return onnx_graphs.onnx_graphs(*both, structure)


@pytest.fixture(scope="module")
def graphs():
    """Unmasked graphs with an output layer."""
    return graphs_of()


def _operators(graph):
    return [node.op_type for node in onnx.load_from_string(graph).graph.node]


def test_each_peer_is_what_its_name_says(graphs):
    assert tuple(graphs) == onnx_graphs.PEERS
    assert "Scan" in _operators(graphs[OURS])
    assert "Loop" in _operators(graphs[onnx_graphs.KERAS_EXPORT])
    assert all("RNN" in _operators(graphs[peer]) for peer in RNN)
    by_hand = "Transpose Gather RNN Squeeze MatMul Add Transpose"
    assert _operators(graphs["RNN, by hand"]) == by_hand.split()


@pytest.mark.parametrize("threads", cases_of([1, 2], [2]))
def test_every_graph_is_timed_and_agrees(graphs, threads):
    row = onnx_runs.run_row(graphs, TINY, masked=False, threads=threads, rounds=2, seconds=0)
    assert tuple(row.times) == onnx_graphs.PEERS
    assert {len(seconds) for seconds in row.times.values()} == {2}
    assert max(row.differences.values()) <= onnx_runs.TOLERANCE
    assert row.case == {"layer": "SimpleRNN", **SHAPE, "masked": "no", "threads": threads}


@pytest.mark.parametrize(
    ("structure", "masked"),
    cases_of(
        [
            (structure, masked)
            for structure, kind in STRUCTURES.items()
            for masked in ((True, False) if kind.factors else (kind.masks,))
        ],
        # The benchmark itself checks all of them.
        [("SimpleRNN", False), ("conditional", True), ("encoder-decoder", True)],
    ),
)
def test_every_structure_agrees_with_all_its_peers(structure, masked):
    rows = list(inference.structure_rows(structure, [TINY], masked, True, [1, 2], 1, 0))
    assert [row.case["threads"] for row in rows] == [1, 2]
    kind = STRUCTURES[structure]
    expected = {OURS, onnx_graphs.KERAS_EXPORT}
    expected |= {onnx_graphs.OPERATOR} if kind.operator else set()
    expected |= {onnx_graphs.BY_HAND} if structure == "SimpleRNN" and not masked else set()
    torch = kind.torch and not masked and torch_layers.installed()
    expected |= {served_models.TORCH} if torch else set()
    assert set(rows[0].times) == expected
    assert set(rows[1].times) == expected | {served_models.TRACED}
    for row in rows:
        assert row.case["layer"] == structure
        assert max(row.differences.values()) <= onnx_runs.TOLERANCE


def test_what_has_one_length_has_a_graph_for_each(monkeypatch):
    made = []
    monkeypatch.setattr(onnx_graphs, "onnx_graphs", lambda ours, theirs, _: made.append(ours))
    monkeypatch.setattr(onnx_runs, "run_row", lambda graphs, shape, **_: shape)
    shapes = [TINY, Shape(1, 6, 4, 5), Shape(3, 7, 4, 5)]
    for structure, lengths in (("balanced tree", [6, 7]), ("deep transition", [None])):
        made.clear()
        assert list(inference.structure_rows(structure, shapes, False, True, [1], 1, 0)) == shapes
        assert [model.input_shape[1] for model in made] == lengths


@pytest.mark.parametrize("shape", [TINY, Shape(1, 6, 4, 5)])
def test_the_mask_matters(shape):
    graphs = graphs_of(masked=True, logits=False)
    assert tuple(graphs) == onnx_graphs.PEERS[:3]
    row = onnx_runs.run_row(graphs, shape, masked=True, threads=1, rounds=1, seconds=0)
    assert set(row.times) == set(graphs)
    tokens = np.array([[3, 7, 0, 0]], np.int32)
    (hidden,) = open_session(graphs[OURS]).run(None, {"tokens": tokens})
    assert hidden.shape == (1, 4, 5)
    np.testing.assert_array_equal(hidden[:, 2], hidden[:, 1])  # a masked step repeats the last


def test_a_graph_that_computes_something_else_is_not_timed(graphs, monkeypatch):
    other = graphs_of(seed=1)
    monkeypatch.setattr(onnx_runs, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    wrong = {**graphs, "RNN, by hand": other["RNN, by hand"]}
    with pytest.raises(KitError, match="output of RNN, by hand is away by") as caught:
        onnx_runs.run_row(wrong, TINY, masked=False, threads=1, rounds=1)
    assert "Keras export is" not in str(caught.value)


@THOROUGH
def test_whole_numbers_are_timed_beside_float32(monkeypatch):
    monkeypatch.setattr(inference, "INT8_KINDS", ("GRU",))
    (row,) = inference.int8_rows([Shape(1, 2, 128, 512)], 1)
    assert tuple(row.times) == (OURS, inference.INT8)
    assert 1e-5 < row.differences[inference.INT8] < 0.2
    faster = Row(row.case, {OURS: [0.003], inference.INT8: [0.001]})
    (asked,) = inference_asked.of_int8([faster], inference.INT8)
    assert (asked.what, asked.measured, asked.met) == (
        "GRU: kit in float32 / in int8, B = 1",
        "3.00 (1, 2, 128, 512, threads 1)",
        True,
    )


def test_generation_times_all_ways():
    row = generation.generation_row(rounds=2, units=6, embedding=3, window=4, ours=7, theirs=2)
    assert tuple(row.times) == generation.PEERS
    assert set(row.differences) == {generation.PREDICT, generation.TRACED}
    assert row.case == {"V": grid.VOCABULARY, "H": 6}


def test_generation_that_reads_something_else_is_not_timed(monkeypatch):
    def shifted(run):
        return lambda tokens, window: (run(np.roll(window, 1, axis=1))[:, -1], window)

    monkeypatch.setattr(generation, "_windowed", shifted)
    monkeypatch.setattr(generation, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(KitError, match=r"logits of model\.predict is away by"):
        generation.generation_row(rounds=1, units=6, embedding=3, window=4)


def test_the_window_slides():
    seen = []

    def run(ids):
        seen.append(ids.tolist())
        return np.zeros((1, 3, 5))

    step = generation._windowed(run)
    window = np.array([[9, 1, 2]])
    logits, window = step(np.array([3]), window)
    assert logits.shape == (1, 5)
    step(np.array([4]), window)
    assert seen == [[[1, 2, 3]], [[2, 3, 4]]]


@THOROUGH
def test_the_command_prints_tables_and_keeps_other_sections(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(grid, "INFERENCE", (TINY, Shape(9, 9, 9, 9)))
    row = Row({"V": 69, "H": 256}, {peer: [0.5] for peer in generation.PEERS})
    monkeypatch.setattr(generation, "generation_row", lambda rounds: row)
    path = tmp_path / "inference.json"
    arguments = ["--quick", "--output", "hidden", "--json", str(path), "--only"]
    assert inference.main([*arguments, "generation,LSTM"]) == 0
    out, err = capsys.readouterr()
    assert "## LSTM, ONNX on CPU, tokens to hidden" in out
    assert out.count("| 3, 6, 4, 5 |") == 4
    assert "9, 9, 9, 9" not in out
    assert "| model.predict " in out
    assert err.count("B, T, E, H 3, 6, 4, 5, masked") == 4
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["output"] == "hidden"
    assert {name: len(rows) for name, rows in read["sections"].items()} == {
        "LSTM": 4,
        "generation": 1,
    }
    assert all(one["what"] in out for one in read["asked"])
    assert inference.main([*arguments, "balanced tree"]) == 0
    read = json.loads(path.read_text(encoding="utf-8"))
    assert set(read["sections"]) == {"LSTM", "generation", "balanced tree"}
    masked = [row["case"]["masked"] for row in read["sections"]["balanced tree"]]
    assert masked == ["no", "no"]  # a tree has no masked form; with 1 and with 2 threads
    with pytest.raises(KitError, match="--only must name sections; received 'RNN'"):
        inference.main([*arguments, "RNN"])


def _row(ours, keras, by_hand=None, shape="1, 100, 64, 128", layer="SimpleRNN", masked="no"):
    times = {OURS: [ours], "Keras export": [keras]}
    if by_hand is not None:
        times["RNN, by hand"] = [by_hand]
    return Row({"layer": layer, "B, T, E, H": shape, "masked": masked, "threads": 1}, times)


@pytest.mark.parametrize(
    ("ours", "theirs", "met"),
    [
        (1.04e-3, 1e-3, True),  # 4%
        (1.06e-3, 1e-3, False),  # 6%, 60 µs
        (0.109e-3, 0.1e-3, True),  # 9%, but 9 µs
        (0.111e-3, 0.1e-3, False),
        (0.1e-3, 0.3e-3, True),
    ],
)
def test_the_allowance_is_the_larger_of_a_share_and_a_time(ours, theirs, met):
    rows = [_row(ours, 1.0), _row(ours, theirs)]
    (asked,) = inference_asked.no_slower("x", rows, ["Keras export"])
    assert asked.met is met
    assert asked.measured.startswith(f"{theirs / ours:.2f} (")
    assert ("1 of 2 pairs slower" in asked.measured) is not met


def test_what_is_asked_goes_by_batch_and_width():
    rows = [
        _row(1.0, 4.0, by_hand=0.5),
        _row(1.0, 1.6, shape="32, 20, 64, 128"),
        _row(1.0, 1.1, shape="32, 20, 128, 512"),
        _row(1.0, 0.9, shape="1, 1, 64, 64"),  # of a single step nothing more is asked
        _row(1.0, 1.9, layer="GRU", masked="yes"),
        _row(1.0, 1.1, layer="deep transition"),  # not to be slower is all that is asked
    ]
    asked = {one.what: (one.measured, one.met) for one in inference_asked.of_graphs(rows)}
    assert asked == {
        "SimpleRNN: no slower than any ONNX peer": (
            "0.50 (1, 100, 64, 128, threads 1, RNN, by hand); 2 of 5 pairs slower",
            False,
        ),
        "SimpleRNN: Keras export / kit, B = 1, T ≥ 20": ("4.00 (1, 100, 64, 128, threads 1)", True),
        "SimpleRNN: Keras export / kit, B = 32, H ≤ 256": (
            "1.60 (32, 20, 64, 128, threads 1)",
            True,
        ),
        "SimpleRNN: Keras export / kit, H = 512": ("1.10 (32, 20, 128, 512, threads 1)", False),
        "GRU, masked: no slower than any ONNX peer": (
            "1.90 (1, 100, 64, 128, threads 1, Keras export)",
            True,
        ),
        "GRU, masked: Keras export / kit, B = 1, T ≥ 20": (
            "1.90 (1, 100, 64, 128, threads 1)",
            False,
        ),
        "deep transition: no slower than any ONNX peer": (
            "1.10 (1, 100, 64, 128, threads 1, Keras export)",
            True,
        ),
    }


def test_generation_is_judged_by_characters_a_second():
    times = {
        generation.STREAM: [0.001],
        generation.GENERATE: [0.002],
        generation.GRAPH: [0.0005],
        generation.GRAPH_OF_MANY: [0.0002],
        generation.PREDICT: [0.8],
        generation.TRACED: [0.01],
    }
    row = Row({}, times)
    asked = inference_asked.of_generation(inference.rates_of(row))
    assert [(one.measured, one.met) for one in asked] == [
        ("800.00", False),
        ("10.00", False),
        ("2.00", True),
        ("5.00", False),
    ]
    lines = inference.generation_table(row).split("\n")
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert cells == [
        ["kit, stream", "1,000", "–"],
        ["kit, generate", "500", "2.00"],
        ["kit, generate.onnx", "2,000", "0.500"],
        ["kit, generate.onnx, 64 texts", "5,000", "0.200"],
        ["model.predict", "1.25", "800"],
        ["tf.function", "100", "10.0"],
    ]


@THOROUGH
def test_loading_is_timed_in_processes_of_their_own(monkeypatch):
    monkeypatch.setattr(loading, "UNITS", 8)
    row = loading.loading_row(1)
    assert tuple(row.times) == loading.PEERS
    assert all(0 < seconds[0] < 60 for seconds in row.times.values())
    slow = Row({}, {loading.RUNTIME: [0.6], loading.LOAD: [0.04]})
    assert [(one.measured, one.met) for one in inference_asked.of_loading(slow)] == [
        ("600.00 ms", False),
        ("40.00 ms", True),
    ]
