"""The adding problem: how far back can a cell look?

A sequence has two channels: numbers drawn evenly from [0, 1], and markers that are 1 at two steps,
one in each half, and 0 elsewhere. What is asked at its end is the sum of the two marked numbers.
Whoever always answers 1 has the mean squared error 1/6 = 0.167.

Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, section 5.4; in this form Le,
Jaitly and Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units", 2015.
"""

import dataclasses
import math

import keras
import numpy as np
import numpy.typing as npt

from keras_rnn_kit.layers.named import NamedRNN

Array = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Settings:
    """The same for every cell."""

    length: int = 100
    units: int = 64
    steps: int = 1500
    batch_size: int = 64
    learning_rate: float = 5e-3
    clip_norm: float = 1.0
    validation: int = 2000  # sequences
    seed: int = 0


def adding_problem(count: int, length: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """`(sequences [N, T, 2], sums [N, 1])`.

    Example:

    >>> sequences, sums = adding_problem(2, 6, np.random.default_rng(0))
    >>> sequences[..., 1].sum(axis=1)
    array([2., 2.], dtype=float32)
    """
    numbers = rng.uniform(size=(count, length))
    markers = np.zeros((count, length))
    rows = np.arange(count)
    markers[rows, rng.integers(0, length // 2, count)] = 1
    markers[rows, rng.integers(length // 2, length, count)] = 1
    sums = (numbers * markers).sum(axis=1, keepdims=True)
    return np.stack([numbers, markers], axis=2).astype(np.float32), sums.astype(np.float32)


def score(layer_class: type[NamedRNN], settings: Settings) -> float | None:
    """The mean squared error on new sequences after training; `None` where it is no number."""
    rng = np.random.default_rng(settings.seed)
    held_out = adding_problem(settings.validation, settings.length, rng)
    drawn = adding_problem(settings.steps * settings.batch_size, settings.length, rng)
    keras.utils.set_random_seed(settings.seed)
    model = keras.Sequential(
        [
            keras.Input((settings.length, 2), batch_size=settings.batch_size),
            layer_class(settings.units),
            keras.layers.Dense(1),
        ]
    )
    optimizer = keras.optimizers.Adam(settings.learning_rate, global_clipnorm=settings.clip_norm)
    model.compile(optimizer, "mse")
    stop = [keras.callbacks.TerminateOnNaN()]
    model.fit(*drawn, batch_size=settings.batch_size, shuffle=False, verbose=0, callbacks=stop)
    error = np.mean((model.predict(held_out[0], verbose=0) - held_out[1]) ** 2)
    return float(error) if math.isfinite(error) else None
