"""A language model: whole sequences, one step, and the sampling loop; states in and out."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.exporting import parity
from keras_rnn_kit.exporting.graphs import Graph, Port
from keras_rnn_kit.exporting.kinds.contract import (
    Card,
    Endpoint,
    Kind,
    Loop,
    Measure,
    Target,
    serve_tokens,
)
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.runtime import kinds, loop
from keras_rnn_kit.runtime.kinds.language_model import BEGINNINGS, LOG_LENGTHS, START
from keras_rnn_kit.text import TextEncoder, load_text


def graphs(model: LanguageModel) -> list[Graph]:
    """`model` and `step`, and `start` where something is known of a text before it begins."""
    return [_whole(model), _step(model), *([_start(model)] if model.beginnings else [])]


def _states(model: LanguageModel, prefix: str = "") -> tuple[Port, ...]:
    known = zip(model.state_names, model.state_sizes, model.state_dtypes, strict=True)
    return tuple(Port(f"{prefix}{name}", ("B", size), dtype) for name, size, dtype in known)


def _with_states(model: LanguageModel, logits: Any, states: list[Any]) -> dict[str, Any]:
    named = zip(model.state_names, states, strict=True)
    return {"logits": logits, **{f"next_{name}": state for name, state in named}}


def _random_states(model: LanguageModel, rng: np.random.Generator, batch: int) -> dict[str, Any]:
    known = zip(model.state_names, model.state_sizes, model.state_dtypes, strict=True)
    states = {name: rng.uniform(-1, 1, (batch, n)).astype(dtype) for name, n, dtype in known}
    if model.countdown is not None:
        remaining, score = model.state_names[-2:]
        states[remaining] = np.floor((1 + states[remaining]) / 2 * model.max_length)
        states[score] -= 1  # the logarithm of a probability
    return states


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
            Port("logits", ("B", "T", model.vocabulary_size), model.score_dtype),
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
            Port("logits", ("B", model.vocabulary_size), model.score_dtype),
            *_states(model, "next_"),
        ),
        example=example,
    )


def _start(model: LanguageModel) -> Graph:
    def function(*given: Any) -> dict[str, Any]:
        begin, rows = dict(zip(model.beginnings, given, strict=True)), tf.shape(given[0])[0]
        states = model.initial_states(rows, **begin)
        made = dict(zip(model.state_names, states, strict=True))
        if model.countdown is not None:
            made[LOG_LENGTHS] = model.log_lengths(rows, begin.get("labels"))
        return made

    def example(rng: np.random.Generator, batch: int, length: int) -> dict[str, Any]:
        # -1 is the likeliest length.
        ends = {"labels": (0, len(model.labels or ())), "text_lengths": (-1, model.max_length + 1)}
        return {
            name: rng.integers(*ends[name], batch).astype(np.int32) for name in model.beginnings
        }

    outputs = _states(model)
    if model.countdown is not None:
        outputs += (Port(LOG_LENGTHS, ("B", model.max_length + 1), model.score_dtype),)
    return Graph(START, function, inputs=inputs_of(model), outputs=outputs, example=example)


def inputs_of(model: LanguageModel) -> tuple[Port, ...]:
    """What goes into `start`."""
    ports = [port for port in BEGINNINGS if port.name in model.beginnings]
    return tuple(Port(port.name, port.shape, port.dtype) for port in ports)


def _served(
    model: LanguageModel, graphs: dict[str, Graph], ids: Sequence[Any]
) -> dict[str, Endpoint]:
    def from_the_start(tokens: Any, *labels: Any) -> dict[str, Any]:
        return {"logits": model((tokens, *labels) if labels else tokens, training=False)}

    served = serve_tokens(from_the_start, graphs["model"], ids)
    if model.labels is not None:
        label = graphs[START].inputs[0].tensor_spec()
        served = {name: (function, [*given, label]) for name, (function, given) in served.items()}
    further = [graphs[name] for name in ("step", START) if name in graphs]
    return served | {
        graph.name: (graph.function, [port.tensor_spec() for port in graph.inputs])
        for graph in further
    }


def _loops(
    source: LanguageModel, plain: LanguageModel, encoders: Sequence[TextEncoder], target: Target
) -> list[Loop]:
    """`generate`, where there is a token to choose."""
    # Here, since it starts from this module's graphs.
    from keras_rnn_kit.exporting.generation_graph import INPUTS, OUTPUTS, generation_graph

    vocabulary = encoders[0].vocabulary
    specials = len(vocabulary.specials)
    if len(vocabulary) == specials:
        return []
    exported = generation_graph(
        source, specials, target=target.target, opset=target.opset, quantized=target.quantized
    )
    check = functools.partial(parity.check_generation, plain, specials)
    return [Loop(loop.NAME, exported, check, INPUTS + inputs_of(source), OUTPUTS)]


def _perplexity(model: Any, text: str) -> tuple[str, int, float]:
    # A text has no label of its own here: it is scored under each.
    scores = np.concatenate([model.score(text, label) for label in model.labels or [None]])
    with np.errstate(over="ignore"):
        return "perplexity", len(scores), float(np.exp(-scores.mean()))


KIND = Kind(
    runtime=kinds.KINDS["language_model"],
    model=LanguageModel,
    graphs=graphs,
    served=_served,
    vocabulary_sizes=lambda model: [model.vocabulary_size],
    loops=_loops,
    labels=lambda model: model.labels or (),
    settings=lambda model: {} if model.countdown is None else {"eos_id": model.eos_id},
    measure=Measure("a text", lambda data: isinstance(data, str), _perplexity, load_text),
    card=Card(
        what="A recurrent language model: it goes on with a text, and scores one.",
        graphs={
            "model": "whole sequences",
            "step": "one token a row, states in and out",
            "start": "ids of labels, or lengths, to the states that texts of them begin from",
            "generate": "the whole sampling loop",
        },
        run='load("THIS_FOLDER").generate("Once ", 100, temperature=0.7{label})',
        command='python -m export.generate {out} --prompt "The " --length 200{label}',
    ),
)
