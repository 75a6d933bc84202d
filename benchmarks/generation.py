"""Sampling text one character at a time: the kit's runtime beside a window through Keras.

The kit's `LanguageModel` is exported to a bundle and goes on from its state, one step a character:
in Python through `step.onnx`, or all of it inside of `generate.onnx`, for one text or many at once.
The usual way without a step model gives Keras the last 100 characters anew for each one: through
`model.predict`, or through a `tf.function` of the same model, which has none of predict's ceremony.
The model is the same (`keras.layers.SimpleRNN` with the kit model's weights), and so is the
sampling; up to the first sampled character both have read the same 100.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks import grid
from benchmarks.agreement import check_agreement
from benchmarks.onnx_runs import TOLERANCE
from benchmarks.report import Row
from benchmarks.timing import alternate
from keras_rnn_kit import runtime
from keras_rnn_kit.exporting import export_onnx
from keras_rnn_kit.generation import stream
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.runtime.loop import settings
from keras_rnn_kit.runtime.session import open_session
from keras_rnn_kit.text import TextEncoder

WINDOW = 100
PREDICT, TRACED = "model.predict", "tf.function"
STREAM, GENERATE = "kit, stream", "kit, generate"
GRAPH, BATCH = "kit, generate.onnx", 64
GRAPH_OF_MANY = f"{GRAPH}, {BATCH} texts"
PEERS = (STREAM, GENERATE, GRAPH, GRAPH_OF_MANY, PREDICT, TRACED)

Step = Callable[[Any, Any], tuple[Any, Any]]


def generation_row(
    *,
    rounds: int,
    units: int = 256,
    embedding: int = 64,
    window: int = WINDOW,
    ours: int = 2000,
    theirs: int = 5,
    seed: int = 0,
) -> Row:
    """Seconds a character by peer, from `ours` and `theirs` characters a timing."""
    keras.utils.set_random_seed(seed)
    characters = "".join(chr(ord("!") + k) for k in range(grid.CHARACTERS))
    encoder = TextEncoder.build([characters])
    model = LanguageModel(len(encoder.vocabulary), units, embedding=embedding)
    model.build((None, None))
    window_model = _window_model(model)
    traced = tf.function(lambda ids: window_model(ids, training=False), autograph=False)
    specials = range(len(encoder.vocabulary.specials))

    prompt = "".join(np.random.default_rng(seed).choice(list(characters), window))
    ids = encoder.encode(prompt)[None]
    before = np.roll(ids, 1, axis=1)  # the first step drops its oldest, adds the prompt's last
    windowed: dict[str, Step] = {
        PREDICT: _windowed(lambda ids: window_model.predict(ids, verbose=0)),
        TRACED: _windowed(lambda ids: traced(tf.constant(ids)).numpy()),
    }

    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        export_onnx(model, bundle, encoder)
        loaded = runtime.load(bundle)
        assert isinstance(loaded, runtime.LanguageModel)
        graph = open_session(loaded.bundle.read("generate.onnx"), threads=1)

    def sampling(step: Step) -> Callable[[], object]:
        given: dict[str, Any] = {"states": before, "forbidden": specials, "seed": seed}
        return lambda: list(stream(step, ids[:, -1:], theirs, **given))

    def inside(rows: int) -> Callable[[], object]:
        given = settings(length=ours, seed=seed)
        given["tokens"] = np.repeat(ids, rows, axis=0).astype(np.int32)
        given["lengths"] = np.full(rows, ids.shape[1], np.int32)
        return lambda: graph.run(None, given)

    logits = {"runtime": [loaded.read(ids)[0][:, -1]]}
    logits |= {peer: [step(ids[:, -1], before)[0]] for peer, step in windowed.items()}
    differences = check_agreement(logits, ["logits"], tolerance=TOLERANCE, case="generation")

    functions: dict[str, Callable[[], object]] = {
        STREAM: lambda: sum(map(len, loaded.stream(prompt, ours, seed=seed))),
        GENERATE: lambda: loaded.generate(prompt, ours, seed=seed),
        GRAPH: inside(1),
        GRAPH_OF_MANY: inside(BATCH),
        **{peer: sampling(step) for peer, step in windowed.items()},
    }
    turns = alternate(functions, rounds=rounds, warmup=1)
    calls = dict.fromkeys((STREAM, GENERATE, GRAPH), ours)
    calls |= {GRAPH_OF_MANY: BATCH * ours, PREDICT: theirs, TRACED: theirs}
    case = {"V": len(encoder.vocabulary), "H": units}
    return Row.of(case, turns, differences, calls)


def _window_model(model: LanguageModel) -> keras.Model:
    """The same model as it is written with Keras alone, `[B, T] -> [B, T, V]`."""
    tokens = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(model.vocabulary_size, model.embedding)(tokens)
    hidden = keras.layers.SimpleRNN(model.units, return_sequences=True)(hidden)
    stock = keras.Model(tokens, keras.layers.Dense(model.vocabulary_size)(hidden))
    stock.set_weights(model.get_weights())
    return stock


def _windowed(run: Callable[[Any], Any]) -> Step:
    """A step whose state is the window: it drops the oldest character and reads all the others."""

    def step(tokens: Any, window: Any) -> tuple[Any, Any]:
        window = np.concatenate([window[:, 1:], tokens[:, None]], axis=1)
        return run(window)[:, -1], window

    return step
