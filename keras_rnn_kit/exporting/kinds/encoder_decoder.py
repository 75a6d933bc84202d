"""An encoder-decoder: the encoder, one step of the decoder, and the whole search in one graph."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from keras_rnn_kit.exporting import parity
from keras_rnn_kit.exporting.conversion import name_axes, to_onnx
from keras_rnn_kit.exporting.graphs import CHECKED_SIZES, Graph, Port, padded_ids
from keras_rnn_kit.exporting.kinds.contract import Card, Endpoint, Kind, Loop, Target
from keras_rnn_kit.models import EncoderDecoder
from keras_rnn_kit.runtime import kinds
from keras_rnn_kit.runtime.check import record
from keras_rnn_kit.runtime.difference import Difference, relative
from keras_rnn_kit.runtime.kinds.encoder_decoder import TRANSLATE_INPUTS, TRANSLATE_OUTPUTS
from keras_rnn_kit.runtime.session import open_session
from keras_rnn_kit.text import TextEncoder

TRANSLATE = "translate"
INPUTS, OUTPUTS = (
    tuple(Port(port.name, port.shape, port.dtype) for port in ports)
    for ports in (TRANSLATE_INPUTS, TRANSLATE_OUTPUTS)
)
_CHECKED_BEAMS = ((1, 0.0), (4, 0.6))  # the beam and the length penalty


def graphs(model: EncoderDecoder) -> list[Graph]:
    """`encoder` and `decoder_step`."""
    return [_encoder(model), _step(model)]


def _carried(model: EncoderDecoder, names: Sequence[str], prefix: str = "") -> tuple[Port, ...]:
    signature = model.signature
    return tuple(Port(f"{prefix}{name}", *signature[name]) for name in names)


def _encoder(model: EncoderDecoder) -> Graph:
    names = [*model.state_names, *model.memory_names]

    def function(tokens: Any) -> dict[str, Any]:
        states, memory = model.encode(tokens)
        # A tensor may be an input handed on, which no graph gives out as it is.
        return {n: tf.identity(v) for n, v in zip(names, [*states, *memory], strict=True)}

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        return {"tokens": padded_ids(rng, batch, length, model.source_vocabulary_size)}

    tokens = (Port("tokens", ("B", "S"), "int32"),)
    return Graph("encoder", function, tokens, _carried(model, names), example)


def _step(model: EncoderDecoder) -> Graph:
    names = [*model.state_names, *model.memory_names]

    def function(tokens: Any, *carried: Any) -> dict[str, Any]:
        count = len(model.state_names)
        logits, after = model.step(tokens, list(carried[:count]), list(carried[count:]))
        named = zip(model.state_names, after, strict=True)
        return {"logits": logits, **{f"next_{n}": tf.identity(v) for n, v in named}}

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        source = padded_ids(rng, batch, length, model.source_vocabulary_size)
        states, memory = model.encode(source)
        values = [np.asarray(value) for value in (*states, *memory)]
        tokens = rng.integers(1, model.target_vocabulary_size, batch).astype(np.int32)
        return {"tokens": tokens, **dict(zip(names, values, strict=True))}

    logits = Port("logits", ("B", model.target_vocabulary_size), model.ending.score_dtype)
    return Graph(
        "decoder_step",
        function,
        (Port("tokens", ("B",), "int32"), *_carried(model, names)),
        (logits, *_carried(model, model.state_names, "next_")),
        example,
    )


def search(
    model: EncoderDecoder, tokens: Any, beam: Any, length: Any, length_penalty: Any
) -> dict[str, Any]:
    """The function of `translate`, see `runtime/kinds/encoder_decoder.py`."""
    found = model.search(tokens, beam, length, length_penalty)
    return {port.name: tf.identity(value) for port, value in zip(OUTPUTS, found, strict=True)}


def _loops(
    source: EncoderDecoder, plain: EncoderDecoder, encoders: Sequence[TextEncoder], target: Target
) -> list[Loop]:
    exported = to_onnx(
        functools.partial(search, source),
        [port.tensor_spec() for port in INPUTS],
        target=target.target,
        opset=target.opset,
        quantized=target.quantized,
    )
    order = [port.name for port in OUTPUTS]
    outputs = sorted(exported.graph.output, key=lambda output: order.index(output.name))
    del exported.graph.output[:]
    exported.graph.output.extend(outputs)
    name_axes(exported.graph.input, INPUTS)
    name_axes(exported.graph.output, OUTPUTS)
    check = functools.partial(_check_search, plain)
    return [Loop(TRANSLATE, exported, check, INPUTS, OUTPUTS)]


def _check_search(
    model: EncoderDecoder,
    exported: onnx.ModelProto,
    records: dict[str, Any] | None = None,
    *,
    precision: str = "float32",
) -> list[Difference]:
    """The search in onnxruntime beside the same in Keras: the scores of what was found.

    Of equally good sequences either may be found, so that the ids themselves are not compared.
    """
    session = open_session(exported.SerializeToString(), name=f"{TRANSLATE}.onnx")
    rng = np.random.default_rng(0)
    differences = []
    for (batch, length), (beam, penalty) in zip(CHECKED_SIZES, _CHECKED_BEAMS, strict=True):
        inputs = {
            "tokens": padded_ids(rng, batch, length, model.source_vocabulary_size),
            "beam": np.array(beam, np.int64),
            "length": np.array(min(12, model.max_length), np.int64),
            "length_penalty": np.array(penalty, np.float32),
        }
        expected = {name: np.asarray(v) for name, v in search(model, **inputs).items()}
        (scores,) = session.run(["scores"], inputs)
        if records is not None:
            shown = scores if precision == "int8" else expected["scores"]
            records |= record(TRANSLATE, batch, length, inputs, {"scores": shown})
        worst = relative(scores, expected["scores"])
        differences.append(Difference(TRANSLATE, "scores", batch, length, worst))
    parity.refuse_wrong(differences, precision)
    return differences


def _served(
    model: EncoderDecoder, graphs: Mapping[str, Graph], ids: Sequence[Any]
) -> dict[str, Endpoint]:
    """`serve` and `serve_text` decode greedily; `translate` takes the beam; and the two parts."""

    def greedily(tokens: Any) -> dict[str, Any]:
        return search(model, tokens, 1, model.max_length, 0.0)

    served: dict[str, Endpoint] = {"serve": (greedily, [INPUTS[0].tensor_spec()])}
    if ids:
        text = tf.TensorSpec([None], tf.string, "texts")
        served["serve_text"] = (lambda texts: greedily(ids[0](texts)), [text])
    whole = functools.partial(search, model)
    served[TRANSLATE] = (lambda *given: whole(*given), [port.tensor_spec() for port in INPUTS])
    for graph in graphs.values():
        served[graph.name] = (graph.function, [port.tensor_spec() for port in graph.inputs])
    return served


KIND = Kind(
    runtime=kinds.KINDS["encoder_decoder"],
    model=EncoderDecoder,
    graphs=graphs,
    served=_served,
    vocabulary_sizes=lambda model: [model.source_vocabulary_size, model.target_vocabulary_size],
    loops=_loops,
    settings=lambda model: {"bos_id": model.bos_id, "max_length": model.max_length},
    card=Card(
        what="A recurrent encoder-decoder: it writes a text for a text.",
        graphs={
            "encoder": "a whole source to what the decoder starts from",
            "decoder_step": "one token a row, states in and out",
            TRANSLATE: "a whole source to the best target, greedy or by beam search",
        },
        run='load("THIS_FOLDER").translate(["a text"], beam=4)',
        command='python -m export.translate {out} "a text"',
    ),
)
