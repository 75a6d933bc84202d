"""Keras's own tests of its SimpleRNN, run with ours in its place."""

import pytest

from keras_rnn_kit.layers import SimpleRNN
from tests.keras_own_tests.shared import check_collection, keras_tests_of, put_in_place

module = keras_tests_of("simple_rnn")
_in_place = put_in_place(module, SimpleRNN)


# Keras's `run_layer_test` hands a generator to `fit`, which grumbles that it can't shuffle it.
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
class TestSimpleRNN(module.SimpleRNNTest):  # type: ignore[name-defined]
    """Keras's tests, inherited."""


def test_all_of_kerass_tests_are_collected(request):
    include = {"test_basics", "test_correctness", "test_masking", "test_statefulness"}
    check_collection(request, module, TestSimpleRNN, SimpleRNN, include=include, apart={})
