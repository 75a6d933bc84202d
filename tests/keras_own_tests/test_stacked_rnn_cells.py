"""Keras's own tests of its StackedRNNCells, run with our RNN and our cells in place of its own."""

import keras
import pytest

from keras_rnn_kit import cells
from keras_rnn_kit.layers import RNN
from tests.catalogue import THOROUGH
from tests.keras_own_tests.cells import ON_THE_ENGINE
from tests.keras_own_tests.of_rnn import engine_runs, rnn_in_place
from tests.keras_own_tests.shared import keras_tests_of

module = keras_tests_of("stacked_rnn_cells")
NAMES = ("SimpleRNNCell", "GRUCell", "LSTMCell")
_in_place = rnn_in_place(module, **{name: getattr(cells, name) for name in NAMES})

# Keras's tests that don't run with projected cells, and why.
APART = {
    "test_correctness_single_state_stack": "asks for the state of a cell without a "
    "`get_initial_state`, which comes back bare; a cell with one, Keras's own too, gives a list",
}

# Keras's `run_layer_test` hands a generator to `fit`, which grumbles that it can't shuffle it.
grumbles = pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")


@THOROUGH  # the same tests go through the engine below
@grumbles
class TestStackedRNNCells(module.StackedRNNTest):  # type: ignore[name-defined]
    """Keras's tests, inherited: with the cells that they make themselves, in Keras's loop."""


@grumbles
class TestStackedRNNCellsOnTheEngine(module.StackedRNNTest):  # type: ignore[name-defined]
    """The same with projected cells of the same equations."""

    @pytest.fixture(autouse=True)
    def _cells_of_ours(self, monkeypatch):
        for name, cell in ON_THE_ENGINE.items():
            monkeypatch.setattr(module, name, cell)
        with engine_runs(monkeypatch) as runs:
            yield
        assert runs


for name in APART:
    setattr(TestStackedRNNCellsOnTheEngine, name, None)


def test_all_of_kerass_tests_are_collected(request):
    theirs = {name for name in vars(module.StackedRNNTest) if name.startswith("test_")}
    assert {"test_basics", "test_stacked_lstm_cell_mask"} <= theirs
    assert theirs >= APART.keys()
    for ours, apart in (
        (TestStackedRNNCells, set()),
        (TestStackedRNNCellsOnTheEngine, APART.keys()),
    ):
        (collector,) = [n for n in request.node.parent.collect() if n.name == ours.__name__]
        assert {item.name for item in collector.collect()} == theirs - apart
    RNN([cells.LSTMCell(2)])  # what the fixture asks of every test
    with pytest.raises(AssertionError, match="Keras's own RNN was made"):
        keras.layers.RNN([cells.LSTMCell(2)])
