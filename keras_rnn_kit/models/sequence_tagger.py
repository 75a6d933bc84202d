"""A recurrent sequence tagger: many tokens to as many tags."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras

from keras_rnn_kit.models.cells import CellClass
from keras_rnn_kit.models.sequence_reader import SequenceReader, different_names


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SequenceTagger(SequenceReader):
    """Tokens `[B, T]`, right-padded with id 0, to logits `[B, T, C]`: a tag for each token.

    The logits carry the tokens' mask, so that Keras's losses and metrics count the real steps
    alone; at a padded step they mean nothing.

    Args:
        vocabulary_size: V, the number of token ids; id 0 is padding and masked.
        tags: the names of the C tags, in the order of their ids.
        units: H, the width of each recurrent layer, in each direction.
        cell: the recurrence: the name of one of the kit's cells, such as `"GRU"`, or a projected
            cell class of your own, registered with Keras, whose first argument is its units.
        embedding: E, the width of the embedding.
        layers: how many recurrent layers stand on each other; each reads both directions of the
            one below.
        bidirectional: whether a second recurrence reads the sequence from its end, so that a tag
            can depend on what follows.
        activation: φ of the recurrent layers; `None` for the cell's own.
        dropout: the share dropped of the embedding's features, the same ones at every step (Gal
            and Ghahramani 2016), and of each recurrent layer's output, anew at every step.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults.

    Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` on the ids of tags,
    `[B, T]`, such as `data.tagged_batches` yields.

    Raises `KitError` for sizes below 1, rates outside [0, 1), fewer than two tags, two tags of one
    name and a cell that isn't known.
    Source: Graves and Schmidhuber, "Framewise phoneme classification with bidirectional LSTM and
    other neural network architectures", 2005.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import SequenceTagger
    >>> model = SequenceTagger(50, tags=("lower", "Capital", "UPPER"), units=8, embedding=4)
    >>> model(np.array([[5, 9, 3, 0], [7, 0, 0, 0]])).shape
    TensorShape([2, 4, 3])
    """

    kind: ClassVar[str] = "sequence_tagger"

    def __init__(
        self,
        vocabulary_size: int,
        tags: Sequence[str],
        units: int = 64,
        *,
        cell: str | CellClass = "SimpleRNN",
        embedding: int = 64,
        layers: int = 1,
        bidirectional: bool = True,
        activation: Any = None,
        dropout: float = 0.0,
        cell_arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            vocabulary_size,
            units,
            cell=cell,
            embedding=embedding,
            layers=layers,
            bidirectional=bidirectional,
            activation=activation,
            dropout=dropout,
            cell_arguments=cell_arguments,
            return_sequences=True,
            **kwargs,
        )
        self.tags = different_names("a tagger", "tags", tags)
        policy = self.dtype_policy
        self.output_dropout = keras.layers.Dropout(dropout, name="output_dropout", dtype=policy)
        self.output_layer = keras.layers.Dense(len(self.tags), name="output", dtype=policy)

    def build(self, input_shape: Any) -> None:
        """Builds the layers for tokens `[B, T]`."""
        self.build_reader(input_shape)
        self.output_layer.build((*input_shape[:2], self.output_width))
        self.built = True

    def call(self, tokens: Any, training: bool = False) -> Any:
        """`[B, T] -> logits [B, T, C]`, with the mask of the tokens that aren't 0."""
        hidden = self.read(tokens, training=training)
        return self.output_layer(self.output_dropout(hidden, training=training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`[B, T, C]`."""
        return (*input_shape[:2], len(self.tags))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "tags": list(self.tags)}
