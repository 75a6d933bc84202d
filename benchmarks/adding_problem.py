"""How far back can a cell look? The adding problem, with the same settings for every cell."""

import dataclasses
import math

import keras
import numpy as np

from keras_rnn_kit.data import adding_problem
from keras_rnn_kit.layers.named import NamedRNN


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
