"""Keras's own tests of its RNN, run with ours in its place: with its cells, and on the engine."""

import keras
import pytest

from keras_rnn_kit.layers import RNN
from tests.catalogue import THOROUGH
from tests.keras_own_tests.cells import ON_THE_ENGINE
from tests.keras_own_tests.of_rnn import engine_runs, rnn_in_place
from tests.keras_own_tests.shared import keras_tests_of

module = keras_tests_of("rnn")

_in_place = rnn_in_place(module)


# Keras's `run_layer_test` hands a generator to `fit`, which grumbles that it can't shuffle it.
grumbles = pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")


@THOROUGH  # the same tests go through the engine below
@grumbles
class TestRNN(module.RNNTest):  # type: ignore[name-defined]
    """Keras's tests, inherited: its cells run through its own loop."""


@grumbles
class TestRNNOnTheEngine(module.RNNTest):  # type: ignore[name-defined]
    """The same with projected cells of the same equations."""

    @pytest.fixture(autouse=True)
    def _cells_of_ours(self, monkeypatch):
        for name, cell in ON_THE_ENGINE.items():
            monkeypatch.setattr(module, name, cell)
        with engine_runs(monkeypatch) as runs:
            yield
        assert bool(runs) == (self._testMethodName not in NOT_CALLED)


# What only asks for shapes or configs calls no layer.
NOT_CALLED = {
    "test_compute_output_shape_single_state",
    "test_compute_output_shape_two_states",
    "test_dynamic_shapes",
    "test_serialization",
}


def test_all_of_kerass_tests_are_collected(request):
    theirs = {name for name in vars(module.RNNTest) if name.startswith("test_")}
    assert {"test_basics", "test_masking", "test_stateful_batch_size_mismatch_raises"} <= theirs
    assert theirs >= NOT_CALLED
    for ours in (TestRNN, TestRNNOnTheEngine):
        (collector,) = [n for n in request.node.parent.collect() if n.name == ours.__name__]
        assert {item.name for item in collector.collect()} == theirs
    RNN(module.OneStateRNNCell(2))  # what the fixture asks of every test
    with pytest.raises(AssertionError, match="Keras's own RNN was made"):
        keras.layers.RNN(module.OneStateRNNCell(2))
