"""The models in NumPy, float64, written from their equations."""

from typing import Any

import keras
import numpy as np
import pytest

# Keras writes its variables through an `__array__` that NumPy 2 finds outdated.
saves_models = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# float32 against float64: sums of some ten terms of size 1 are off by 1e-6, and a recurrence hands
# that on for some ten steps.
TOLERANCE = 1e-5


def with_weights(model: keras.Model, seed: int = 3) -> keras.Model:
    """Weights and biases drawn so that outputs differ from token to token."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.6, weight.shape) for weight in model.get_weights()])
    return model


def recurrence(cell: Any, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """`h_t = tanh(x_t W + h_{t-1} U + b)` for one row: `[T, E], [H] -> [T, H]`."""
    w, u, b = (np.asarray(v, np.float64) for v in (cell.kernel, cell.recurrent_kernel, cell.bias))
    states = []
    for step in x:
        h = np.tanh(step @ w + h @ u + b)
        states.append(h)
    return np.array(states)


def dense(layer: Any, x: np.ndarray) -> np.ndarray:
    return x @ np.asarray(layer.kernel, np.float64) + np.asarray(layer.bias, np.float64)


def language_model(model: Any, ids: np.ndarray) -> np.ndarray:
    """`[T] -> logits [T, V]`, from zero states."""
    if model.embedding is None:
        x = np.eye(model.vocabulary_size)[ids]
    else:
        x = np.asarray(model.embedding_layer.embeddings, np.float64)[ids]
    for layer in model.recurrent_layers:
        x = recurrence(layer.cell, x, np.zeros(model.units))
    return dense(model.output_layer, x)


def classifier(model: Any, ids: np.ndarray) -> np.ndarray:
    """`[T]` real tokens, no padding, `-> logits [C]`."""
    x = np.asarray(model.embedding_layer.embeddings, np.float64)[ids]
    layer, start = model.recurrent_layer, np.zeros(model.units)
    if model.bidirectional:
        forward = recurrence(layer.forward_layer.cell, x, start)
        backward = recurrence(layer.backward_layer.cell, x[::-1], start)[::-1]
        last = np.concatenate([forward[-1], backward[0]])
        steps = np.concatenate([forward, backward], axis=-1)
    else:
        steps = recurrence(layer.cell, x, start)
        last = steps[-1]
    pooled = {"mean": steps.mean(axis=0), "max": steps.max(axis=0), "last": last}
    return dense(model.output_layer, pooled[model.pooling])


def nll(logits: np.ndarray, targets: np.ndarray) -> float:
    """Total negative log-likelihood of targets `[N]` under logits `[N, V]`."""
    top = logits.max(-1, keepdims=True)
    log_sum = np.log(np.exp(logits - top).sum(-1)) + top[:, 0]
    return float((log_sum - logits[np.arange(len(targets)), targets]).sum())
