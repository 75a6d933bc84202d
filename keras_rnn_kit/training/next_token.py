"""The training of what predicts the next token."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_rnn_kit.training.best_fit import BestFit, fit_best
from keras_rnn_kit.training.perplexity_logs import PerplexityLogs
from keras_rnn_kit.training.smoothed_crossentropy import SmoothedCrossentropy


def fit_next_token(
    model: keras.Model,
    windows: Any,
    val_windows: Any,
    *,
    epochs: int,
    steps_per_epoch: int | None = None,
    learning_rate: float,
    clip_norm: float,
    smoothing: float = 0.0,
    verbose: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> BestFit:
    """Trains a model of logits `[B, T, V]` on batches `(inputs, targets [B, T])`.

    Adam's step size falls to 0 by a cosine over all steps; the gradient's norm is clipped; the
    weights of the epoch with the lowest validation perplexity are kept.

    Args:
        model: from the inputs to logits.
        windows: the training batches, as many as their `cardinality()`, each epoch anew.
        val_windows: the batches that validate.
        epochs: how many.
        steps_per_epoch: batches of an epoch, if not all; the windows then follow each other.
        learning_rate: the first step size.
        clip_norm: the largest global norm of the gradient.
        smoothing: of the loss, see `SmoothedCrossentropy`; perplexities are without it.
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
    loss: Any = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.Adam(decay), SmoothedCrossentropy(smoothing) if smoothing else loss
    )
    return fit_best(
        model,
        windows if steps_per_epoch is None else windows.repeat(),
        val_windows,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        clip_norm=clip_norm,
        monitor="val_perplexity",
        verbose=verbose,
        callbacks=[PerplexityLogs(), *callbacks],
    )
