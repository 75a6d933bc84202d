"""Wrapped cells, stacks and learned states in ONNX: what they compute out of training."""

from typing import Any

import keras
import pytest

from keras_rnn_kit.cells import (
    DropoutCell,
    GRUCell,
    LSTMCell,
    ProjectedCell,
    ResidualCell,
    SimpleRNNCell,
    ZoneoutCell,
)
from keras_rnn_kit.layers import RNN, StackedRNN
from tests.exporting.conversions import (
    BATCHES,
    FEATURES,
    MASKED_AND_TARGET,
    VOCABULARY,
    assert_equal,
    convert,
    recurrences,
)
from tests.exporting.conversions import twin as with_weights_of


def model_of(layer: keras.layers.Layer, masked: bool) -> keras.Model:
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=masked)(tokens)
    return keras.Model(tokens, layer(x))


def simple() -> ProjectedCell:
    return SimpleRNNCell(FEATURES)


def lstm() -> ProjectedCell:
    return LSTMCell(FEATURES)


WRAPPED = {
    "zoneout": lambda: ZoneoutCell(lstm(), [0.1, 0.4]),
    "residual": lambda: ResidualCell(simple()),
    "dropout": lambda: DropoutCell(lstm(), 0.3, 0.3, 0.3),
    "zoneout of residual": lambda: ZoneoutCell(ResidualCell(lstm()), 0.3),
    "residual of zoneout": lambda: ResidualCell(ZoneoutCell(simple(), 0.3)),
    "all": lambda: ResidualCell(DropoutCell(ZoneoutCell(lstm(), 0.3), 0.1, 0.1, 0.1)),
}


@MASKED_AND_TARGET
@pytest.mark.parametrize("name", WRAPPED)
def test_a_wrapped_cell_equals_keras(name: str, masked: bool, target: str) -> None:
    how: dict[str, Any] = {"return_sequences": True, "return_state": True}
    model = model_of(RNN(WRAPPED[name](), **how), masked)
    stock = with_weights_of(model, model_of(keras.layers.RNN(WRAPPED[name](), **how), masked))
    exported = convert(model, target)
    for tokens in BATCHES:
        assert_equal(exported, stock, tokens)
    assert recurrences(exported) == ["Scan"]


STACKS: dict[str, dict[str, Any]] = {
    "plain": {"dropout": 0.3},
    "residual": {"residual": True, "return_sequences": True, "return_state": True},
    "skip": {"skip": True, "return_sequences": True},
    "skip, last": {"skip": True, "zero_output_for_mask": True},
    "backwards": {"go_backwards": True, "return_state": True},
    "learned": {"initial_state": "learned", "return_state": True},
}


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])
@pytest.mark.parametrize("name", STACKS)
def test_a_stack_equals_keras(name: str, masked: bool) -> None:
    def stack(**more: Any) -> keras.Model:
        cells = [lstm(), ZoneoutCell(GRUCell(FEATURES), 0.2), simple()]
        return model_of(StackedRNN(cells, **STACKS[name], **more), masked)

    model = stack()
    reference = with_weights_of(model, stack(recurrence="loop"))
    exported = convert(model)
    for tokens in BATCHES:
        assert_equal(exported, reference, tokens)
    # An operator where nothing is wrapped around its cell.
    first = "Scan" if name == "residual" else "LSTM"
    assert recurrences(exported) == [first, "Scan", "Scan"]


@pytest.mark.parametrize("choice", ["learned", "random"])
@pytest.mark.parametrize("masked", [True, False], ids=["masked", "unmasked"])
def test_what_a_layer_starts_from_is_exported(choice: str, masked: bool) -> None:
    how: dict[str, Any] = {"return_sequences": True, "return_state": True, "initial_state": choice}
    model = model_of(RNN(lstm(), **how), masked)
    reference = with_weights_of(
        model, model_of(RNN(keras.layers.LSTMCell(FEATURES), **how), masked)
    )
    exported = convert(model)
    for tokens in BATCHES:
        assert_equal(exported, reference, tokens)
