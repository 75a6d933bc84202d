"""Tiny models and data that the tests of this folder train on."""

from typing import Any

import keras
import numpy as np
import pytest

VOCABULARY = 11

# Keras writes its variables through an `__array__` that NumPy 2 finds outdated.
saves_models = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def token_model(
    mask_zero: bool = True, dtype: str = "float32", from_logits: bool = True, seed: int = 1
) -> keras.Model:
    """ids [B, T] -> logits or probabilities [B, T, V]."""
    keras.utils.set_random_seed(seed)
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(VOCABULARY, 4, mask_zero=mask_zero, dtype=dtype)(tokens)
    x = keras.layers.SimpleRNN(5, return_sequences=True, dtype=dtype)(x)
    activation = None if from_logits else "softmax"
    x = keras.layers.Dense(VOCABULARY, activation=activation, dtype=dtype)(x)
    return keras.Model(tokens, x)


def compiled(model: keras.Model, optimizer: Any = "sgd", **arguments: Any) -> keras.Model:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, **{"loss": loss, **arguments})
    return model


def padded_batch(rows: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets [rows, 7], right-padded with 0 to unequal lengths of 1 to 7."""
    rng = np.random.default_rng(seed)
    inputs = rng.integers(1, VOCABULARY, (rows, 7), dtype=np.int32)
    targets = rng.integers(1, VOCABULARY, (rows, 7), dtype=np.int32)
    padding = np.arange(7) >= rng.integers(1, 8, rows)[:, None]
    inputs[padding] = targets[padding] = 0
    return inputs, targets


def token_nll(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Negative log-likelihood of each target, float64; the oracle of these tests."""
    logits = logits.astype("float64")
    top = logits.max(-1, keepdims=True)
    log_sum = np.log(np.exp(logits - top).sum(-1)) + top[..., 0]
    return log_sum - np.take_along_axis(logits, targets[..., None].astype(int), -1)[..., 0]
