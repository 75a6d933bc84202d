import numpy as np
import onnx
import onnxruntime
import pytest

from keras_rnn_kit.exporting.nodes import Nodes


def evaluate(nodes: Nodes, *outputs: str) -> list[np.ndarray]:
    """What the nodes give for x, float32 [2, 3, 5] of ones."""
    value = onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph(
        nodes.nodes,
        "graph",
        [value("x", onnx.TensorProto.FLOAT, ["A", "B", "C"])],
        [onnx.helper.make_empty_tensor_value_info(name) for name in outputs],
        nodes.initializers,
    )
    opset = [onnx.helper.make_opsetid("", 15)]
    model = onnx.helper.make_model(body, opset_imports=opset, ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(list(outputs), {"x": np.ones((2, 3, 5), np.float32)})


def test_nodes_feed_each_other() -> None:
    nodes = Nodes("n/")
    doubled = nodes.add("Mul", ["x", nodes.constant(2, np.float32)])
    (total,) = evaluate(nodes, nodes.add("ReduceSum", [doubled], keepdims=0))
    assert total == 60


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_dimension_is_one_number_in_a_vector(axis: int) -> None:
    nodes = Nodes("n/")
    (size,) = evaluate(nodes, nodes.dimension("x", axis))
    assert (size.dtype, size.tolist()) == (np.int64, [(2, 3, 5)[axis]])


def test_several_outputs_have_names_of_their_own() -> None:
    nodes = Nodes("n/")
    first, second = nodes.add("Split", ["x", nodes.constant([1, 4])], outputs=2, axis=2)
    assert [part.shape for part in evaluate(nodes, first, second)] == [(2, 3, 1), (2, 3, 4)]


def test_integers_become_int64() -> None:
    nodes = Nodes("n/")
    nodes.constant(3)
    nodes.constant([1, 2])
    nodes.constant(np.float32(0.5))
    kinds = [tensor.data_type for tensor in nodes.initializers]
    int64, float32 = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
    assert kinds == [int64, int64, float32]


def test_all_names_differ_and_bear_the_prefix() -> None:
    nodes = Nodes("n/")
    for _ in range(3):
        nodes.add("Mul", [nodes.constant(1), nodes.constant(1)])
        nodes.add("Split", ["x"], outputs=2)
    names = [tensor.name for tensor in nodes.initializers]
    names += [name for node in nodes.nodes for name in node.output]
    assert len(set(names)) == len(names) == 15
    assert all(name.startswith("n/") for name in names)
