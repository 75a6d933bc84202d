"""What is looked up and multiplied is one look-up; where it isn't, nothing changes."""

from collections import Counter
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from keras_rnn_kit import layers as kit
from keras_rnn_kit.exporting import conversion, lookup, to_onnx
from keras_rnn_kit.exporting.tidying import all_nodes
from keras_rnn_kit.runtime.session import open_session

V, E, H = 11, 4, 5
IDS = np.array([[3, 1, 7, 0, 0], [9, 10, 2, 2, 5], [0, 0, 4, 0, 1]], np.int32)


def export(function: Any) -> onnx.ModelProto:
    return to_onnx(lambda ids: {"y": function(ids)}, [tf.TensorSpec([None, None], tf.int32, "ids")])


def run(exported: onnx.ModelProto, ids: np.ndarray = IDS) -> np.ndarray:
    return open_session(exported.SerializeToString()).run(None, {"ids": ids})[0]


def products(exported: onnx.ModelProto) -> int:
    """How many products stand outside of the recurrences."""
    return sum(node.op_type in ("MatMul", "Gemm") for node in exported.graph.node)


def weighted(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
    return model


def model_of(*layers: Any, masked: bool = False) -> keras.Model:
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(V, E, mask_zero=masked)(ids)
    for layer in layers:
        x = layer(x)
    return weighted(keras.Model(ids, x))


CASES: dict[str, tuple[list[Any], int]] = {
    # The layers behind the embedding, and how many products are left.
    "a recurrence": ([kit.SimpleRNN(H)], 0),
    "backwards": ([kit.SimpleRNN(H, go_backwards=True)], 0),
    "both directions": ([kit.Bidirectional(kit.SimpleRNN(H, return_sequences=True))], 0),
    "gates": ([kit.UGRNN(H, return_sequences=True)], 0),
    "two layers": ([kit.SimpleRNN(H, return_sequences=True), kit.SimpleRNN(H)], 1),
    "no bias": ([kit.SimpleRNN(H, use_bias=False)], 0),
    "an activation between": ([keras.layers.ReLU(), kit.SimpleRNN(H)], 1),
}


@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masked"])
@pytest.mark.parametrize("case", CASES)
def test_a_projection_is_looked_up(case: str, masked: bool) -> None:
    layers, left = CASES[case]
    model = model_of(*(layer.from_config(layer.get_config()) for layer in layers), masked=masked)
    exported = export(model)
    assert products(exported) == left
    tables = [list(t.dims) for t in exported.graph.initializer if t.dims[:1] == [V]]
    assert ([V, E] in tables) == bool(left and case != "two layers")
    np.testing.assert_allclose(run(exported), model(IDS), atol=1e-6, rtol=1e-5)
    for ids in (IDS[:1], IDS[:, :1], IDS[:, ::-1]):
        np.testing.assert_allclose(run(exported, ids), model(ids), atol=1e-6, rtol=1e-5)


def test_one_hot_vectors_are_rows_of_the_kernel() -> None:
    layer = weighted(keras.Sequential([keras.Input((None, V)), kit.SimpleRNN(H)]))
    exported = export(lambda ids: layer(keras.ops.one_hot(ids, V)))
    assert products(exported) == 0
    assert not any(node.op_type == "OneHot" for node in exported.graph.node)
    np.testing.assert_allclose(run(exported), layer(keras.ops.one_hot(IDS, V)), atol=1e-6)


def test_one_hot_vectors_of_a_large_vocabulary_are_never_written_out() -> None:
    many = 300_000  # squared, they would be 360 GB
    layer = kit.SimpleRNN(2)
    layer.build((None, None, many))
    exported = export(lambda ids: layer(keras.ops.one_hot(ids, many)))
    assert products(exported) == 0
    ids = np.array([[0, many - 1, 7]], np.int32)
    expected = layer(keras.ops.one_hot(ids, many))
    np.testing.assert_allclose(run(exported, ids), expected, atol=1e-6)


def test_what_else_reads_the_embedding_still_has_it() -> None:
    ids = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(V, E)(ids)
    outputs = kit.SimpleRNN(E, return_sequences=True)(embedded)
    model = weighted(keras.Model(ids, keras.layers.Add()([embedded, outputs])))
    exported = export(model)
    assert products(exported) == 0
    assert Counter(tuple(t.dims) for t in exported.graph.initializer)[V, E] == 2
    np.testing.assert_allclose(run(exported), model(IDS), atol=1e-6, rtol=1e-5)


def test_a_table_that_would_be_much_larger_is_not_made(monkeypatch: Any) -> None:
    model = model_of(kit.SimpleRNN(64))  # [11, 64] instead of [11, 4] and [4, 64]
    monkeypatch.setattr(lookup, "_SMALL", 0)
    monkeypatch.setattr(lookup, "_TIMES", 2)
    assert products(export(model)) == 1
    monkeypatch.setattr(lookup, "_TIMES", 3)
    assert products(export(model)) == 0


def test_the_operators_keep_their_weights() -> None:
    model = model_of(kit.GRU(H))
    exported = export(model)
    kinds = [node.op_type for node in all_nodes(exported.graph)]
    assert "GRU" in kinds
    np.testing.assert_allclose(run(exported), model(IDS), atol=1e-6, rtol=1e-5)


def test_sums_are_those_of_the_products(monkeypatch: Any) -> None:
    model = model_of(kit.SimpleRNN(H, return_sequences=True))
    folded = run(export(model))
    monkeypatch.setattr(conversion, "fold_lookups", lambda graph: None)
    plain = export(model)
    assert products(plain) == 1
    np.testing.assert_allclose(folded, run(plain), atol=1e-6, rtol=1e-6)
