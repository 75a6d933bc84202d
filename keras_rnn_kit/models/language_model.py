"""A recurrent language model: which token comes next?"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.models.cells import CellClass, make_cell, name_of_cell, serialized


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LanguageModel(keras.Model):
    """Tokens `[B, T]` to the next token's logits `[B, T, V]`: embedding, recurrence, output layer.

    Args:
        vocabulary_size: V, the number of token ids.
        units: H, the width of each recurrent layer.
        cell: the recurrence: the name of one of the kit's cells, such as `"GRU"`, or a projected
            cell class of your own, registered with Keras, whose first argument is its units.
        embedding: E, the width of the embedding; `None` for one-hot vectors, as in the textbook.
        layers: how many recurrent layers stand on each other.
        activation: φ of the recurrent layers; `None` for the cell's own.
        dropout: the share dropped of each recurrent layer's output, drawn anew at each step
            (Zaremba et al. 2014, who drop the embedding too).
        stateful: whether a batch goes on from the states that the one before left behind: for
            `language_model_windows(partition="sequential")`. The batch size is then fixed.

    Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`. To go on from
    given states, pass `states` and `return_states=True`, or take one `step` at a time; what is
    returned as states is accepted as states.

    Raises `KitError` for sizes below 1, rates outside [0, 1) and a cell that isn't known.
    Source: Zhang et al., "Dive into Deep Learning", "Recurrent Neural Network Implementation".

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import LanguageModel
    >>> model = LanguageModel(vocabulary_size=20, units=8, embedding=4)
    >>> model(np.array([[3, 7, 2]])).shape
    TensorShape([1, 3, 20])
    >>> logits, states = model.step(np.array([3]))
    >>> logits, states = model.step(np.array([7]), states)
    >>> logits.shape
    TensorShape([1, 20])
    """

    def __init__(
        self,
        vocabulary_size: int,
        units: int = 256,
        *,
        cell: str | CellClass = "SimpleRNN",
        embedding: int | None = 64,
        layers: int = 1,
        activation: Any = None,
        dropout: float = 0.0,
        stateful: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        arguments.positive_integer("vocabulary_size", vocabulary_size)
        arguments.positive_integer("units", units)
        arguments.positive_integer("layers", layers)
        if embedding is not None:
            arguments.positive_integer("embedding", embedding)
        arguments.rate("dropout", dropout)
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.embedding = embedding
        self.cell = name_of_cell(cell)
        self.activation = activation
        self.dropout = dropout
        self.stateful = stateful
        self.embedding_layer = (
            None
            if embedding is None
            else keras.layers.Embedding(
                vocabulary_size, embedding, name="embedding", dtype=self.dtype_policy
            )
        )
        self.recurrent_layers = [
            RNN(
                make_cell(cell, units, activation, self.dtype_policy),
                return_sequences=True,
                return_state=True,
                stateful=stateful,
                name=f"recurrent_{k}",
                dtype=self.dtype_policy,
            )
            for k in range(layers)
        ]
        self.dropout_layers = [
            keras.layers.Dropout(dropout, name=f"dropout_{k}", dtype=self.dtype_policy)
            for k in range(layers)
        ]
        self.output_layer = keras.layers.Dense(
            vocabulary_size, name="output", dtype=self.dtype_policy
        )

    def build(self, input_shape: Any) -> None:
        """Builds the layers for tokens `[B, T]`."""
        batch, length = input_shape[0], input_shape[1]
        if self.embedding_layer is not None:
            self.embedding_layer.build((batch, length))
        width = self.vocabulary_size if self.embedding is None else self.embedding
        for layer in self.recurrent_layers:
            layer.build((batch, length, width))
            width = self.units
        self.output_layer.build((batch, length, width))
        self.built = True

    def _embed(self, tokens: Any) -> Any:
        if self.embedding_layer is not None:
            return self.embedding_layer(tokens)
        return ops.one_hot(tokens, self.vocabulary_size, dtype=self.compute_dtype)

    def call(
        self,
        tokens: Any,
        states: Sequence[Any] | None = None,
        return_states: bool = False,
        training: bool = False,
    ) -> Any:
        """`[B, T] -> logits [B, T, V]`, with `return_states=True` followed by the states."""
        hidden = self._embed(tokens)
        new_states: list[Any] = []
        by_layer = [None] * len(self.recurrent_layers) if states is None else self._by_layer(states)
        for k, layer in enumerate(self.recurrent_layers):
            hidden, *after = layer(hidden, initial_state=by_layer[k], training=training)
            new_states.extend(after)
            hidden = self.dropout_layers[k](hidden, training=training)
        logits = self.output_layer(hidden)
        return (logits, new_states) if return_states else logits

    def compute_output_shape(self, input_shape: Any, **kwargs: Any) -> Any:
        """`[B, T, V]`."""
        return (*input_shape[:2], self.vocabulary_size)

    def initial_states(self, batch_size: int) -> list[Any]:
        """Zeros `[B, H]` for each state of each recurrent layer."""
        return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_sizes]

    @property
    def state_sizes(self) -> list[int]:
        """The widths of the states, layer by layer."""
        return [size for layer in self.recurrent_layers for size in layer.cell.state_sizes]

    @property
    def state_names(self) -> list[str]:
        """A name for each state, in their order."""
        return [f"state_{k}" for k in range(len(self.state_sizes))]

    def _by_layer(self, states: Sequence[Any]) -> list[list[Any]]:
        if len(states) != len(self.state_sizes):
            raise KitError(
                f"states must be the {len(self.state_sizes)} of the model, {self.state_names}; "
                f"received {len(states)}. Pass what it returned, or None for its initial ones."
            )
        left = iter(states)
        return [[next(left) for _ in layer.cell.state_sizes] for layer in self.recurrent_layers]

    def step(self, tokens: Any, states: Sequence[Any] | None = None) -> tuple[Any, list[Any]]:
        """One token a row: `tokens [B] -> (logits [B, V], states)`; `None` starts from zeros."""
        tokens = ops.convert_to_tensor(tokens)
        if not self.built:
            self.build((None, None))
        if states is None:
            states = self.initial_states(ops.shape(tokens)[0])
        hidden = self._embed(tokens)
        new_states: list[Any] = []
        for layer, before in zip(self.recurrent_layers, self._by_layer(states), strict=True):
            hidden, after = layer.cell(hidden, before)
            new_states.extend(after)
        return self.output_layer(hidden), new_states

    def warm_up(self, tokens: Any, lengths: Any) -> list[Any]:
        """The states after the first `lengths [B]` tokens of each row, `tokens [B, T]`."""
        hidden = self._embed(tokens)
        mask = ops.less(ops.arange(ops.shape(tokens)[1]), ops.expand_dims(lengths, 1))
        states: list[Any] = []
        for layer in self.recurrent_layers:
            hidden, *after = layer(hidden, mask=mask, training=False)
            states.extend(after)
        return states

    def reset_states(self) -> None:
        """Sets the states of a `stateful=True` model back to zero."""
        for layer in self.recurrent_layers:
            layer.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
            "cell": self.cell,
            "embedding": self.embedding,
            "layers": len(self.recurrent_layers),
            "activation": serialized(self.activation),
            "dropout": self.dropout,
            "stateful": self.stateful,
        }
