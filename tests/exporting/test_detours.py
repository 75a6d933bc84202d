"""Detours are taken out where they are detours, and nowhere else."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from onnx import numpy_helper

from keras_rnn_kit.exporting import to_onnx
from keras_rnn_kit.exporting.detours import shorten

V, E, G = 7, 4, 3


def exported() -> tuple[onnx.ModelProto, keras.Model]:
    tokens = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(V, E)(tokens)
    model = keras.Model(tokens, keras.layers.Dense(G)(hidden))
    model.set_weights(
        [np.random.default_rng(k).normal(size=w.shape) for k, w in enumerate(model.weights)]
    )
    spec = [tf.TensorSpec([None, None], tf.int32, name="tokens")]
    return to_onnx(lambda tokens: {"y": model(tokens)}, spec), model


def run(model: onnx.ModelProto, tokens: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"tokens": tokens})[0]


def test_an_embedding_and_a_dense_layer_are_one_node():
    model, _ = exported()
    assert [node.op_type for node in model.graph.node] == ["Gather"]


@pytest.mark.parametrize("shape", [(1, 1), (2, 5)])
def test_results_stay_and_negative_ids_count_from_the_end(shape):
    model, original = exported()
    tokens = np.random.default_rng(0).integers(-V, V, shape).astype(np.int32)
    expected = original(tokens).numpy()  # Keras counts them from the end too
    # Float32 sums of four products in another order.
    np.testing.assert_allclose(run(model, tokens), expected, atol=1e-6)


TEXT = """
<ir_version: 8, opset_import: ["" : 18]>
g (float[B, T, 4] x, int64[2] other) => (float[B, T, 3] y)
<float[4, 3] w = {1,2,3,4,5,6,7,8,9,10,11,12}, int64[2] rows = {-1, 4}, int64[2] axes = {0, 1},
 int64[1] width = {3}>
{
    flat = Reshape (x, rows)
    product = MatMul (flat, w)
    whole = Shape (SOURCE)
    leading = Gather (whole, axes)
    shape = Concat <axis = 0> (LEADING, width)
    y = Reshape (product, shape)
}
"""


@pytest.mark.parametrize(
    ("source", "leading", "shortened"),
    [("x", "leading", True), ("flat", "leading", False), ("x", "other", False)],
)
def test_a_product_is_shortened_only_if_its_shape_is_the_tensors_own(source, leading, shortened):
    text = TEXT.replace("SOURCE", source).replace("LEADING", leading)
    model = onnx.parser.parse_model(text)
    shorten(model.graph)
    kinds = [node.op_type for node in model.graph.node]
    assert (kinds == ["MatMul"]) is shortened
    if not shortened:
        assert "Reshape" in kinds


GUARD = """
<ir_version: 8, opset_import: ["" : 18]>
g (int32[N] x) => (float[N, 1] y)
<float[3, 1] table = {1, 2, 3}, int32 size = {SIZE}, int32 zero = {LIMIT}>
{
    sum = Add (x, size)
    less = Less (x, zero)
    not_less = Not (less)
    keep = Cast <to = 6> (not_less)
    plain = Mul (x, keep)
    flag = Cast <to = 6> (less)
    wrapped = Mul (flag, sum)
    index = Add (wrapped, plain)
    y = Gather (table, index)
}
"""


@pytest.mark.parametrize(
    ("size", "limit", "shortened"), [(3, 0, True), (2, 0, False), (3, 1, False)]
)
def test_a_guard_is_dropped_only_if_it_is_one(size, limit, shortened):
    text = GUARD.replace("SIZE", str(size)).replace("LIMIT", str(limit))
    model = onnx.parser.parse_model(text)
    shorten(model.graph)
    assert ([node.op_type for node in model.graph.node] == ["Gather"]) is shortened
    assert numpy_helper.to_array(model.graph.initializer[0]).shape == (3, 1)


def test_a_choice_is_one_node_and_what_is_left_out_may_be_anything():
    def chosen(x):
        # A condition of another rank, which tf2onnx spells with products.
        return tf.where(x[:, :1] > 0, tf.math.log(x), tf.constant(0.0))

    model = to_onnx(lambda x: {"y": chosen(x)}, [tf.TensorSpec([None, 3], tf.float32, name="x")])
    assert "Where" in [node.op_type for node in model.graph.node]
    x = np.array([[1, 2, 3], [-1, 0, -2]], np.float32)  # the logarithms of which are none
    session = onnxruntime.InferenceSession(model.SerializeToString())
    received = session.run(None, {"x": x})[0]
    np.testing.assert_allclose(received[1], 0)
    np.testing.assert_allclose(received[0], np.log(x[0]), atol=1e-6)
