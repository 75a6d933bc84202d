"""The training of a language model, as the recipes have it."""

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
from keras_rnn_kit.training.perplexity_logs import PerplexityLogs


@dataclasses.dataclass(frozen=True)
class NextTokenFit:
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

    def best(self, name: str) -> float | None:
        """A figure of the best epoch; `None` where there is none."""
        return None if self.best_epoch is None else self.history[name][self.best_epoch - 1]

    def figures(self) -> dict[str, Any]:
        """What a report says of it."""
        losses = [loss for loss in self.history.get("loss", [])[-1:] if math.isfinite(loss)]
        return {
            "epochs": len(self.history.get("val_loss", [])),
            "best_epoch": self.best_epoch,
            "steps": self.steps,
            "train_loss_nats": losses[0] if losses else None,
            "seconds": self.seconds,
            "interrupted": self.interrupted,
            "diverged": self.diverged,
        }


def fit_next_token(
    model: keras.Model,
    windows: Any,
    val_windows: Any,
    *,
    epochs: int,
    steps_per_epoch: int | None = None,
    learning_rate: float,
    clip_norm: float,
    verbose: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> NextTokenFit:
    """Trains a model of logits on batches `(inputs [B, T], targets [B, T])`.

    Adam's step size falls to 0 by a cosine over all steps; the gradient's norm is clipped; the
    weights of the epoch with the lowest validation loss are kept.

    Args:
        model: from ids `[B, T]` to logits `[B, T, V]`.
        windows: the training batches, as many as their `cardinality()`, each epoch anew.
        val_windows: the batches that validate.
        epochs: how many.
        steps_per_epoch: batches of an epoch, if not all; the windows then follow each other.
        learning_rate: the first step size.
        clip_norm: the largest global norm of the gradient.
        verbose: of `model.fit`.
        callbacks: more of them.

    Example:

    >>> from keras_rnn_kit.data import language_model_windows
    >>> from keras_rnn_kit.models import LanguageModel
    >>> windows = language_model_windows([1, 2, 3] * 20, batch_size=2, seq_length=5)
    >>> model = LanguageModel(4, units=4, embedding=2)
    >>> fit = fit_next_token(
    ...     model, windows, windows, epochs=2, learning_rate=0.01, clip_norm=1.0
    ... )
    >>> fit.steps, fit.best_epoch
    (10, 2)
    """
    in_epoch = int(windows.cardinality()) if steps_per_epoch is None else steps_per_epoch
    decay = keras.optimizers.schedules.CosineDecay(learning_rate, in_epoch * epochs)
    model.compile(
        keras.optimizers.Adam(decay), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    best, diverged, interrupt = BestWeights("val_loss"), StopOnNaN(), StopOnInterrupt()
    started = time.perf_counter()
    history = model.fit(
        windows if steps_per_epoch is None else windows.repeat(),
        validation_data=val_windows,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        shuffle=False,
        verbose=verbose,
        callbacks=[
            GradientClipping(clip_norm),
            PerplexityLogs(),
            diverged,
            best,
            interrupt,
            *callbacks,
        ],
    )
    seconds = time.perf_counter() - started
    best.restore()
    return NextTokenFit(
        history.history,
        int(model.optimizer.iterations),
        best.epoch,
        seconds,
        interrupt.interrupted,
        diverged.diverged,
    )
