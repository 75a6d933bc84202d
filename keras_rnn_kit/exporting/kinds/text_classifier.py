"""A text classifier: whole sequences to a logit for each class."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.graphs import Graph, Port, padded_ids
from keras_rnn_kit.exporting.kinds.contract import Card, Endpoint, Kind, Measure, serve_tokens
from keras_rnn_kit.models import TextClassifier, TreeClassifier
from keras_rnn_kit.runtime import kinds
from keras_rnn_kit.text import load_labelled


def graphs(model: TextClassifier | TreeClassifier) -> list[Graph]:
    """`model`."""

    def function(tokens: Any) -> dict[str, Any]:
        return {"logits": model(tokens, training=False)}

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        return {"tokens": padded_ids(rng, batch, length, model.vocabulary_size)}

    return [
        Graph(
            "model",
            function,
            inputs=(Port("tokens", ("B", "T"), "int32"),),
            outputs=(Port("logits", ("B", len(model.classes)), model.compute_dtype),),
            example=example,
        )
    ]


def _served(
    model: TextClassifier | TreeClassifier, graphs: dict[str, Graph], ids: Sequence[Any]
) -> dict[str, Endpoint]:
    return serve_tokens(graphs["model"].function, graphs["model"], ids)


def _accuracy(model: Any, data: tuple[Sequence[str], Sequence[str]]) -> tuple[str, int, float]:
    texts, labels = data
    unknown = sorted(set(labels) - set(model.labels))
    if unknown or not texts or len(texts) != len(labels):
        raise KitError(
            f"data must be texts with a label each, of the model's {', '.join(model.labels)}; "
            f"received {len(texts)} texts, {len(labels)} labels"
            f"{f', {unknown[0]!r} among them' if unknown else ''}. Pass the test set."
        )
    right = [one == other for one, other in zip(model.predict(texts), labels, strict=True)]
    return "accuracy", len(right), float(np.mean(right))


KIND = Kind(
    runtime=kinds.KINDS["text_classifier"],
    model=(TextClassifier, TreeClassifier),
    graphs=graphs,
    served=_served,
    vocabulary_sizes=lambda model: [model.vocabulary_size],
    labels=lambda model: model.classes,
    measure=Measure(
        "(texts, labels)", lambda data: not isinstance(data, str), _accuracy, load_labelled
    ),
    card=Card(
        what="A recurrent classifier of texts.",
        graphs={
            "model": "whole sequences",
            "text": "texts as strings; `Tokenizer` is onnxruntime's own operator",
        },
        run='load("THIS_FOLDER").predict(["a text"])',
        command='python -m export.classify {out} "Not once was I bored."',
    ),
)
