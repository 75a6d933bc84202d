"""What is asked of training, from made-up times."""

from benchmarks import asked, grid
from benchmarks.fresh import AFTER_SMALL, Memory
from benchmarks.peers import AS_IT_COMES, BOUND, JIT, OURS, TORCH, UNROLL
from benchmarks.report import Row


def row(units, case=None, **ratios):
    """The kit takes a second; the peers as many as are given."""
    peers = {"keras": AS_IT_COMES, "jit": JIT, "unroll": UNROLL, "torch": TORCH, "bound": BOUND}
    times = {OURS: [1.0], **{peers[name]: [ratio] for name, ratio in ratios.items()}}
    return Row({**(case or {}), "B, T, E, H": f"1, 2, 3, {units}"}, times)


def by_what(found):
    return {one.what.removeprefix("layer: "): (one.measured, one.met) for one in found}


def test_each_width_of_the_simple_layer_has_its_figures():
    rows = [
        row(64, keras=3.0, jit=2.0, unroll=1.3, torch=1.7),
        row(128, keras=1.9, jit=3.6, unroll=2.0, torch=2.5, bound=0.5),
        row(256, keras=1.5, jit=9.0, unroll=1.2, torch=1.3, bound=0.8),
        row(512, keras=1.45, jit=9.0, unroll=1.5, torch=1.25, bound=0.76),
    ]
    assert by_what(asked.of_simple_rnn("layer", rows)) == {
        "Keras / kit, H ≤ 128": ("1.90 (1, 2, 3, 128)", False),
        "Keras / kit, every shape": ("1.45 (1, 2, 3, 512)", True),
        "the fastest of Keras's three / kit, H ≤ 128": ("1.30 (1, 2, 3, 64)", False),
        "the fastest of Keras's three / kit, every shape": ("1.20 (1, 2, 3, 256)", True),
        "PyTorch / kit, H ≤ 128": ("1.70 (1, 2, 3, 64)", False),
        "PyTorch / kit, every shape": ("1.25 (1, 2, 3, 512)", True),
        "Keras jit_compile / kit, H ≥ 128": ("3.60 (1, 2, 3, 128)", True),
        "share of the bound, H ≥ 256": ("76.00 % (1, 2, 3, 512)", True),
        "share of the bound, H = 128": ("50.00 % (1, 2, 3, 128)", False),
    }


def test_nothing_is_asked_of_what_did_not_run():
    found = by_what(asked.of_simple_rnn("layer", [row(64, keras=3.0)]))
    assert set(found) == {
        "Keras / kit, H ≤ 128",
        "Keras / kit, every shape",
        "the fastest of Keras's three / kit, H ≤ 128",
        "the fastest of Keras's three / kit, every shape",
    }


def test_the_worst_cell_is_named():
    rows = [row(8, {"cell": "GRU"}, keras=1.4), row(8, {"cell": "MGU"}, keras=1.2)]
    (found,) = asked.of_keras("layer", rows, 1.3)
    assert (found.asked, found.measured, found.met) == ("≥ 1.3", "1.20 (MGU, 1, 2, 3, 8)", False)


def test_each_structure_has_its_figure():
    rows = [row(units, {"structure": "tree"}, keras=ratio) for units, ratio in ((4, 1.6), (8, 1.4))]
    rows.append(row(8, {"structure": "decoder"}, keras=1.5))
    assert by_what(asked.of_structures("layer", rows)) == {
        "layer, tree: Keras / kit, every row": ("1.40 (tree, 1, 2, 3, 8)", False),
        "layer, decoder: Keras / kit, every row": ("1.50 (decoder, 1, 2, 3, 8)", True),
    }


def test_a_factor_is_asked_of_the_fit_step_at_one_shape():
    at = {"B, T, E, H": str(grid.TRAINING_ASKED)}
    rows = [row(8, keras=0.9), Row(at, {OURS: [1.0], AS_IT_COMES: [1.6]})]
    assert [(one.measured, one.met) for one in asked.of_fit("fit", rows)] == [
        ("0.90 (1, 2, 3, 8)", False),
        ("1.60", True),
    ]


def test_the_first_call_is_asked_for_in_seconds():
    (found,) = asked.of_first_call("call", [row(8), Row({"B, T, E, H": "4, 4, 4, 4"}, {OURS: [2]})])
    assert (found.asked, found.measured, found.met) == ("≤ 1.5 s", "2.00 s (4, 4, 4, 4)", False)


def test_memory_is_asked_for_with_and_without_what_a_process_loads_once():
    peaks = {OURS: [10], AS_IT_COMES: [9]}
    peaks |= {f"{peer}, {AFTER_SMALL}": [5] for peer in (OURS, AS_IT_COMES)}
    memory = Memory({"B, T, E, H": "1, 2, 3, 4"}, peaks)
    assert [(one.measured, one.met) for one in asked.of_memory("memory", [memory])] == [
        ("0.90 (1, 2, 3, 4)", False),
        ("1.00 (1, 2, 3, 4)", True),
    ]
