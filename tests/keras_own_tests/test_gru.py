"""Keras's own tests of its GRU, run with ours in its place."""

import pytest

from keras_rnn_kit.layers import GRU
from tests.keras_own_tests.shared import check_collection, keras_tests_of, put_in_place

module = keras_tests_of("gru")
_in_place = put_in_place(module, GRU)

# Keras's tests that don't run here, and why.
APART = {
    "test_torch_cudnn_dispatch_fires": "of Keras's PyTorch backend, which Keras itself skips here",
}


# Keras's `run_layer_test` hands a generator to `fit`, which grumbles that it can't shuffle it.
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
class TestGRU(module.GRUTest):  # type: ignore[name-defined]
    """Keras's tests, inherited."""


def test_all_of_kerass_tests_are_collected(request):
    # One for each `implementation` of Keras's.
    include = {"test_basics", "test_correctness0", "test_correctness1", "test_masking"}
    check_collection(request, module, TestGRU, GRU, include=include, apart=APART)
