"""The inference benchmark at toy sizes: it runs, it agrees, it refuses; no time is asserted."""

import json

import numpy as np
import onnx
import pytest

from benchmarks import generation, grid, inference, onnx_graphs, onnx_runs
from benchmarks.grid import Shape
from benchmarks.layer_step import GRU, LSTM
from benchmarks.peers import OURS
from benchmarks.report import Row
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import open_session

TINY = Shape(3, 6, 4, 5)
RNN = onnx_graphs.PEERS[2:]


@pytest.fixture(scope="module")
def graphs():
    """Unmasked graphs with an output layer."""
    return onnx_graphs.onnx_graphs(TINY, masked=False, logits=True)


def _operators(graph):
    return [node.op_type for node in onnx.load_from_string(graph).graph.node]


def test_each_peer_is_what_its_name_says(graphs):
    assert tuple(graphs) == onnx_graphs.PEERS
    assert "Scan" in _operators(graphs[OURS])
    assert "Loop" in _operators(graphs[onnx_graphs.KERAS_EXPORT])
    assert all("RNN" in _operators(graphs[peer]) for peer in RNN)
    by_hand = "Transpose Gather RNN Squeeze MatMul Add Transpose"
    assert _operators(graphs["RNN, by hand"]) == by_hand.split()


@pytest.mark.parametrize("threads", [1, 2])
def test_every_graph_is_timed_and_agrees(graphs, threads):
    row = onnx_runs.run_row(graphs, TINY, masked=False, threads=threads, rounds=2, seconds=0)
    assert tuple(row.times) == onnx_graphs.PEERS
    assert {len(seconds) for seconds in row.times.values()} == {2}
    assert max(row.differences.values()) <= onnx_runs.TOLERANCE
    shape = {"B, T, E, H": "3, 6, 4, 5"}
    assert row.case == {"layer": "SimpleRNN", **shape, "masked": "no", "threads": threads}


@pytest.mark.parametrize("kind", [GRU, LSTM])
@pytest.mark.parametrize("masked", [True, False])
def test_gated_graphs_agree(kind, masked):
    graphs = onnx_graphs.onnx_graphs(TINY, masked=masked, logits=True, kind=kind)
    assert tuple(graphs) == onnx_graphs.PEERS[:2]
    assert kind.name in _operators(graphs[OURS])
    how = {"rounds": 1, "seconds": 0, "layer": kind.name}
    row = onnx_runs.run_row(graphs, TINY, masked=masked, threads=1, **how)
    assert row.case["layer"] == kind.name


@pytest.mark.parametrize("shape", [TINY, Shape(1, 6, 4, 5)])
def test_masked_graphs_agree_and_the_mask_matters(shape):
    graphs = onnx_graphs.onnx_graphs(shape, masked=True, logits=False)
    assert tuple(graphs) == onnx_graphs.PEERS[:3]
    row = onnx_runs.run_row(graphs, shape, masked=True, threads=1, rounds=1, seconds=0)
    assert set(row.times) == set(graphs)
    tokens = np.array([[3, 7, 0, 0]], np.int32)
    (hidden,) = open_session(graphs[OURS]).run(None, {"tokens": tokens})
    assert hidden.shape == (1, 4, 5)
    np.testing.assert_array_equal(hidden[:, 2], hidden[:, 1])  # a masked step repeats the last


def test_a_graph_that_computes_something_else_is_not_timed(graphs, monkeypatch):
    other = onnx_graphs.onnx_graphs(TINY, masked=False, logits=True, seed=1)
    monkeypatch.setattr(onnx_runs, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    wrong = {**graphs, "RNN, by hand": other["RNN, by hand"]}
    with pytest.raises(KitError, match="output of RNN, by hand is away by") as caught:
        onnx_runs.run_row(wrong, TINY, masked=False, threads=1, rounds=1)
    assert "Keras export is" not in str(caught.value)


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


def test_the_command_prints_tables_and_writes_json(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(grid, "INFERENCE", (TINY, Shape(9, 9, 9, 9)))
    monkeypatch.setattr(grid, "INFERENCE_ASKED", TINY)
    row = Row({"V": 69, "H": 256}, {peer: [0.5] for peer in generation.PEERS})
    monkeypatch.setattr(generation, "generation_row", lambda rounds: row)
    path = tmp_path / "inference.json"
    assert inference.main(["--quick", "--output", "hidden", "--json", str(path)]) == 0
    out, err = capsys.readouterr()
    assert "## ONNX on CPU, tokens to hidden" in out
    assert out.count("| 3, 6, 4, 5 |") == 12
    assert "9, 9, 9, 9" not in out
    assert "| model.predict " in out
    assert err.count("B, T, E, H 3, 6, 4, 5, masked") == 12
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["output"] == "hidden"
    assert [len(rows) for rows in read["sections"].values()] == [12, 1]
    assert read["sections"]["generation"][0]["characters_per_second"]["model.predict"] == 2.0
    assert len(read["asked"]) == 12
    assert all(one["what"] in out for one in read["asked"])


def _row(ours, keras, by_hand=None):
    times = {OURS: [ours], "Keras export": [keras]}
    if by_hand is not None:
        times["RNN, by hand"] = [by_hand]
    shape = str(grid.INFERENCE_ASKED)
    case = {"layer": "SimpleRNN", "B, T, E, H": shape, "masked": "no", "threads": 1}
    return Row(case, times)


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
    (asked,) = inference.no_slower("x", [_row(ours, 1.0), _row(ours, theirs)], ["Keras export"])
    assert asked.met is met
    assert asked.measured.startswith(f"{theirs / ours:.2f} (")


def test_what_is_asked_has_both_kinds_and_the_factor():
    asked = inference.asked_of([_row(1.0, 4.0, by_hand=0.5)])
    assert [(one.what.split(":")[0], one.met) for one in asked] == [
        ("masked no", True),
        ("masked no", False),
        ("SimpleRNN, masked no", True),
    ]
    assert "0.50 (SimpleRNN 1, 100, 64, 128, threads 1, RNN, by hand)" in asked[1].measured
    assert "4.00 (threads 1)" in asked[2].measured


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
    asked = inference.asked_of_generation(row)
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
