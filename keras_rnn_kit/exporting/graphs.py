"""Which graphs a model has, what goes in and comes out of each, and inputs to check them with."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel, TextClassifier
from keras_rnn_kit.runtime import spec
from keras_rnn_kit.text import TextEncoder

# Small enough to be quick, large enough that rows and steps can't be mixed up unseen.
CHECKED_SIZES = ((1, 7), (3, 12))


class Port(spec.Port):
    """A port of `spec.json` that knows its TensorFlow signature; a named axis is free."""

    def tensor_spec(self) -> tf.TensorSpec:
        """The signature, free axes open."""
        shape = [size if isinstance(size, int) else None for size in self.shape]
        return tf.TensorSpec(shape, self.dtype, self.name)

    def to_json(self) -> dict[str, Any]:
        """As `spec.json` has it."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


@dataclasses.dataclass(frozen=True)
class Graph:
    """One function of a model, `(*inputs) -> {name: tensor}`."""

    name: str
    function: Callable[..., dict[str, Any]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    example: Callable[[np.random.Generator, int, int], Mapping[str, np.ndarray]]


def kind_of(model: Any) -> str:
    """`language_model` or `text_classifier`; `KitError` for anything else."""
    if isinstance(model, LanguageModel):
        return "language_model"
    if isinstance(model, TextClassifier):
        return "text_classifier"
    raise KitError(
        "a bundle holds a LanguageModel or a TextClassifier of this kit; received "
        f"{type(model).__name__}. Convert another model with keras_rnn_kit.exporting.to_onnx."
    )


def check_ready(model: Any, encoder: TextEncoder | None = None) -> None:
    """`KitError` unless the model is one of this kit's, has weights and has the encoder's size."""
    kind_of(model)
    if encoder is not None and len(encoder.vocabulary) != model.vocabulary_size:
        raise KitError(
            f"the vocabulary must be the model's, with V={model.vocabulary_size} tokens; received "
            f"one with {len(encoder.vocabulary)}. Pass the encoder that the model was trained with."
        )
    if not model.built:
        raise KitError(
            "a model must be built before it is exported; received one without weights. "
            "Train it, or call it once."
        )


def graphs_of(model: Any) -> dict[str, Graph]:
    """The graphs of a built language model (`model`, `step`) or text classifier (`model`)."""
    if kind_of(model) == "language_model":
        graphs = [_whole(model), _step(model)]
    else:
        graphs = [_classify(model)]
    return {graph.name: graph for graph in graphs}


def _states(model: LanguageModel, prefix: str = "") -> tuple[Port, ...]:
    sizes = zip(model.state_names, model.state_sizes, strict=True)
    return tuple(Port(f"{prefix}{name}", ("B", size), model.compute_dtype) for name, size in sizes)


def _with_states(model: LanguageModel, logits: Any, states: list[Any]) -> dict[str, Any]:
    named = zip(model.state_names, states, strict=True)
    return {"logits": logits, **{f"next_{name}": state for name, state in named}}


def _random_states(model: LanguageModel, rng: np.random.Generator, batch: int) -> dict[str, Any]:
    sizes = zip(model.state_names, model.state_sizes, strict=True)
    return {
        name: rng.uniform(-1, 1, (batch, size)).astype(model.compute_dtype) for name, size in sizes
    }


def _whole(model: LanguageModel) -> Graph:
    def function(tokens: Any, *states: Any) -> dict[str, Any]:
        logits, new_states = model(tokens, states=list(states), return_states=True, training=False)
        return _with_states(model, logits, new_states)

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        tokens = rng.integers(0, model.vocabulary_size, (batch, length)).astype(np.int32)
        return {"tokens": tokens, **_random_states(model, rng, batch)}

    return Graph(
        "model",
        function,
        inputs=(Port("tokens", ("B", "T"), "int32"), *_states(model)),
        outputs=(
            Port("logits", ("B", "T", model.vocabulary_size), model.compute_dtype),
            *_states(model, "next_"),
        ),
        example=example,
    )


def _step(model: LanguageModel) -> Graph:
    def function(tokens: Any, *states: Any) -> dict[str, Any]:
        return _with_states(model, *model.step(tokens, list(states)))

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        tokens = rng.integers(0, model.vocabulary_size, batch).astype(np.int32)
        return {"tokens": tokens, **_random_states(model, rng, batch)}

    return Graph(
        "step",
        function,
        inputs=(Port("tokens", ("B",), "int32"), *_states(model)),
        outputs=(
            Port("logits", ("B", model.vocabulary_size), model.compute_dtype),
            *_states(model, "next_"),
        ),
        example=example,
    )


def _classify(model: TextClassifier) -> Graph:
    def function(tokens: Any) -> dict[str, Any]:
        return {"logits": model(tokens, training=False)}

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        tokens = rng.integers(1, max(2, model.vocabulary_size), (batch, length))
        lengths = rng.integers(1, length + 1, batch)
        lengths[0] = length
        tokens = np.where(np.arange(length) < lengths[:, None], tokens, 0)
        return {"tokens": np.minimum(tokens, model.vocabulary_size - 1).astype(np.int32)}

    return Graph(
        "model",
        function,
        inputs=(Port("tokens", ("B", "T"), "int32"),),
        outputs=(Port("logits", ("B", len(model.classes)), model.compute_dtype),),
        example=example,
    )
