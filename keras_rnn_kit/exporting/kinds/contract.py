"""What the exports have to know of one kind of model."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import onnx
import tensorflow as tf

from keras_rnn_kit.exporting.graphs import Graph, Port
from keras_rnn_kit.runtime.difference import Difference
from keras_rnn_kit.runtime.kinds.contract import Kind as RuntimeKind
from keras_rnn_kit.text import TextEncoder

# `(function, signature)` of a SavedModel's signature; the function gives a dict of tensors.
Endpoint = tuple[Callable[..., Any], list[tf.TensorSpec]]
# `check(exported, records, precision=...)`: see `exporting.parity.check`.
Check = Callable[..., list[Difference]]


@dataclasses.dataclass(frozen=True)
class Target:
    """What a graph is written for."""

    target: str
    opset: int
    quantized: bool  # whether `quantization.to_int8` is to follow


@dataclasses.dataclass(frozen=True)
class Loop:
    """A graph that has a loop over steps inside, made and checked in a way of its own."""

    name: str
    exported: onnx.ModelProto
    check: Check
    inputs: Sequence[Port]
    outputs: Sequence[Port]


@dataclasses.dataclass(frozen=True)
class Measure:
    """How the cost of a lower precision is found for a kind of model."""

    data: str  # what it is measured on, for messages: "a text"
    fits: Callable[[Any], bool]  # whether data is that
    # The figure of a model of the runtime, as `spec.json` has it: `(figure, counted, value)`.
    figure: Callable[[Any, Any], tuple[str, int, float]]
    load: Callable[[str], Any]  # data from what the command line names


@dataclasses.dataclass(frozen=True)
class Card:
    """What the model card says of a kind."""

    what: str  # one sentence
    graphs: Mapping[str, str]  # what each graph takes
    # Python that runs it, after `from keras_rnn_kit.runtime import load`, and a command line;
    # `{out}` is the bundle. Where the model has labels, `{label}` is the argument that takes one.
    run: str
    command: str


def _nothing(*_: Any) -> list[Any]:
    return []


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of model, as the exports know it. A module of `exporting/kinds` makes one.

    Models are built, stateless and in one type of numbers where they are handed in here
    (`models/copying.py`); the first graph of `graphs` is the one that `serve` serves.
    """

    runtime: RuntimeKind
    model: type | tuple[type, ...]
    graphs: Callable[[Any], list[Graph]]
    # The signatures of a SavedModel: `(model, graphs by name, text to ids of each vocabulary or
    # nothing)`.
    served: Callable[[Any, dict[str, Graph], Sequence[Any]], dict[str, Endpoint]]
    card: Card
    # V of each vocabulary, in the order of `runtime.vocabularies`.
    vocabulary_sizes: Callable[[Any], Sequence[int]] = _nothing
    # `(source, plain, encoders, target)`: `source` may be in half precision, `plain` never is.
    loops: Callable[[Any, Any, Sequence[TextEncoder], Target], list[Loop]] = _nothing
    labels: Callable[[Any], Sequence[str]] = _nothing
    settings: Callable[[Any], Mapping[str, Any]] = lambda model: {}
    measure: Measure | None = None

    @property
    def name(self) -> str:
        """As `spec.json` has it."""
        return self.runtime.name


def serve_tokens(
    function: Callable[[Any], dict[str, Any]], graph: Graph, ids: Sequence[Any]
) -> dict[str, Endpoint]:
    """`serve` of `tokens [B, T]`, and `serve_text` of strings `[B]` where a vocabulary is there."""
    served: dict[str, Endpoint] = {"serve": (function, [graph.inputs[0].tensor_spec()])}
    if ids:
        (to_ids,) = ids
        text = tf.TensorSpec([None], tf.string, "texts")
        served["serve_text"] = (lambda texts, *more: function(to_ids(texts), *more), [text])
    return served
