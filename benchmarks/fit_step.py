"""A whole train step through `model.fit`: kit beside Keras, in the models of `fit_models.py`.

Embedding, recurrent layer, output layer, cross-entropy, Adam. One batch is repeated, so that no
input pipeline is timed; a timing is a whole `fit` of several steps, divided by their number.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.agreement import check_agreement
from benchmarks.fit_models import Task, fit_batch, fit_models
from benchmarks.grid import Shape
from benchmarks.layer_step import TOLERANCE
from benchmarks.peers import KERAS, OURS
from benchmarks.report import Row
from benchmarks.timing import alternate

PEERS = (OURS, *KERAS)
_CHECKED_STEPS = 3
# Adam divides a gradient by its own size, which blows rounding up where a gradient is near zero:
# the loss after steps is compared, not the weights.
_LOSS_TOLERANCE = 1e-4


def fit_row(task: Task, shape: Shape, *, rounds: int, seconds: float = 0.15, seed: int = 0) -> Row:
    """Times one shape, each `fit` about `seconds` of ours; `KitError` where peers don't agree."""
    rng = np.random.default_rng(seed)
    inputs, targets = map(tf.constant, fit_batch(task, shape, rng))
    models = fit_models(task, shape, rng)
    differences = _check(models, inputs, targets, f"{task} [{shape}]")

    steps = _steps(lambda steps: _fit(models[OURS], inputs, targets, steps), seconds)
    fits = {peer: _fit(model, inputs, targets, steps) for peer, model in models.items()}
    turns = alternate(fits, rounds=rounds, warmup=1)
    return Row.of({"B, T, E, H": str(shape)}, turns, differences, dict.fromkeys(fits, steps))


def _check(
    models: dict[str, keras.Model], inputs: tf.Tensor, targets: tf.Tensor, case: str
) -> dict[str, float]:
    """Logits and gradients at the start, then the mean loss of a few steps of `fit`."""
    names = ["logits", *(weight.path for weight in models[OURS].trainable_weights)]
    starts = {peer: _gradients(model, inputs, targets) for peer, model in models.items()}
    found = check_agreement(starts, names, tolerance=TOLERANCE, case=case)
    losses = {
        peer: _fit(model, inputs, targets, _CHECKED_STEPS)().history["loss"]
        for peer, model in models.items()
    }
    check_agreement(losses, ["loss"], tolerance=_LOSS_TOLERANCE, case=f"{case}, after steps")
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
