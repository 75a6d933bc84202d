"""A classifier of token sequences that reads them along a tree."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.layers.recursive import RecursiveNetwork
from keras_rnn_kit.models.cells import (
    CellClass,
    as_config,
    make_cell,
    name_of_cell,
    serialized,
    serialized_arguments,
)
from keras_rnn_kit.models.sequence_reader import different_names

STRUCTURES = ("balanced", "chain")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class TreeClassifier(keras.Model):
    """Tokens `[B, T]`, right-padded with id 0, to logits `[B, C]`: embedding, tree, output layer.

    The embedded tokens are the leaves of a `layers.RecursiveNetwork`, whose root is judged.
    Everything that `TextClassifier` can be done with, can be done with it: `labelled_batches`,
    export to a bundle, `runtime.Classifier`.

    Args:
        vocabulary_size: V, the number of token ids; id 0 is padding and masked.
        classes: the names of the C classes, in the order of their ids.
        units: H, the width of the cell and of the embedding.
        cell: the composition: the name of one of the kit's cells, such as `"GRU"`, or a projected
            cell class of your own, registered with Keras, whose first argument is its units.
        structure: `"balanced"` trees over the tokens, or `"chain"`, which runs the same cell over
            them by `layers.RNN`. Trees of your own come with the call, `(tokens, merges [B, D, W,
            2])` as `data.tree_batches` gives them, and take the place of the balanced ones.
        activation: φ of the cell; `None` for the cell's own.
        dropout: the share dropped of the embedding's features, the same ones at every step, and of
            the root.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults.

    Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` on class ids.

    Raises `KitError` for sizes below 1, rates outside [0, 1), fewer than two classes, another
    structure, a cell that isn't known or doesn't take its arguments, and merges given to a chain.

    Source: Socher et al., "Recursive Deep Models for Semantic Compositionality Over a Sentiment
    Treebank", 2013; Goodfellow et al., "Deep Learning", section 10.6.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import TreeClassifier
    >>> model = TreeClassifier(50, classes=("negative", "positive"), units=8)
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
        structure: str = "balanced",
        activation: Any = None,
        dropout: float = 0.0,
        cell_arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        arguments.positive_integer("vocabulary_size", vocabulary_size)
        arguments.positive_integer("units", units)
        arguments.rate("dropout", dropout)
        if structure not in STRUCTURES:
            raise KitError(
                f"structure must be one of {', '.join(STRUCTURES)}; received {structure!r}. Pass "
                "'balanced', also for trees of your own, which come with the call."
            )
        self.vocabulary_size = vocabulary_size
        self.classes = different_names("a classifier", "classes", classes)
        self.units = units
        self.cell = name_of_cell(cell)
        self.cell_arguments = serialized_arguments(cell, cell_arguments)
        self.structure = structure
        self.activation = activation
        self.dropout = dropout
        policy = self.dtype_policy
        self.embedding_layer = keras.layers.Embedding(
            vocabulary_size, units, mask_zero=True, name="embedding", dtype=policy
        )
        self.embedding_dropout = keras.layers.SpatialDropout1D(
            dropout, name="embedding_dropout", dtype=policy
        )
        made = make_cell(cell, units, activation, policy, self.cell_arguments)
        over = {"name": "tree", "dtype": policy}
        self.tree = RecursiveNetwork(made, **over) if structure == "balanced" else RNN(made, **over)
        self.root_dropout = keras.layers.Dropout(dropout, name="root_dropout", dtype=policy)
        self.output_layer = keras.layers.Dense(len(self.classes), name="output", dtype=policy)

    def build(self, input_shape: Any) -> None:
        """Builds the layers for tokens `[B, T]`."""
        self.embedding_layer.build((None, None))
        self.tree.build((None, None, self.units))
        self.output_layer.build((None, self.units))
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """`[B, T]`, or `([B, T], [B, D, W, 2])`, to logits `[B, C]`."""
        tokens, merges = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
        leaves = self.embedding_dropout(self.embedding_layer(tokens), training=training)
        if merges is None:
            root = self.tree(leaves, training=training)
        elif self.structure == "balanced":
            root = self.tree(leaves, merges, training=training)
        else:
            raise KitError(
                "merges are for structure='balanced', in whose place they stand; received them "
                "with structure='chain'. Leave them out, or make the model with 'balanced'."
            )
        return self.output_layer(self.root_dropout(root, training=training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`[B, C]`."""
        first = input_shape[0]
        return (first[0] if isinstance(first, (list, tuple)) else first, len(self.classes))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "classes": list(self.classes),
            "units": self.units,
            "cell": self.cell,
            "structure": self.structure,
            "activation": serialized(self.activation),
            "dropout": self.dropout,
            **as_config(self.cell_arguments),
        }
