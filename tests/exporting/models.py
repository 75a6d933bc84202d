"""Small models with weights of some size, and encoders that fit them."""

from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.models import LanguageModel, TextClassifier
from keras_rnn_kit.text import Cleaning, TextEncoder

TEXT = "to be, or not to be: that is the question"
REVIEWS = ["A good film, so good!", "a <b>bad</b> film", "not bad", "good, bad, not a film"]

# Keras writes its variables through an `__array__` that NumPy 2 finds outdated.
saves_models = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def with_weights(model: keras.Model) -> keras.Model:
    """Weights and biases drawn so that outputs differ from token to token."""
    rng = np.random.default_rng(7)
    model.set_weights([rng.normal(0, 0.6, weight.shape) for weight in model.get_weights()])
    return model


def characters() -> TextEncoder:
    return TextEncoder.build([TEXT])


def words() -> TextEncoder:
    return TextEncoder.build(REVIEWS, tokenizer="words", cleaning=Cleaning.sentiment())


def language_model(encoder: TextEncoder, shape: Any = None, **arguments: Any) -> Any:
    arguments = {"units": 6, "embedding": 4, "layers": 2, "dropout": 0.3, **arguments}
    model = LanguageModel(len(encoder.vocabulary), **arguments)
    model.build(model.free_shape if shape is None else shape)
    return with_weights(model)


def classifier(encoder: TextEncoder, **arguments: Any) -> Any:
    arguments = {"classes": ("no", "so-so", "yes"), "units": 5, "embedding": 4, **arguments}
    model = TextClassifier(len(encoder.vocabulary), **arguments)
    model.build((None, None))
    return with_weights(model)


def softmax(logits: Any) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)
