"""A character model small enough to train one of every cell: what does a cell make of text?"""

import dataclasses
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from keras_rnn_kit.data import language_model_windows
from keras_rnn_kit.layers.named import NamedRNN
from keras_rnn_kit.models.equal_parameters import parameters_of, units_for
from keras_rnn_kit.text import TextEncoder, load_text


@dataclasses.dataclass(frozen=True)
class Settings:
    """The same for every cell, but for the units: those that come nearest to `parameters`."""

    parameters: int = 100_000  # of the recurrent layer
    embedding: int = 64
    steps: int = 1000
    batch_size: int = 32
    seq_length: int = 100
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    train_share: float = 0.9  # of the characters, the first ones; the others validate
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The ids of a text's two parts, and V."""

    train: npt.NDArray[np.int32]
    validation: npt.NDArray[np.int32]
    vocabulary_size: int

    @classmethod
    def read(cls, path: str | Path, train_share: float) -> "Corpus":
        """Cuts the text, and has the vocabulary of its first part."""
        text = load_text(path)
        cut = int(train_share * len(text))
        encoder = TextEncoder.build([text[:cut]])
        return cls(encoder.encode(text[:cut]), encoder.encode(text[cut:]), len(encoder.vocabulary))


@dataclasses.dataclass(frozen=True)
class Score:
    """Nats per character on the second part, `None` where it is no number; the layer's size."""

    nats: float | None
    units: int
    parameters: int


def score(layer_class: type[NamedRNN], corpus: Corpus, settings: Settings) -> Score:
    """Trains embedding, layer and output layer for the steps given.

    Every window starts from the state zero, in validation too.
    """
    units = units_for(
        lambda units: parameters_of(layer_class, settings.embedding, units), settings.parameters
    )
    sizes: dict[str, Any] = {"batch_size": settings.batch_size, "seq_length": settings.seq_length}
    train = language_model_windows(corpus.train, **sizes, seed=settings.seed)
    validation = language_model_windows(corpus.validation, **sizes, partition="sequential")

    keras.utils.set_random_seed(settings.seed)
    model = keras.Sequential(
        [
            keras.Input((settings.seq_length,), batch_size=settings.batch_size, dtype="int32"),
            keras.layers.Embedding(corpus.vocabulary_size, settings.embedding),
            layer_class(units, return_sequences=True),
            keras.layers.Dense(corpus.vocabulary_size),
        ]
    )
    model.compile(
        keras.optimizers.Adam(settings.learning_rate, global_clipnorm=settings.clip_norm),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    batches = train.repeat().take(settings.steps)
    model.fit(batches, shuffle=False, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    nats = float(model.evaluate(validation, verbose=0))  # all batches are of one size
    parameters = parameters_of(layer_class, settings.embedding, units)
    return Score(nats if math.isfinite(nats) else None, units, parameters)
