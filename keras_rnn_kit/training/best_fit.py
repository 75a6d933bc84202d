"""A training that keeps its best weights, whatever ends it."""

import dataclasses
import math
import time
from collections.abc import Sequence
from typing import Any

import keras

from keras_rnn_kit.training.best_weights import BestWeights
from keras_rnn_kit.training.clipping import GradientClipping
from keras_rnn_kit.training.divergence import StopOnNaN
from keras_rnn_kit.training.interrupt import StopOnInterrupt


@dataclasses.dataclass(frozen=True)
class BestFit:
    """How a training went; the model has the weights of its best epoch.

    Args:
        history: the figures of each epoch.
        steps: batches that were trained on.
        best_epoch: counted from 1; `None` where no epoch ended with a loss that is a number.
        seconds: validation included.
        interrupted: whether Ctrl-C ended it.
        diverged: whether a loss that is no number ended it.
    """

    history: dict[str, list[float]]
    steps: int
    best_epoch: int | None
    seconds: float
    interrupted: bool
    diverged: bool

    @property
    def epochs(self) -> int:
        """How many epochs have ended."""
        return len(self.history.get("val_loss", []))

    @property
    def status(self) -> int:
        """The exit status of a command: 0, 1 where it diverged, 130 after Ctrl-C."""
        return 130 if self.interrupted else int(self.diverged)

    def best(self, name: str) -> float | None:
        """A figure of the best epoch; `None` where there is none."""
        return None if self.best_epoch is None else self.history[name][self.best_epoch - 1]

    def figures(self) -> dict[str, Any]:
        """What a report says of it."""
        losses = [loss for loss in self.history.get("loss", [])[-1:] if math.isfinite(loss)]
        return {
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "steps": self.steps,
            "train_loss_nats": losses[0] if losses else None,
            "seconds": self.seconds,
            "interrupted": self.interrupted,
            "diverged": self.diverged,
        }


def fit_best(
    model: keras.Model,
    batches: Any,
    val_batches: Any,
    *,
    epochs: int,
    clip_norm: float,
    monitor: str = "val_loss",
    patience: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **how: Any,
) -> BestFit:
    """Fits a compiled model, the gradient's norm clipped, and sets the weights of its best epoch.

    A loss that is no number ends it, and so does Ctrl-C after the batch; what was reached is kept.

    Args:
        model: compiled.
        batches: the training batches, in the order in which they come.
        val_batches: the batches that validate.
        epochs: how many, at the most.
        clip_norm: the largest global norm of the gradient.
        monitor, patience: which epoch is the best, and when it ends; see `BestWeights`.
        callbacks: more of them.
        how: further arguments of `model.fit`, such as `verbose` (0 by default).

    Example:

    >>> import keras, numpy as np
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> import tensorflow as tf
    >>> batches = tf.data.Dataset.from_tensor_slices((np.ones((4, 1)), np.ones((4, 1)))).batch(2)
    >>> fit = fit_best(model, batches, batches, epochs=3, clip_norm=1.0)
    >>> fit.epochs, fit.steps, fit.status
    (3, 6, 0)
    """
    best, diverged, interrupt = BestWeights(monitor, patience), StopOnNaN(), StopOnInterrupt()
    started = time.perf_counter()
    history = model.fit(
        batches,
        validation_data=val_batches,
        epochs=epochs,
        shuffle=False,
        callbacks=[GradientClipping(clip_norm), diverged, best, interrupt, *callbacks],
        **{"verbose": 0, **how},
    )
    seconds = time.perf_counter() - started
    best.restore()
    return BestFit(
        history.history,
        int(model.optimizer.iterations),
        best.epoch,
        seconds,
        interrupt.interrupted,
        diverged.diverged,
    )
