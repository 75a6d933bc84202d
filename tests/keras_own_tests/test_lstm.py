"""Keras's own tests of its LSTM, run with ours in its place."""

import pytest

from keras_rnn_kit.layers import LSTM
from tests.keras_own_tests.shared import check_collection, keras_tests_of, put_in_place

module = keras_tests_of("lstm")
_in_place = put_in_place(module, LSTM)


# Keras's `run_layer_test` hands a generator to `fit`, which grumbles that it can't shuffle it.
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning")
class TestLSTM(module.LSTMTest):  # type: ignore[name-defined]
    """Keras's tests, inherited."""


def test_all_of_kerass_tests_are_collected(request):
    # One for each `implementation` of Keras's.
    include = {"test_basics", "test_correctness0", "test_correctness1", "test_masking"}
    check_collection(request, module, TestLSTM, LSTM, include=include, apart={})
