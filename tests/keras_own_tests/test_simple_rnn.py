"""Keras's own tests of its SimpleRNN, out of its wheel, run with ours in its place.

Keras's module writes `layers.SimpleRNN`; that name `layers` is all that is changed in it.
"""

import types

import keras
import pytest

from keras_rnn_kit.layers import SimpleRNN, recurrence

module = pytest.importorskip(
    "keras.src.layers.rnn.simple_rnn_test", reason="this Keras comes without its tests"
)


@pytest.fixture(autouse=True)
def _ours_in_place_of_kerass(monkeypatch):
    made, runs = [], []
    run, init = recurrence.run, SimpleRNN.__init__

    def counted_init(self, *args, **kwargs):
        made.append(type(self))
        init(self, *args, **kwargs)

    def counted_run(*args, **kwargs):
        runs.append(kwargs)
        return run(*args, **kwargs)

    def barred(self, *args, **kwargs):
        raise AssertionError("Keras's own SimpleRNN was made.")

    monkeypatch.setattr(module, "layers", types.SimpleNamespace(SimpleRNN=SimpleRNN))
    monkeypatch.setattr(SimpleRNN, "__init__", counted_init)
    monkeypatch.setattr(recurrence, "run", counted_run)
    monkeypatch.setattr(keras.layers.SimpleRNN, "__init__", barred)
    yield
    # Every test makes ours, none else, and runs it on the engine.
    assert set(made) == {SimpleRNN}
    assert runs


# Keras's `run_layer_test` hands a generator to `fit`, which grumbles that it can't shuffle it.
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
class TestSimpleRNN(module.SimpleRNNTest):  # type: ignore[name-defined]
    """Keras's tests, inherited."""


def test_all_of_kerass_tests_are_collected(request):
    (ours,) = [node for node in request.node.parent.collect() if node.name == "TestSimpleRNN"]
    collected = {item.name for item in ours.collect()}
    assert collected == {name for name in vars(module.SimpleRNNTest) if name.startswith("test_")}
    assert {"test_basics", "test_correctness", "test_masking", "test_statefulness"} <= collected
    assert module.__file__.startswith(keras.__file__.removesuffix("__init__.py"))
    # What the fixture asks of every test: one of ours made, and run on the engine; none of Keras's.
    SimpleRNN(2)(keras.ops.ones((1, 2, 3)))
    with pytest.raises(AssertionError, match="Keras's own SimpleRNN was made"):
        keras.layers.SimpleRNN(2)
