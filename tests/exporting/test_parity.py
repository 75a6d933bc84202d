from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import parity, to_onnx
from keras_rnn_kit.exporting.graphs import Graph
from keras_rnn_kit.exporting.kinds import graphs_of
from tests.exporting.models import characters, classifier, language_model, words

Change = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def model() -> Any:
    return language_model(characters())


@pytest.fixture(scope="module")
def graph(model: Any) -> Graph:
    return graphs_of(model)["model"]


def export(graph: Graph) -> onnx.ModelProto:
    return to_onnx(graph.function, [port.tensor_spec() for port in graph.inputs])


@pytest.fixture(scope="module")
def exported(graph: Graph) -> onnx.ModelProto:
    return export(graph)


def changed(exported: onnx.ModelProto, weight: Any, change: Change) -> onnx.ModelProto:
    """A copy in which the initializer that holds `weight` is another."""
    copy = onnx.ModelProto()
    copy.CopyFrom(exported)
    weight, found = np.asarray(weight), 0
    for tensor in copy.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.shape == weight.shape and np.array_equal(value, weight):
            tensor.CopyFrom(numpy_helper.from_array(change(value), tensor.name))
            found += 1
    assert found == 1
    return copy


def test_a_right_graph_passes_at_every_size(graph: Graph, exported: onnx.ModelProto) -> None:
    differences = parity.check(graph, exported)
    outputs = ["logits", "next_state_0", "next_state_1"]
    assert [(d.output, d.batch, d.length) for d in differences] == [
        (output, batch, length) for batch, length in ((1, 7), (3, 12)) for output in outputs
    ]
    # Twelve steps in float32, a sum of six terms each: some ten roundings of 1e-7.
    assert all(0 <= difference.value < 3e-6 for difference in differences)
    assert str(differences[0]).startswith("model.onnx: logits at batch 1, length 7: ")


def test_a_changed_bias_is_told_where_it_shows(
    model: Any, graph: Graph, exported: onnx.ModelProto
) -> None:
    wrong = changed(exported, model.output_layer.bias, lambda bias: bias + 0.01)
    with pytest.raises(KitError) as error:
        parity.check(graph, wrong)
    message = str(error.value)
    assert message.count("logits at batch") == 2
    assert "logits at batch 1, length 7" in message
    assert "logits at batch 3, length 12" in message
    assert "next_state" not in message


@pytest.mark.parametrize(("layer", "first_wrong"), [(0, 0), (1, 1)])
def test_a_changed_recurrence_is_told_from_its_layer_up(
    model: Any, graph: Graph, exported: onnx.ModelProto, layer: int, first_wrong: int
) -> None:
    matrix = model.recurrent_layers[layer].cell.recurrent_kernel
    wrong = changed(exported, matrix, lambda matrix: matrix.T.copy())
    with pytest.raises(KitError) as error:
        parity.check(graph, wrong)
    for output in ("logits", "next_state_1"):
        assert str(error.value).count(f"{output} at batch") == 2
    assert ("next_state_0" in str(error.value)) == (first_wrong == 0)


def test_a_small_slip_in_one_weight_is_seen(
    model: Any, graph: Graph, exported: onnx.ModelProto
) -> None:
    def slip(kernel: np.ndarray) -> np.ndarray:
        kernel = kernel.copy()
        kernel[2, 3] += 0.01
        return kernel

    with pytest.raises(KitError, match="logits"):
        parity.check(graph, changed(exported, model.output_layer.kernel, slip))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite(
    model: Any, graph: Graph, exported: onnx.ModelProto, value: float
) -> None:
    def spoil(bias: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(bias)) == 2, np.float32(value), bias)

    with pytest.raises(KitError, match=r"logits at batch 1, length 7: inf; .*batch 3"):
        parity.check(graph, changed(exported, model.output_layer.bias, spoil))


def test_a_model_that_has_diverged_is_not_the_export_s_fault() -> None:
    model = language_model(characters(), layers=1)
    model.output_layer.bias.assign(np.full(model.vocabulary_size, np.nan, np.float32))
    graph = graphs_of(model)["step"]
    with pytest.raises(KitError, match=r"NaN or infinity in logits from Keras itself"):
        parity.check(graph, export(graph))


def test_a_wrong_shape(graph: Graph, exported: onnx.ModelProto) -> None:
    wrong = onnx.ModelProto()
    wrong.CopyFrom(exported)
    for node in wrong.graph.node:
        node.output[:] = ["one" if name == "logits" else name for name in node.output]
    # As many rows of logits again: equal where both have a value.
    wrong.graph.node.append(onnx.helper.make_node("Concat", ["one", "one"], ["logits"], axis=0))
    with pytest.raises(KitError, match=r"logits at batch 1, length 7: inf; .*batch 3"):
        parity.check(graph, wrong)


def test_a_mask_that_is_lost_is_seen() -> None:
    encoder = words()
    masking, blind = classifier(encoder), classifier(encoder)
    blind.embedding_layer.mask_zero = blind.embedding_layer.supports_masking = False
    exported = export(graphs_of(blind)["model"])
    with pytest.raises(KitError) as error:
        parity.check(graphs_of(masking)["model"], exported)
    # A batch of one row has no padding to be wrong about.
    assert "batch 1" not in str(error.value)
    assert "logits at batch 3, length 12" in str(error.value)
