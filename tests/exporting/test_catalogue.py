"""Every catalogued layer in ONNX: outputs and final states are those of Keras's own loop."""

from typing import Any

import keras
import pytest

from keras_rnn_kit.exporting.operators import has_operator
from tests.catalogue import CATALOGUE, THOROUGH, Entry
from tests.exporting.conversions import (
    BATCHES,
    FEATURES,
    VOCABULARY,
    assert_equal,
    convert,
    recurrences,
    twin,
)

# An operator of ONNX's own is written for CUDA, where there is one; else both targets are the same.
CASES = [
    pytest.param(
        entry,
        arguments,
        target,
        id=f"{entry.name} {variant} {target}",
        marks=THOROUGH if variant and not entry.stands_in_for else (),
    )
    for entry in CATALOGUE
    for variant in ({}, *entry.variants)
    for arguments in [{**entry.small, **variant}]
    for target in (["cpu", "cuda"] if has_operator(entry.cell(**arguments)) else ["cpu"])
]


GATED = ("GRU", "LSTM")


def model_of(layer: keras.layers.Layer) -> keras.Model:
    """Ids to what `layer` makes of them, first with id 0 masked, then with no mask."""
    tokens = keras.Input((None,), dtype="int32")
    outputs: list[Any] = []
    for masked in (True, False):
        embedding = keras.layers.Embedding(VOCABULARY, FEATURES, mask_zero=masked)
        outputs += layer(embedding(tokens))
    return keras.Model(tokens, outputs)


@pytest.mark.parametrize(("entry", "arguments", "target"), CASES)
def test_a_layer_equals_its_cell_in_kerass_loop(
    entry: Entry, arguments: dict[str, Any], target: str
) -> None:
    how: dict[str, Any] = {"return_sequences": True, "return_state": True}
    model = model_of(entry.layer(**arguments, **how))
    stock = model_of(keras.layers.RNN(entry.cell(**arguments), **how))
    # So small that gates without an activation don't blow the state up, and its rounding with it.
    twin(model, stock, spread=0.3)
    exported = convert(model, target)
    for tokens in BATCHES:  # one step, too, and steps that are masked all over
        assert_equal(exported, stock, tokens)
    found = recurrences(exported)
    # On a CPU `RNN` is slow, `GRU` and `LSTM` are not.
    operator = has_operator(entry.cell(**arguments)) and (target == "cuda" or entry.name in GATED)
    kind = (entry.name if entry.name in GATED else "RNN") if operator else "Scan"
    assert found == [kind, kind]
