import numpy as np
import onnx
import onnxruntime

from keras_rnn_kit.exporting import tidying


def node(kind: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return onnx.helper.make_node(kind, inputs.split(), [output], name=output, **attributes)


def graph(nodes: list[onnx.NodeProto], outputs: str, constants: str = "") -> onnx.GraphProto:
    values = [onnx.helper.make_empty_tensor_value_info(name) for name in outputs.split()]
    tensors = [
        onnx.numpy_helper.from_array(np.ones(1, np.float32), name) for name in constants.split()
    ]
    return onnx.helper.make_graph(nodes, "graph", [], values, tensors)


def names(found: onnx.GraphProto) -> list[str]:
    return [each.name for each in found.node]


def test_what_no_output_needs_goes() -> None:
    found = graph([node("Neg", "a", "x"), node("Neg", "b", "y"), node("Neg", "x", "z")], "z", "a b")
    tidying.remove_unused(found)
    assert names(found) == ["x", "z"]
    assert [tensor.name for tensor in found.initializer] == ["a"]


def test_what_only_a_body_reads_stays() -> None:
    inner = graph([node("Neg", "read_inside", "q")], "q")
    outer = graph([node("If", "c", "p", then_branch=inner, else_branch=inner)], "p")
    branches = {"then_branch": outer, "else_branch": graph([], "given_back")}
    nodes = [node("Neg", "a", "read_inside"), node("Neg", "a", "given_back")]
    found = graph([*nodes, node("If", "c", "z", **branches)], "z", "a c unread")
    tidying.remove_unused(found)
    assert names(found) == ["read_inside", "given_back", "z"]
    assert [tensor.name for tensor in found.initializer] == ["a", "c"]


def test_chains_of_identities_go() -> None:
    nodes = [node("Identity", "a", "x"), node("Identity", "x", "y"), node("Neg", "y", "z")]
    found = graph(nodes, "z", "a")
    tidying.fold_identities(found)
    assert names(found) == ["z"]
    assert list(found.node[0].input) == ["a"]


def test_an_identity_that_is_an_output_or_read_inside_a_body_stays() -> None:
    inner = graph([node("Neg", "x", "q")], "q")
    nodes = [
        node("Identity", "a", "x"),
        node("If", "c", "z", then_branch=inner, else_branch=inner),
        node("Identity", "z", "out"),
    ]
    found = graph(nodes, "out", "a c")
    tidying.fold_identities(found)
    assert names(found) == ["x", "z", "out"]


def test_all_nodes_are_those_of_bodies_too() -> None:
    inner = graph([node("Neg", "a", "q")], "q")
    outer = graph([node("If", "c", "p", then_branch=inner, else_branch=inner)], "p")
    found = graph([node("If", "c", "z", then_branch=outer, else_branch=inner)], "z")
    found_names = sorted(each.name for each in tidying.all_nodes(found))
    assert found_names == ["p", "q", "q", "q", "z"]


def test_constants_of_bodies_move_out_and_nodes_are_sorted() -> None:
    def branch(name: str) -> onnx.GraphProto:
        two = onnx.numpy_helper.from_array(np.float32(2), "two")
        node = onnx.helper.make_node("Mul", ["made", "two"], [name])
        out = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1])
        return onnx.helper.make_graph([node], name, [], [out], initializer=[two])

    choose = onnx.helper.make_node(
        "If", ["condition"], ["y"], then_branch=branch("a"), else_branch=branch("b")
    )
    make = onnx.helper.make_node("Neg", ["x"], ["made"])  # what the branches alone read
    graph = onnx.helper.make_graph(
        [choose, make],
        "graph",
        [
            onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1]),
            onnx.helper.make_tensor_value_info("condition", onnx.TensorProto.BOOL, []),
        ],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])],
    )
    tidying.hoist_constants(graph)
    tidying.sort_nodes(graph)
    assert [node.op_type for node in graph.node] == ["Neg", "If"]
    assert [tensor.name for tensor in graph.initializer] == ["two"]
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = {"x": np.ones(1, np.float32), "condition": np.array(True)}
    assert session.run(None, given)[0].tolist() == [-2]
