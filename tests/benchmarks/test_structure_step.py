"""The structures at toy sizes: every peer runs and agrees, and one that doesn't is refused."""

import numpy as np
import pytest

from benchmarks import grid, structure_step
from benchmarks import stock_structures as stock
from benchmarks.grid import Shape
from benchmarks.peers import AS_IT_COMES, AT_ONCE, JIT, OURS
from keras_rnn_kit.errors import KitError
from tests.catalogue import cases_of

TINY = Shape(3, 5, 2, 4)
AT_ONCES = {"output feedback, forced", "both fed back, forced", "balanced tree"}
# The benchmark itself checks all of them.
USUAL = {"balanced tree", "both fed back, forced", "conditional"}


@pytest.mark.parametrize("name", cases_of(structure_step.STRUCTURES, USUAL))
def test_every_peer_is_timed_and_agrees(name):
    row = structure_step.structure_row(name, TINY, rounds=1, seconds=0)
    expected = {OURS, AS_IT_COMES, JIT} | ({AT_ONCE} if name in AT_ONCES else set())
    assert set(row.times) == set(row.cpu_times) == expected
    assert set(row.differences) == expected - {OURS}
    # As far as two orders of float32 sums may differ; 1e-6 is usual.
    assert max(row.differences.values()) <= structure_step.TOLERANCE
    assert row.case == {"structure": name, "B, T, E, H": "3, 5, 2, 4"}


def test_a_structure_that_computes_something_else_is_not_timed(monkeypatch):
    monkeypatch.setattr(stock, "one_later", lambda targets: targets)
    monkeypatch.setattr(structure_step, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(KitError, match=r"output feedback, forced .*outputs of Keras is away by"):
        structure_step.structure_row("output feedback, forced", TINY, rounds=1)


@pytest.mark.parametrize("by_level", [False, True])
@pytest.mark.parametrize("count", [1, 5, 7])
def test_the_stock_tree_composes_neighbors_and_an_odd_one_moves_up(by_level, count):
    class Digits(stock.keras.layers.Layer):
        def call(self, right, states):
            made = 2 * states[0] + 3 * right  # neither the order nor the depth can be mixed up
            return made, [made]

    tree = stock.BalancedTree(Digits(), by_level)
    nodes = list(np.arange(1.0, count + 1))
    leaves = np.array(nodes, "float32")[None, :, None]
    while len(nodes) > 1:
        pairs = [2 * a + 3 * b for a, b in zip(nodes[::2], nodes[1::2], strict=False)]
        nodes = pairs + nodes[2 * len(pairs) :]
    assert float(tree(leaves)[0, 0]) == nodes[0]  # small whole numbers: exact in float32


def test_the_asked_shape_is_among_the_structures():
    assert grid.TRAINING_ASKED in grid.STRUCTURES
