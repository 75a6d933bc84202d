"""The models of the fit step: they differ in the recurrent layer, and in what `compile` is told."""

from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt

from benchmarks import grid
from benchmarks.grid import Shape
from benchmarks.peers import AS_IT_COMES, JIT, OURS, UNROLL
from keras_rnn_kit import layers

Task = Literal["character model", "classifier"]
CLASSES = 2

Tokens = npt.NDArray[np.int32]


def fit_models(task: Task, shape: Shape, rng: np.random.Generator) -> dict[str, keras.Model]:
    """By peer, a compiled model; all start from the same weights.

    The character model has an output at every step; the classifier has masked padding, and reads
    the last output alone.
    """
    widths = {"character model": grid.VOCABULARY, "classifier": CLASSES}
    recurrent = grid.weights(shape, rng)
    embedding = rng.uniform(-0.05, 0.05, (grid.VOCABULARY, shape.features))
    output = rng.normal(0, 0.05, (shape.units, widths[task]))
    weights = [embedding, *recurrent, output, np.zeros(widths[task])]

    theirs = keras.layers.SimpleRNN
    makers: dict[str, tuple[Any, dict[str, Any], bool | str]] = {
        OURS: (layers.SimpleRNN, {}, "auto"),
        AS_IT_COMES: (theirs, {}, "auto"),
        JIT: (theirs, {}, True),
        UNROLL: (theirs, {"unroll": True}, "auto"),
    }
    models = {}
    for peer, (layer_class, arguments, jit_compile) in makers.items():
        tokens = keras.Input((shape.time,), batch_size=shape.batch, dtype="int32")
        masked = task == "classifier"
        hidden = keras.layers.Embedding(grid.VOCABULARY, shape.features, mask_zero=masked)(tokens)
        hidden = layer_class(shape.units, return_sequences=not masked, **arguments)(hidden)
        model = keras.Model(tokens, keras.layers.Dense(widths[task])(hidden))
        model.set_weights(weights)
        model.compile(
            keras.optimizers.Adam(1e-4),  # small: the repeated batch is not learned by heart
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=jit_compile,
        )
        models[peer] = model
    return models


def fit_batch(task: Task, shape: Shape, rng: np.random.Generator) -> tuple[Tokens, Tokens]:
    """Tokens `[B, T]` and what is learned from them, `[B, T]` or one class a row, `[B]`."""
    if task == "character model":
        tokens = rng.integers(0, grid.VOCABULARY, (shape.batch, shape.time + 1)).astype(np.int32)
        return tokens[:, :-1], tokens[:, 1:]
    tokens = rng.integers(1, grid.VOCABULARY, (shape.batch, shape.time)).astype(np.int32)
    padded = np.where(grid.right_padded(shape, rng), tokens, np.int32(0))
    return padded, rng.integers(0, CLASSES, shape.batch).astype(np.int32)
