"""A sequence tagger: whole sequences to a logit for each tag at each step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.graphs import Graph, Port, padded_ids
from keras_rnn_kit.exporting.kinds.contract import Card, Endpoint, Kind, Measure, serve_tokens
from keras_rnn_kit.models import SequenceTagger
from keras_rnn_kit.runtime import kinds
from keras_rnn_kit.text import load_text
from keras_rnn_kit.text.punctuation import TAGS, tagged_text

_MEASURED_WORDS = 64  # in a text of their own, about as many as a tagger is trained on


def graphs(model: SequenceTagger) -> list[Graph]:
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
            outputs=(Port("logits", ("B", "T", len(model.tags)), model.compute_dtype),),
            example=example,
        )
    ]


def _served(
    model: SequenceTagger, graphs: dict[str, Graph], ids: Sequence[Any]
) -> dict[str, Endpoint]:
    return serve_tokens(graphs["model"].function, graphs["model"], ids)


def _accuracy(model: Any, data: str) -> tuple[str, int, float]:
    """The share of the text's words whose capitals and punctuation are given back right."""
    pieces = list(tagged_text(data).sequences(_MEASURED_WORDS))
    texts = [" ".join(words) for words, _ in pieces]
    as_words = [words for words, _ in pieces] == [model.encoder.tokenize(text) for text in texts]
    if not pieces or not as_words or not set(model.labels) <= set(TAGS):
        raise KitError(
            "data must be a text with words, for a tagger that reads words and gives them their "
            f"capitals and punctuation; received {len(pieces)} pieces of text for the tags "
            f"{', '.join(model.labels)} of tokens by {model.encoder.tokenizer!r}. Leave data out "
            "for a tagger of something else."
        )
    called = [tag for row in model.tag(texts) for _, tag in row]
    true = [tag for _, tags in pieces for tag in tags]
    return "tag_accuracy", len(true), float(np.mean(np.array(called) == np.array(true)))


KIND = Kind(
    runtime=kinds.KINDS["sequence_tagger"],
    model=SequenceTagger,
    graphs=graphs,
    served=_served,
    vocabulary_sizes=lambda model: [model.vocabulary_size],
    labels=lambda model: model.tags,
    measure=Measure("a text", lambda data: isinstance(data, str), _accuracy, load_text),
    card=Card(
        what="A recurrent tagger of sequences: a tag for each token of a text.",
        graphs={"model": "whole sequences"},
        run='load("THIS_FOLDER").tag(["a text"])',
        command='python -m export.tag {out} "a text"',
    ),
)
