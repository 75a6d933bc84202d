"""Which graphs a model has, what goes in and out of each, and inputs to check them with."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.runtime import ports

# Small enough to be quick, large enough that rows and steps can't be mixed up unseen.
CHECKED_SIZES = ((1, 7), (3, 12))


class Port(ports.Port):
    """A port of `spec.json` that knows its TensorFlow signature; a named axis is free."""

    def tensor_spec(self) -> tf.TensorSpec:
        """The signature, free axes open."""
        shape = [size if isinstance(size, int) else None for size in self.shape]
        return tf.TensorSpec(shape, self.dtype, self.name)

    def to_json(self) -> dict[str, Any]:
        """As `spec.json` has it."""
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}


@dataclasses.dataclass(frozen=True)
class Graph:
    """One function of a model, `(*inputs) -> {name: tensor}`."""

    name: str
    function: Callable[..., dict[str, Any]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    example: Callable[[np.random.Generator, int, int], Mapping[str, np.ndarray]]


def padded_ids(
    rng: np.random.Generator, batch: int, length: int, vocabulary_size: int
) -> np.ndarray:
    """Ids `[B, T]` int32 to check a graph with, right-padded with id 0; the first row is full."""
    ids = rng.integers(1, max(2, vocabulary_size), (batch, length))
    lengths = rng.integers(1, length + 1, batch)
    lengths[0] = length
    ids = np.where(np.arange(length) < lengths[:, None], ids, 0)
    return np.minimum(ids, vocabulary_size - 1).astype(np.int32)
