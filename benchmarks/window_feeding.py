"""How fast windows of a text come, and whether a train step waits for them."""

import collections
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks import grid
from benchmarks.fit_models import fit_models
from benchmarks.grid import Shape
from benchmarks.peers import OURS
from benchmarks.report import Row
from benchmarks.timing import alternate
from keras_rnn_kit.data import language_model_windows

BATCH, STEPS = 64, 100
TUTORIAL, GATHER = "the tutorial's pipeline", "NumPy, gathered"
PEERS = (OURS, TUTORIAL, GATHER)
FED, STILL = "fed with windows", "the same batch each time"


def windows_row(ids: np.ndarray, *, rounds: int, batches: int) -> Row:
    """Seconds for a million tokens of windows [64, 100], each peer over an epoch of so many."""
    ids = np.resize(ids, (batches * BATCH + 1) * STEPS)
    ours = language_model_windows(ids, batch_size=BATCH, seq_length=STEPS, seed=0)
    # TensorFlow's tutorial "Text generation with an RNN", with its shuffle buffer of 10,000.
    slices = tf.data.Dataset.from_tensor_slices(ids).batch(STEPS + 1, drop_remainder=True)
    tutorial = slices.map(lambda window: (window[:-1], window[1:]))
    tutorial = tutorial.shuffle(10_000).batch(BATCH, drop_remainder=True)
    tutorial = tutorial.prefetch(tf.data.AUTOTUNE)

    def gathered() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        rng = np.random.default_rng(0)
        starts = rng.permutation((len(ids) - 1) // STEPS) * STEPS
        for k in range(len(starts) // BATCH):
            window = ids[starts[k * BATCH : (k + 1) * BATCH, None] + np.arange(STEPS + 1)]
            yield window[:, :-1], window[:, 1:]

    epochs: dict[str, Callable[[], Iterator[Any]]] = {
        OURS: lambda: iter(ours),
        TUTORIAL: lambda: iter(tutorial),
        GATHER: gathered,
    }
    # The tutorial's windows share no id, not even between targets and inputs: it has fewer.
    drawn = {peer: sum(1 for _ in epoch()) for peer, epoch in epochs.items()}
    functions = {
        peer: lambda epoch=epoch: collections.deque(epoch(), maxlen=0)
        for peer, epoch in epochs.items()
    }
    turns = alternate(functions, rounds=rounds, warmup=0)
    millions = {peer: count * BATCH * STEPS / 1e6 for peer, count in drawn.items()}
    case = {"B, T": f"{BATCH}, {STEPS}", "batches": drawn[OURS]}
    return Row.of(case, turns, {}, millions)


def brake_row(ids: np.ndarray, shape: Shape, *, rounds: int, steps: int) -> Row:
    """Seconds of a train step of the kit's character model, fed and with a batch that stands."""
    rng = np.random.default_rng(0)
    model = fit_models("character model", shape, rng)[OURS]
    ids = ids % grid.VOCABULARY
    windows = language_model_windows(ids, batch_size=shape.batch, seq_length=shape.time, seed=0)
    still = tf.data.Dataset.from_tensors(next(iter(windows))).repeat(steps)
    fed = windows.repeat().take(steps)
    functions = {
        FED: lambda: model.fit(fed, verbose=0, shuffle=False),
        STILL: lambda: model.fit(still, verbose=0, shuffle=False),
    }
    turns = alternate(functions, rounds=rounds, warmup=1)
    return Row.of({"B, T, E, H": str(shape)}, turns, {}, dict.fromkeys(functions, steps))
