"""A recurrent text classifier: many tokens to one label."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.pooling import TemporalPooling
from keras_rnn_kit.models.cells import CellClass
from keras_rnn_kit.models.sequence_reader import SequenceReader, different_names

POOLINGS = ("mean", "max", "last")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class TextClassifier(SequenceReader):
    """Tokens `[B, T]`, right-padded with id 0, to logits `[B, C]`: embedding, recurrence, pooling.

    Args:
        vocabulary_size: V, the number of token ids; id 0 is padding and masked.
        classes: the names of the C classes, in the order of their ids.
        units: H, the width of each recurrent layer, in each direction.
        cell: the recurrence: the name of one of the kit's cells, such as `"GRU"`, or a projected
            cell class of your own, registered with Keras, whose first argument is its units.
        embedding: E, the width of the embedding.
        layers: how many recurrent layers stand on each other.
        bidirectional: whether a second recurrence reads the text from its end.
        pooling: `"mean"` or `"max"` over the real steps, or the `"last"` state of each direction.
        activation: φ of the recurrent layers; `None` for the cell's own.
        dropout: the share dropped of the embedding's features, the same ones at every step (Gal
            and Ghahramani 2016), between recurrent layers, and of the pooled vector.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults.

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

    kind: ClassVar[str] = "text_classifier"

    def __init__(
        self,
        vocabulary_size: int,
        classes: Sequence[str],
        units: int = 64,
        *,
        cell: str | CellClass = "SimpleRNN",
        embedding: int = 64,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: str = "mean",
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
            return_sequences=pooling != "last",
            **kwargs,
        )
        if pooling not in POOLINGS:
            raise KitError(f"pooling must be one of {', '.join(POOLINGS)}; received {pooling!r}.")
        self.classes = different_names("a classifier", "classes", classes)
        self.pooling = pooling
        policy = self.dtype_policy
        self.pooling_layer = (
            None if pooling == "last" else TemporalPooling(pooling, name="pooling", dtype=policy)
        )
        self.pooled_dropout = keras.layers.Dropout(dropout, name="pooled_dropout", dtype=policy)
        self.output_layer = keras.layers.Dense(len(self.classes), name="output", dtype=policy)

    def build(self, input_shape: Any) -> None:
        """Builds the layers for tokens `[B, T]`."""
        self.build_reader(input_shape)
        self.output_layer.build((input_shape[0], self.output_width))
        self.built = True

    def call(self, tokens: Any, training: bool = False) -> Any:
        """`[B, T] -> logits [B, C]`."""
        hidden = self.read(tokens, training=training)
        if self.pooling_layer is not None:
            hidden = self.pooling_layer(hidden)
        return self.output_layer(self.pooled_dropout(hidden, training=training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`[B, C]`."""
        return (input_shape[0], len(self.classes))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "classes": list(self.classes), "pooling": self.pooling}
