import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.exporting.compaction import Compaction
from keras_rnn_kit.exporting.nodes import Nodes
from tests.exporting.conversions import run


def graph(dtype: int) -> onnx.ModelProto:
    """(sequence [T, B, 2], mask [T, B], initial [B, 2]) to all that a compaction offers.

    The recurrence is the identity: the state after a step is what the step read.
    """
    nodes = Nodes("c/")
    compaction = Compaction(nodes, "input_1")
    compacted = compaction.compact("input_0")
    named = {
        "output_0": compacted,
        "output_1": compaction.outputs(compacted),
        "output_2": compaction.final("input_2", compacted),
    }
    for name, source in named.items():
        nodes.nodes.append(onnx.helper.make_node("Identity", [source], [name]))
    value = onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph(
        nodes.nodes,
        "graph",
        [
            value("input_0", dtype, ["T", "B", 2]),
            value("input_1", onnx.TensorProto.BOOL, ["T", "B"]),
            value("input_2", dtype, ["B", 2]),
        ],
        [value(name, dtype, [None] * (2 if name == "output_2" else 3)) for name in named],
        nodes.initializers,
    )
    opset = [onnx.helper.make_opsetid("", 15)]
    model = onnx.helper.make_model(body, opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model)
    return model


MODEL = graph(onnx.TensorProto.FLOAT)


def check(model: onnx.ModelProto, mask: np.ndarray, dtype: str = "float32") -> None:
    """Against loops that say what is meant. Values are only moved, so they are exactly equal."""
    length, batch = mask.shape
    sequence = np.arange(1, 2 * mask.size + 1, dtype=dtype).reshape(length, batch, 2)
    initial = -np.arange(1, 2 * batch + 1, dtype=dtype).reshape(batch, 2)
    compacted, outputs, finals = run(model, sequence, mask, initial)
    assert outputs.dtype == finals.dtype == dtype
    for b in range(batch):
        real = sequence[mask[:, b], b]
        masked = sequence[~mask[:, b], b]
        np.testing.assert_array_equal(compacted[:, b], np.concatenate([real, masked]))
        last = np.zeros(2, dtype)
        for t in range(length):
            last = sequence[t, b] if mask[t, b] else last
            np.testing.assert_array_equal(outputs[b, t], last)
        np.testing.assert_array_equal(finals[b], real[-1] if len(real) else initial[b])


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.data())
def test_any_mask(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 6))
    batch = data.draw(st.integers(1, 4))
    rows = st.lists(st.booleans(), min_size=batch, max_size=batch)
    mask = data.draw(st.lists(rows, min_size=length, max_size=length))
    check(MODEL, np.array(mask))


@pytest.mark.parametrize("opset", [16, 17, 18])
def test_newer_opsets(opset: int) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(MODEL)
    model.opset_import[0].version = opset
    onnx.checker.check_model(model, full_check=True)
    check(model, np.array([[True, False, False], [False, True, False], [True, True, False]]))


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_types(dtype: str) -> None:
    model = graph(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
    check(model, np.array([[False, True], [True, False], [True, False]]), dtype)


def test_a_value_that_is_not_finite_stays_in_its_row() -> None:
    sequence = np.ones((2, 2, 2), np.float32)
    sequence[0, 0] = np.nan
    mask = np.array([[True, False], [True, True]])
    _, outputs, finals = run(MODEL, sequence, mask, np.zeros((2, 2), np.float32))
    assert np.isfinite(outputs[:, 1]).all()
    assert np.isfinite(finals).all()
