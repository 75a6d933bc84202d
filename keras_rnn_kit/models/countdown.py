"""A sequence's length, known beforehand to a network that counts it down."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit import arguments
from keras_rnn_kit.models.source_encoder import embedding_layer


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class Countdown(keras.layers.Layer):
    """How many tokens are still to come after each step, and an embedding that tells the network.

    The network is so aware of how near the end is (Goodfellow et al., "Deep Learning", 10.2.3).

    Args:
        max_length: the largest number that there is an embedding for.
        embedding: E, its width.

    Raises:
        KitError: a size below 1.

    Example: of texts of 5 and 3 tokens, two have been read.

    >>> countdown = Countdown(max_length=9, embedding=4)
    >>> remaining = countdown.after([[5.0], [3.0]], [1, 2])
    >>> remaining.numpy().tolist()
    [[4.0, 3.0], [2.0, 1.0]]
    >>> countdown(remaining).shape
    TensorShape([2, 2, 4])
    """

    def __init__(self, max_length: int, embedding: int, **kwargs: Any):
        # Counts are not cast to half precision, which has no odd numbers above some hundreds.
        super().__init__(autocast=False, **kwargs)
        self.max_length = arguments.positive_integer("max_length", max_length)
        self.embedding = arguments.positive_integer("embedding", embedding)
        self.embedding_layer = embedding_layer(
            max_length + 1, embedding, name="embedding", dtype=self.dtype_policy
        )

    def build(self, remaining_shape: Any) -> None:
        """Makes the weights."""
        self.embedding_layer.build(remaining_shape)
        self.built = True

    def after(self, remaining: Any, steps: Any) -> Any:
        """What remains `[B, 1]` after some numbers of further tokens `[T]` or `[B, 1]`: `[B, T]`.

        Below 0 where a text has gone on.
        """
        remaining = ops.convert_to_tensor(remaining)
        return remaining - ops.cast(steps, remaining.dtype)

    def call(self, remaining: Any) -> Any:
        """`[...] -> [..., E]`."""
        known = ops.clip(ops.cast(remaining, "int32"), 0, self.max_length)
        return self.embedding_layer(known)

    def compute_output_shape(self, remaining_shape: Any) -> Any:
        """`[..., E]`."""
        return (*remaining_shape, self.embedding)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "embedding": self.embedding,
        }
