"""An output layer whose matrix is an embedding's."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class TiedOutput(keras.layers.Layer):
    """Hidden states `[..., H]` to logits `[..., V]`: `(h W) Eᵀ / √E + b`, E the embedding's table.

    What a token reads like and when it is written are learned in one vector then, which helps the
    rare ones, and the output costs V · E in place of V · H weights. The root keeps the logits near
    the size of `h W` for an embedding whose features are of the size of 1.

    Args:
        embedding: a `keras.layers.ReversibleEmbedding`, which is shared and not copied.

    Source: Press and Wolf, "Using the Output Embedding to Improve Language Models", 2017; the
    projection before it: Inan et al., "Tying Word Vectors and Word Classifiers", 2017.

    Example:

    >>> import keras, numpy as np
    >>> from keras_rnn_kit.models.tied_output import TiedOutput
    >>> embedding = keras.layers.ReversibleEmbedding(7, 4)
    >>> TiedOutput(embedding)(np.ones((2, 5, 6), "float32")).shape
    TensorShape([2, 5, 7])
    """

    def __init__(self, embedding: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.embedding = embedding
        self.projection = keras.layers.Dense(
            embedding.output_dim, use_bias=False, name="projection", dtype=self.dtype_policy
        )

    def build(self, hidden_shape: Any) -> None:
        """Makes the weights for hidden states `[..., H]`."""
        if not self.embedding.built:
            self.embedding.build((None, None))
        self.projection.build((None, hidden_shape[-1]))
        self.bias = self.add_weight(
            shape=(self.embedding.input_dim,), initializer="zeros", name="bias"
        )

    def call(self, hidden: Any) -> Any:
        """`[..., H] -> [..., V]`."""
        projected = self.projection(hidden) * self.embedding.output_dim**-0.5
        return ops.add(self.embedding(projected, reverse=True), self.bias)

    def compute_output_shape(self, hidden_shape: Any) -> Any:
        """`[..., V]`."""
        return (*hidden_shape[:-1], self.embedding.input_dim)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        embedding = keras.saving.serialize_keras_object(self.embedding)
        return {**super().get_config(), "embedding": embedding}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TiedOutput":
        """The layer of that config, with an embedding of its own."""
        embedding = keras.saving.deserialize_keras_object(config["embedding"])
        return cls(**{**config, "embedding": embedding})
