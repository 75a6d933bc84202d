"""The encoder of an encoder-decoder."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from keras_rnn_kit.layers.bidirectional import Bidirectional
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.models.cells import (
    CellClass,
    as_config,
    make_cell,
    name_of_cell,
    serialized_arguments,
)
from keras_rnn_kit.models.endings import PAD_ID


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SourceEncoder(keras.layers.Layer):
    """Tokens `[B, S]` to outputs v `[B, S, M]` and their summary c `[B, M]`.

    An embedding, then recurrent layers in one direction or in both. c is the last layer's last
    output in each direction: that of the last real step, and, read from the end, of the first one.
    Id 0 is padding and masked; of a row of nothing else c is 0.

    Args:
        vocabulary_size: the number of token ids.
        units: H, the width of each recurrent layer in each direction; M is H or 2H, for cells
            whose output is as wide as their units.
        cell: the recurrence, by name or as a class; see `EncoderDecoder`.
        embedding: E, the width of the embedding.
        layers: how many recurrent layers stand on each other.
        bidirectional: whether the source is read from both ends.
        dropout: the share dropped of the embedding and of each recurrent layer's output.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models.source_encoder import SourceEncoder
    >>> outputs, summary = SourceEncoder(20, units=8, embedding=4)(np.array([[5, 9, 4, 0]]))
    >>> outputs.shape, summary.shape
    (TensorShape([1, 4, 16]), TensorShape([1, 16]))
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int,
        *,
        cell: str | CellClass = "GRU",
        embedding: int = 128,
        layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        cell_arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.cell = name_of_cell(cell)
        self.cell_arguments = serialized_arguments(cell, cell_arguments)
        self.embedding = embedding
        self.bidirectional = bidirectional
        self.dropout = dropout
        policy = self.dtype_policy
        self.embedding_layer = embedding_layer(
            vocabulary_size, embedding, name="embedding", dtype=policy
        )
        self.recurrent_layers: list[Any] = []
        for k in range(layers):
            made = make_cell(cell, units, None, policy, self.cell_arguments)
            layer = RNN(made, return_sequences=True, name=f"recurrent_{k}", dtype=policy)
            if bidirectional:
                layer = Bidirectional(layer, name=f"recurrent_{k}", dtype=policy)
            self.recurrent_layers.append(layer)
        # One layer does for all places: each call of it draws its own.
        self.dropout_layer = keras.layers.Dropout(dropout, name="dropout", dtype=policy)
        self.width = made.output_size * (2 if bidirectional else 1)

    def build(self, tokens_shape: Any = None) -> None:
        """Builds the layers; their sizes are all known beforehand."""
        self.embedding_layer.build((None, None))
        width = self.embedding
        for layer in self.recurrent_layers:
            layer.build((None, None, width))
            width = self.width
        self.built = True

    def call(self, tokens: Any, training: bool = False) -> tuple[Any, Any]:
        """`[B, S] -> (outputs [B, S, M], summary [B, M])`."""
        mask = ops.not_equal(tokens, PAD_ID)
        values = self.dropout_layer(self.embedding_layer(tokens), training=training)
        outputs = values
        for layer in self.recurrent_layers:
            outputs = layer(values, mask=mask, training=training)
            values = self.dropout_layer(outputs, training=training)
        return values, self._summary(outputs, mask)

    def compute_output_shape(self, tokens_shape: Any) -> Any:
        """`[B, S, M]` and `[B, M]`."""
        return (*tokens_shape, self.width), (tokens_shape[0], self.width)

    def _summary(self, outputs: Any, mask: Any) -> Any:
        # Found by the mask: in both directions Keras puts zeros where a step is masked.
        numbers = ops.cumsum(ops.cast(mask, "int32"), axis=1)  # of the real steps, from 1 on

        def at(number: Any, part: Any) -> Any:
            chosen = ops.logical_and(mask, ops.equal(numbers, number))
            return ops.sum(ops.cast(chosen, part.dtype)[..., None] * part, axis=1)

        if not self.bidirectional:
            return at(numbers[:, -1:], outputs)
        half = self.width // 2
        ends = at(numbers[:, -1:], outputs[..., :half]), at(1, outputs[..., half:])
        return ops.concatenate(ends, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
            "cell": self.cell,
            "embedding": self.embedding,
            "layers": len(self.recurrent_layers),
            "bidirectional": self.bidirectional,
            "dropout": self.dropout,
            **as_config(self.cell_arguments),
        }


def embedding_layer(size: int, width: int, **kwargs: Any) -> Any:
    """An embedding whose features are drawn of the size of 1, as kernels expect their inputs.

    Its table can be an output layer's, too.

    Keras draws from ±0.05, which small data needs many epochs to grow out of.
    """
    drawn = keras.initializers.RandomNormal(stddev=1.0)
    return keras.layers.ReversibleEmbedding(size, width, embeddings_initializer=drawn, **kwargs)
