"""What models that read whole token sequences share: embedding, dropout, recurrent layers."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.bidirectional import Bidirectional
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.models.cells import (
    CellClass,
    as_config,
    make_cell,
    name_of_cell,
    serialized,
    serialized_arguments,
)


class SequenceReader(keras.Model):
    """Tokens `[B, T]`, right-padded with id 0, to what the top layer makes of them.

    `read` gives `[B, T, H]` with its mask, or `[B, H]` without `return_sequences`, with 2H in place
    of H where both directions are read. A subclass makes its own layers after `super().__init__`,
    calls `build_reader` in `build`, and adds its own arguments to `get_config`.

    Args:
        vocabulary_size: V, the number of token ids; id 0 is padding and masked.
        units: H, the width of each recurrent layer, in each direction.
        cell: the name of one of the kit's cells, or a projected cell class registered with Keras.
        embedding: E, the width of the embedding.
        layers: how many recurrent layers stand on each other; each reads both directions of the
            one below.
        bidirectional: whether a second recurrence reads the sequence from its end.
        activation: φ of the recurrent layers; `None` for the cell's own.
        dropout: the share dropped of the embedding's features, the same ones at every step (Gal
            and Ghahramani 2016), and of what one recurrent layer hands to the next, anew at every
            step.
        return_sequences: whether the top layer gives all steps, or its last states alone.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults.

    Raises `KitError` for sizes below 1, rates outside [0, 1) and a cell that isn't known or
    doesn't take its arguments.
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        *,
        cell: str | CellClass,
        embedding: int,
        layers: int,
        bidirectional: bool,
        activation: Any,
        dropout: float,
        return_sequences: bool,
        cell_arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        arguments.positive_integer("vocabulary_size", vocabulary_size)
        arguments.positive_integer("units", units)
        arguments.positive_integer("embedding", embedding)
        arguments.positive_integer("layers", layers)
        arguments.rate("dropout", dropout)
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.embedding = embedding
        self.bidirectional = bidirectional
        self.cell = name_of_cell(cell)
        self.cell_arguments = serialized_arguments(cell, cell_arguments)
        self.activation = activation
        self.dropout = dropout
        policy = self.dtype_policy
        self.embedding_layer = keras.layers.Embedding(
            vocabulary_size, embedding, mask_zero=True, name="embedding", dtype=policy
        )
        self.embedding_dropout = keras.layers.SpatialDropout1D(
            dropout, name="embedding_dropout", dtype=policy
        )
        names = ["recurrent", *(f"recurrent_{k}" for k in range(1, layers))]
        recurrences = []
        for name in names:
            made = make_cell(cell, units, activation, policy, self.cell_arguments)
            recurrent = RNN(
                made,
                return_sequences=return_sequences or name != names[-1],
                name=name,
                dtype=policy,
            )
            recurrences.append(
                Bidirectional(recurrent, name=name, dtype=policy) if bidirectional else recurrent
            )
        # The features that `read` gives: H, or 2H for both directions.
        self.output_width = made.output_size * (2 if bidirectional else 1)
        # The first by itself: so it stands in files of models that had no more than one.
        self.recurrent_layer, *self.upper_layers = recurrences
        self.upper_dropouts = [
            keras.layers.Dropout(dropout, name=f"dropout_{k}", dtype=policy)
            for k in range(1, layers)
        ]

    def build_reader(self, input_shape: Any) -> None:
        """Builds the layers of `read` for tokens `[B, T]`."""
        batch, length = input_shape[0], input_shape[1]
        self.embedding_layer.build((batch, length))
        width = self.embedding
        for layer in (self.recurrent_layer, *self.upper_layers):
            layer.build((batch, length, width))
            width = self.output_width

    def read(self, tokens: Any, training: bool = False) -> Any:
        """`[B, T]` to the top layer's `[B, T, H]` or `[B, H]`; H is 2H for both directions."""
        hidden = self.embedding_dropout(self.embedding_layer(tokens), training=training)
        hidden = self.recurrent_layer(hidden, training=training)
        for dropout, layer in zip(self.upper_dropouts, self.upper_layers, strict=True):
            hidden = layer(dropout(hidden, training=training), training=training)
        return hidden

    def get_config(self) -> dict[str, Any]:
        """The arguments that the readers share."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
            "cell": self.cell,
            "embedding": self.embedding,
            "layers": 1 + len(self.upper_layers),
            "bidirectional": self.bidirectional,
            "activation": serialized(self.activation),
            "dropout": self.dropout,
            **as_config(self.cell_arguments),
        }


def different_names(model: str, noun: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names of classes or tags; `KitError` for fewer than two, or one that stands twice.

    Example:

    >>> different_names("a tagger", "tags", ["noun", "verb"])
    ('noun', 'verb')
    """
    if isinstance(names, str) or len(names) < 2 or len(set(names)) < len(names):
        raise KitError(
            f"{model} needs at least two {noun} with different names; received "
            f"{names if isinstance(names, str) else list(names)!r}. Name each of them once."
        )
    return tuple(names)
