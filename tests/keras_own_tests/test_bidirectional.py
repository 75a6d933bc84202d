"""Keras's own tests of its Bidirectional, run with ours in its place, and our SimpleRNN in it."""

import types

import keras
import pytest

from keras_rnn_kit.layers import Bidirectional, SimpleRNN
from tests.keras_own_tests.shared import keras_tests_of

module = keras_tests_of("bidirectional")

# Keras's tests that don't run here, and why.
APART = {
    "test_torch_cudnn_bidirectional_gru_dispatch_fires": "of Keras's PyTorch backend, which Keras "
    "itself skips here",
}


@pytest.fixture(autouse=True)
def _in_place(request, monkeypatch):
    made, init = [], Bidirectional.__init__

    def counted_init(self, *args, **kwargs):
        made.append(type(self))
        init(self, *args, **kwargs)

    # GRU and LSTM stay Keras's: the tests ask whether Keras fuses two of its own.
    namespace = types.SimpleNamespace(**vars(keras.layers))
    namespace.Bidirectional, namespace.SimpleRNN = Bidirectional, SimpleRNN
    monkeypatch.setattr(module, "layers", namespace)
    monkeypatch.setattr(Bidirectional, "__init__", counted_init)
    yield
    assert made or request.node.name in APART
    assert set(made) <= {Bidirectional}


# Keras's `run_layer_test` hands a generator to `fit`, which grumbles that it can't shuffle it.
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
class TestBidirectional(module.SimpleRNNTest):  # type: ignore[name-defined]
    """Keras's tests, inherited; its class bears the name of another layer."""


def test_all_of_kerass_tests_are_collected(request):
    (ours,) = [n for n in request.node.parent.collect() if n.name == "TestBidirectional"]
    items = list(ours.collect())
    theirs = {name for name in vars(module.SimpleRNNTest) if name.startswith("test_")}
    assert {item.name for item in items} == theirs
    assert {"test_correctness", "test_masking", "test_statefulness"} <= theirs
    assert APART.keys() < theirs
    Bidirectional(SimpleRNN(2))(keras.ops.ones((1, 2, 3)))
