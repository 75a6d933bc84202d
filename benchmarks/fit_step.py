"""A whole train step of the character model through `model.fit`: kit beside Keras.

Embedding, recurrent layer, output layer, cross-entropy, Adam: the models differ in the recurrent
layer alone, and in what `compile` is told. One batch is repeated, so that no input pipeline is
timed; a timing is a whole `fit` of several steps, divided by their number.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks import grid
from benchmarks.agreement import check_agreement
from benchmarks.grid import Shape
from benchmarks.layer_step import AS_IT_COMES, TOLERANCE
from benchmarks.report import OURS, Row
from benchmarks.timing import alternate
from keras_rnn_kit.layers import SimpleRNN

PEERS = (OURS, AS_IT_COMES, "Keras jit_compile", "Keras unroll")
_CHECKED_STEPS = 3
# Adam divides a gradient by its own size, which blows rounding up where a gradient is near zero:
# the loss after steps is compared, not the weights.
_LOSS_TOLERANCE = 1e-4


def fit_row(shape: Shape, *, rounds: int, seconds: float = 0.15, seed: int = 0) -> Row:
    """Times one shape, each `fit` about `seconds` of ours; `KitError` where peers don't agree."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, grid.VOCABULARY, (shape.batch, shape.time + 1)).astype(np.int32)
    inputs, targets = tf.constant(tokens[:, :-1]), tf.constant(tokens[:, 1:])
    models = fit_models(shape, rng)
    differences = _check(models, inputs, targets, str(shape))

    steps = _steps(lambda steps: _fit(models[OURS], inputs, targets, steps), seconds)
    fits = {peer: _fit(model, inputs, targets, steps) for peer, model in models.items()}
    times = alternate(fits, rounds=rounds, warmup=1)
    per_step = {peer: [total / steps for total in totals] for peer, totals in times.items()}
    return Row({"B, T, E, H": str(shape)}, per_step, differences)


def fit_models(shape: Shape, rng: np.random.Generator) -> dict[str, keras.Model]:
    """By peer, a compiled character model; all start from the same weights."""
    recurrent = grid.weights(shape, rng)
    embedding = rng.uniform(-0.05, 0.05, (grid.VOCABULARY, shape.features))
    output = rng.normal(0, 0.05, (shape.units, grid.VOCABULARY))
    weights = [embedding, *recurrent, output, np.zeros(grid.VOCABULARY)]

    makers: dict[str, tuple[Any, dict[str, Any], bool | str]] = {
        OURS: (SimpleRNN, {}, "auto"),
        AS_IT_COMES: (keras.layers.SimpleRNN, {}, "auto"),
        "Keras jit_compile": (keras.layers.SimpleRNN, {}, True),
        "Keras unroll": (keras.layers.SimpleRNN, {"unroll": True}, "auto"),
    }
    models = {}
    for peer, (layer_class, arguments, jit_compile) in makers.items():
        tokens = keras.Input((shape.time,), batch_size=shape.batch, dtype="int32")
        hidden = keras.layers.Embedding(grid.VOCABULARY, shape.features)(tokens)
        hidden = layer_class(shape.units, return_sequences=True, **arguments)(hidden)
        model = keras.Model(tokens, keras.layers.Dense(grid.VOCABULARY)(hidden))
        model.set_weights(weights)
        model.compile(
            keras.optimizers.Adam(1e-4),  # small: the repeated batch is not learned by heart
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=jit_compile,
        )
        models[peer] = model
    return models


def _check(
    models: dict[str, keras.Model], inputs: tf.Tensor, targets: tf.Tensor, case: str
) -> dict[str, float]:
    """Logits and gradients at the start, then the mean loss of a few steps of `fit`."""
    names = ["logits", *(weight.path for weight in models[OURS].trainable_weights)]
    starts = {peer: _gradients(model, inputs, targets) for peer, model in models.items()}
    found = check_agreement(starts, names, tolerance=TOLERANCE, case=f"[{case}]")
    losses = {
        peer: _fit(model, inputs, targets, _CHECKED_STEPS)().history["loss"]
        for peer, model in models.items()
    }
    check_agreement(losses, ["loss"], tolerance=_LOSS_TOLERANCE, case=f"[{case}], after steps")
    return found


def _gradients(model: keras.Model, inputs: tf.Tensor, targets: tf.Tensor) -> list[Any]:
    @tf.function(jit_compile=bool(model.jit_compile), autograph=False)
    def gradients() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = model(inputs, training=True)
            loss = model.loss(targets, logits)
        variables = [weight.value for weight in model.trainable_weights]
        return [logits, *map(tf.convert_to_tensor, tape.gradient(loss, variables))]

    return [tensor.numpy() for tensor in gradients()]


def _fit(
    model: keras.Model, inputs: tf.Tensor, targets: tf.Tensor, steps: int
) -> Callable[[], Any]:
    batches = tf.data.Dataset.from_tensors((inputs, targets)).repeat(steps)
    return lambda: model.fit(batches, verbose=0, shuffle=False)


def _steps(fit_of: Callable[[int], Callable[[], object]], seconds: float) -> int:
    """How many steps make a `fit` so long that its beginning and end, some ms, weigh little."""
    few, more = 2, 8
    taken = []
    for steps in (few, more):
        fit = fit_of(steps)
        begin = time.perf_counter()
        fit()
        taken.append(time.perf_counter() - begin)
    once = max((taken[1] - taken[0]) / (more - few), 1e-6)
    return max(3, min(100, math.ceil(seconds / once)))
