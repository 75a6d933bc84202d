"""A recurrent text classifier: many tokens to one label."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.pooling import TemporalPooling
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.models.cells import CellClass, make_cell, name_of_cell, serialized

POOLINGS = ("mean", "max", "last")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class TextClassifier(keras.Model):
    """Tokens `[B, T]`, right-padded with id 0, to logits `[B, C]`: embedding, recurrence, pooling.

    Args:
        vocabulary_size: V, the number of token ids; id 0 is padding and masked.
        classes: the names of the C classes, in the order of their ids.
        units: H, the width of the recurrent layer, in each direction.
        cell: the recurrence: the name of one of the kit's cells, such as `"GRU"`, or a projected
            cell class of your own, registered with Keras, whose first argument is its units.
        embedding: E, the width of the embedding.
        bidirectional: whether a second recurrence reads the text from its end.
        pooling: `"mean"` or `"max"` over the real steps, or the `"last"` state of each direction.
        activation: φ of the recurrent layer; `None` for the cell's own.
        dropout: the share dropped of the embedding's features, the same ones at every step (Gal
            and Ghahramani 2016), and of the pooled vector.

    Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` on class ids.

    Raises `KitError` for sizes below 1, rates outside [0, 1), fewer than two classes, another
    pooling and a cell that isn't known.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import TextClassifier
    >>> model = TextClassifier(50, classes=("negative", "positive"), units=8, embedding=4)
    >>> model(np.array([[5, 9, 3, 0], [7, 0, 0, 0]])).shape
    TensorShape([2, 2])
    """

    def __init__(
        self,
        vocabulary_size: int,
        classes: Sequence[str],
        units: int = 64,
        *,
        cell: str | CellClass = "SimpleRNN",
        embedding: int = 64,
        bidirectional: bool = True,
        pooling: str = "mean",
        activation: Any = None,
        dropout: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        arguments.positive_integer("vocabulary_size", vocabulary_size)
        arguments.positive_integer("units", units)
        arguments.positive_integer("embedding", embedding)
        arguments.rate("dropout", dropout)
        if pooling not in POOLINGS:
            raise KitError(f"pooling must be one of {', '.join(POOLINGS)}; received {pooling!r}.")
        if len(classes) < 2 or len(set(classes)) < len(classes):
            raise KitError(
                f"a classifier needs at least two classes with different names; received "
                f"{list(classes)}."
            )
        self.vocabulary_size = vocabulary_size
        self.classes = tuple(classes)
        self.units = units
        self.embedding = embedding
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.cell = name_of_cell(cell)
        self.activation = activation
        self.dropout = dropout
        policy = self.dtype_policy
        self.embedding_layer = keras.layers.Embedding(
            vocabulary_size, embedding, mask_zero=True, name="embedding", dtype=policy
        )
        self.embedding_dropout = keras.layers.SpatialDropout1D(
            dropout, name="embedding_dropout", dtype=policy
        )
        recurrent = RNN(
            make_cell(cell, units, activation, policy),
            return_sequences=pooling != "last",
            name="recurrent",
            dtype=policy,
        )
        self.recurrent_layer = (
            keras.layers.Bidirectional(recurrent, name="recurrent", dtype=policy)
            if bidirectional
            else recurrent
        )
        self.pooling_layer = (
            None if pooling == "last" else TemporalPooling(pooling, name="pooling", dtype=policy)
        )
        self.pooled_dropout = keras.layers.Dropout(dropout, name="pooled_dropout", dtype=policy)
        self.output_layer = keras.layers.Dense(len(self.classes), name="output", dtype=policy)

    def build(self, input_shape: Any) -> None:
        """Builds the layers for tokens `[B, T]`."""
        batch, length = input_shape[0], input_shape[1]
        self.embedding_layer.build((batch, length))
        self.recurrent_layer.build((batch, length, self.embedding))
        self.output_layer.build((batch, self.units * (2 if self.bidirectional else 1)))
        self.built = True

    def call(self, tokens: Any, training: bool = False) -> Any:
        """`[B, T] -> logits [B, C]`."""
        hidden = self.embedding_dropout(self.embedding_layer(tokens), training=training)
        hidden = self.recurrent_layer(hidden, training=training)
        if self.pooling_layer is not None:
            hidden = self.pooling_layer(hidden)
        return self.output_layer(self.pooled_dropout(hidden, training=training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`[B, C]`."""
        return (input_shape[0], len(self.classes))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "classes": list(self.classes),
            "units": self.units,
            "cell": self.cell,
            "embedding": self.embedding,
            "bidirectional": self.bidirectional,
            "pooling": self.pooling,
            "activation": serialized(self.activation),
            "dropout": self.dropout,
        }
