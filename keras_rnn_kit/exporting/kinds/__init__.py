"""The kinds of models that are exported whole, one a file; the runtime side has the same name."""

from collections.abc import Sequence
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.graphs import Graph
from keras_rnn_kit.exporting.kinds import (
    encoder_decoder,
    forecaster,
    language_model,
    sequence_tagger,
    text_classifier,
)
from keras_rnn_kit.exporting.kinds.contract import Kind
from keras_rnn_kit.text import TextEncoder

_MODULES = (encoder_decoder, forecaster, language_model, sequence_tagger, text_classifier)

KINDS: tuple[Kind, ...] = tuple(module.KIND for module in _MODULES)


def kind_of(model: Any) -> Kind:
    """The kind of one of the kit's models; `KitError` for anything else."""
    for kind in KINDS:
        if isinstance(model, kind.model):
            return kind
    classes = [kind.model if isinstance(kind.model, tuple) else (kind.model,) for kind in KINDS]
    names = [one.__name__ for some in classes for one in some]
    raise KitError(
        f"a bundle holds a model of this kit ({', '.join(names)}); received "
        f"{type(model).__name__}. Convert another model with keras_rnn_kit.exporting.to_onnx."
    )


def graphs_of(model: Any) -> dict[str, Graph]:
    """The graphs of a built model, by name; those with a loop inside are not among them."""
    return {graph.name: graph for graph in kind_of(model).graphs(model)}


def encoders_of(model: Any, encoder: TextEncoder | Sequence[TextEncoder] | None) -> list[Any]:
    """The encoders of the model's vocabularies, in their order.

    `encoder` is one, several, or `None` for a model without a vocabulary. Raises `KitError` for
    another number than the model has, or another size than its own.
    """
    files, sizes = kind_of(model).runtime.vocabularies, kind_of(model).vocabulary_sizes(model)
    if encoder is None:
        given = []
    else:
        given = [encoder] if isinstance(encoder, TextEncoder) else list(encoder)
    if len(given) != len(files):
        raise KitError(
            f"a {type(model).__name__} has {len(files)} encoders ({', '.join(files) or 'none'}); "
            f"received {len(given)}. Pass just those."
        )
    for one, size, file in zip(given, sizes, files, strict=True):
        if len(one.vocabulary) != size:
            which = "the vocabulary" if len(files) == 1 else file
            raise KitError(
                f"{which} must be the model's, with V={size} tokens; received one with "
                f"{len(one.vocabulary)}. Pass the encoder that the model was trained with."
            )
    return given


def check_built(model: Any) -> None:
    """`KitError` unless the model is one of this kit's and has weights."""
    kind_of(model)
    if not model.built:
        raise KitError(
            "a model must be built before it is exported; received one without weights. "
            "Train it, or call it once."
        )
