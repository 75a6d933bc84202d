from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.graphs import CHECKED_SIZES, Port
from keras_rnn_kit.exporting.kinds import check_built, encoders_of, graphs_of, kind_of
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.text import TextEncoder
from tests.exporting.models import TEXT, characters, classifier, language_model, words


def test_a_port_is_a_signature_and_json() -> None:
    port = Port("tokens", ("B", "T", 3), "int32")
    assert port.tensor_spec() == tf.TensorSpec([None, None, 3], tf.int32, "tokens")
    assert port.to_json() == {"name": "tokens", "shape": ["B", "T", 3], "dtype": "int32"}


def test_kinds() -> None:
    assert kind_of(language_model(characters())).name == "language_model"
    assert kind_of(classifier(words())).name == "text_classifier"
    with pytest.raises(KitError, match=r"received Sequential\. Convert another .*to_onnx"):
        kind_of(keras.Sequential())


@pytest.mark.parametrize("batch_and_length", CHECKED_SIZES)
@pytest.mark.parametrize("kind", ["language model", "classifier"])
def test_a_graph_takes_its_example_and_gives_its_outputs(
    kind: str, batch_and_length: tuple[int, int]
) -> None:
    model = classifier(words()) if kind == "classifier" else language_model(characters())
    batch, length = batch_and_length
    for name, graph in graphs_of(model).items():
        assert graph.name == name
        example = graph.example(np.random.default_rng(0), batch, length)
        outputs = graph.function(*example.values())
        for ports, values in ((graph.inputs, example), (graph.outputs, outputs)):
            assert [port.name for port in ports] == list(values)
            for port in ports:
                axes: dict[Any, Any] = {"B": batch, "T": length}
                shape = [axes.get(size, size) for size in port.shape]
                value = np.asarray(values[port.name])
                assert (list(value.shape), value.dtype) == (shape, port.dtype)
        tokens = example["tokens"]
        assert tokens.min() >= 0
        assert tokens.max() < model.vocabulary_size


def test_a_classifier_s_example_has_padding_at_the_right_alone() -> None:
    graph = graphs_of(classifier(words()))["model"]
    for seed in range(20):
        tokens = graph.example(np.random.default_rng(seed), 3, 12)["tokens"]
        real = tokens != 0
        assert real[:, 0].all()
        assert (real[:, :-1] >= real[:, 1:]).all()
        assert real[0].all()
    assert not real.all()


def test_a_model_of_one_token_has_an_example() -> None:
    model = LanguageModel(1, units=2, embedding=2)
    assert graphs_of(model)["model"].example(np.random.default_rng(0), 1, 7)["tokens"].max() == 0


def test_what_must_be_ready() -> None:
    encoder = characters()
    assert encoders_of(language_model(encoder), encoder) == [encoder]
    size = len(encoder.vocabulary)
    with pytest.raises(KitError, match=f"with V={size} tokens; received one with {size + 1}"):
        encoders_of(language_model(encoder), TextEncoder.build([TEXT + "#"]))
    with pytest.raises(KitError, match=r"has 1 encoders \(vocabulary\.json\); received 0"):
        encoders_of(language_model(encoder), None)
    with pytest.raises(KitError, match="must be built"):
        check_built(LanguageModel(size))
    with pytest.raises(KitError, match="received Dense"):
        check_built(keras.layers.Dense(1))
