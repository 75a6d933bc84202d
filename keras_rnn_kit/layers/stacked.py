"""Several cells over time, one on the other."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops, tree

from keras_rnn_kit.arguments import rate
from keras_rnn_kit.cells.residual import ResidualCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.recurrent import RNN


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class StackedRNN(keras.layers.Layer):
    """Runs each cell over the outputs of the one before: `[B, T, E]` to `[B, O]` or `[B, T, O]`.

    Layer after layer, as `layers.RNN` runs a list of cells, with dropout and shortcuts between them
    and the states in one flat list. O is the width of the last cell's output, or with `skip` of all
    outputs side by side. A masked step is masked in every layer.

    Args:
        cells: one for each layer.
        return_sequences: whether to return the outputs of all steps.
        return_state: whether to return the final states of all layers too: a flat list, layer by
            layer, in the order in which `initial_state` takes them back in the call.
        go_backwards: whether to read the sequences from their end; outputs and mask then come in
            that order.
        stateful: whether a batch goes on from the states of the one before.
        zero_output_for_mask: whether outputs of masked steps are zero; else they repeat the output
            before.
        initial_state: `"zeros"`, `"learned"` or `"random"`, as in `layers.RNN`.
        recurrence: how the loops are run, as in `layers.RNN`.
        dropout: the share of each layer's outputs dropped on the way to the next, drawn anew for
            each element and step; nothing is dropped after the last layer.
        residual: whether each layer adds its input to its output; all widths are then E.
        skip: whether the inputs go to every layer, beside the outputs of the one before, and the
            outputs of all layers are returned side by side.
        seed: of the dropout.

    Raises:
        KitError: `cells` is empty or holds a cell twice, a rate does not lie in [0, 1), `residual`
            meets `skip`, cells that are not projected or (in `build`) unequal widths; and what
            `layers.RNN` raises.

    Source: of `dropout`, Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization",
    2014; of `residual`, Wu et al., "Google's Neural Machine Translation System", 2016; of `skip`,
    Graves, "Generating Sequences With Recurrent Neural Networks", 2013.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import LSTMCell, SimpleRNNCell
    >>> from keras_rnn_kit.layers import StackedRNN
    >>> layer = StackedRNN([LSTMCell(4), SimpleRNNCell(6)], return_state=True, dropout=0.2)
    >>> output, *states = layer(np.ones((2, 3, 5), "float32"))
    >>> output.shape, [tuple(state.shape) for state in states]
    (TensorShape([2, 6]), [(2, 4), (2, 4), (2, 6)])
    >>> output, *states = layer(np.ones((2, 3, 5), "float32"), initial_state=states)
    """

    def __init__(
        self,
        cells: Sequence[Any],
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        zero_output_for_mask: bool = False,
        initial_state: str = "zeros",
        recurrence: str = "auto",
        dropout: float = 0.0,
        residual: bool = False,
        skip: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise KitError(
                f"cells must be a list of one cell or more; received {cells!r}. Pass a cell for "
                "each layer, the first one first."
            )
        if len({id(cell) for cell in cells}) < len(cells):
            raise KitError(
                f"each layer has a cell of its own; received one twice among the {len(cells)} "
                "cells. Make it anew for each layer."
            )
        rate("dropout", dropout)
        if residual and skip:
            raise KitError(
                "residual needs inputs and outputs of one width, and skip widens the inputs; "
                "received residual=True and skip=True. Leave one of the two out."
            )
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.zero_output_for_mask = zero_output_for_mask
        self.initial_state = initial_state
        self.recurrence = recurrence
        self.dropout = dropout
        self.residual = residual
        self.skip = skip
        self.seed = seed
        self.recurrent_layers = [
            RNN(
                ResidualCell(cell) if residual else cell,
                return_sequences=return_sequences or cell is not cells[-1],
                return_state=True,
                stateful=stateful,
                initial_state=initial_state,
                recurrence=recurrence,
                dtype=self.dtype_policy,
                name=f"layer_{k}",
            )
            for k, cell in enumerate(cells)
        ]
        self.dropout_layer = keras.layers.Dropout(dropout, seed=seed, dtype=self.dtype_policy)
        self.supports_masking = True
        self.input_spec = [keras.layers.InputSpec(ndim=3)]

    @property
    def cells(self) -> list[Any]:
        """The cell of each layer."""
        cells = [layer.cell for layer in self.recurrent_layers]
        return [cell.cell for cell in cells] if self.residual else cells

    @property
    def state_size(self) -> list[Any]:
        """The widths of the states, layer by layer."""
        return [size for layer in self.recurrent_layers for size in layer.state_size]

    @property
    def states(self) -> list[Any] | None:
        """What a stateful layer goes on from, layer by layer; `None` where there is nothing."""
        of_layers = [layer.states for layer in self.recurrent_layers]
        return None if None in of_layers else [state for states in of_layers for state in states]

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zero."""
        for layer in self.recurrent_layers:
            layer.reset_state()

    def reset_states(self) -> None:
        """`reset_state`, by Keras's other name."""
        self.reset_state()

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """What a call starts from, `[B, H]` for each state, layer by layer."""
        of_layers = [layer.get_initial_state(batch_size) for layer in self.recurrent_layers]
        return [state for states in of_layers for state in states]

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Makes the weights for inputs `[B, T, E]`."""
        batch, length, features = sequences_shape
        width = features
        for k, layer in enumerate(self.recurrent_layers):
            more = features if self.skip and k else 0
            layer.build((batch, length, width + more))
            width = _output_size(layer)

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Runs all cells over `sequences [B, T, E]`."""
        if mask is not None:
            mask = ops.cast(ops.reshape(mask, ops.shape(sequences)[:2]), "bool")
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        given = self._by_layer(initial_state)
        outputs: list[Any] = []
        finals: list[Any] = []
        for layer, states in zip(self.recurrent_layers, given, strict=True):
            inputs = sequences
            if outputs:
                inputs = self.dropout_layer(outputs[-1], training=training)
                if self.skip:
                    inputs = ops.concatenate([inputs, sequences], axis=-1)
            output, *states = layer(inputs, initial_state=states, mask=mask, training=training)
            outputs.append(output)
            finals.extend(states)
        output = outputs[-1]
        if self.skip:
            below = outputs[:-1] if self.return_sequences else [o[:, -1] for o in outputs[:-1]]
            output = ops.concatenate([*below, output], axis=-1)
        if mask is not None and self.zero_output_for_mask:
            real = mask[:, :, None] if self.return_sequences else mask[:, -1:]
            output = ops.where(real, output, ops.zeros_like(output))
        return (output, *finals) if self.return_state else output

    def _by_layer(self, states: Any) -> list[Any]:
        """The states of each layer out of the flat list; `None` each where there is no list."""
        layers = self.recurrent_layers
        if states is None:
            return [None] * len(layers)
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        if len(states) != len(self.state_size):
            raise KitError(
                f"initial_state must have the {len(self.state_size)} states of the layer "
                f"{self.name!r}, of the widths {self.state_size}; received {len(states)}. Pass the "
                "states as a call with return_state=True returns them."
            )
        return [[states.pop(0) for _ in layer.state_size] for layer in layers]

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """`[B, O]` or `[B, T, O]`, followed by the shapes of the states where they are returned."""
        batch, length, _ = sequences_shape
        sizes = [_output_size(layer) for layer in self.recurrent_layers]
        width = sum(sizes) if self.skip else sizes[-1]
        output = (batch, length, width) if self.return_sequences else (batch, width)
        if not self.return_state:
            return output
        of_layers = [layer.compute_output_shape(sequences_shape) for layer in self.recurrent_layers]
        return (output, *(shape for _, *shapes in of_layers for shape in shapes))

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        """The mask in the order of the outputs, or `None` where time is gone; `None` for states."""
        mask = tree.flatten(mask)[0] if self.return_sequences else None
        if mask is not None and self.go_backwards:
            mask = ops.flip(mask, axis=1)
        return [mask, *[None] * len(self.state_size)] if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them; the cells serialized."""
        return {
            **super().get_config(),
            "cells": [keras.saving.serialize_keras_object(cell) for cell in self.cells],
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "zero_output_for_mask": self.zero_output_for_mask,
            "initial_state": self.initial_state,
            "recurrence": self.recurrence,
            "dropout": self.dropout,
            "residual": self.residual,
            "skip": self.skip,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "StackedRNN":
        """The layer again, from `get_config()`."""
        cells = [
            keras.saving.deserialize_keras_object(cell, custom_objects=custom_objects)
            for cell in config["cells"]
        ]
        return cls(**{**config, "cells": cells})


def _output_size(layer: RNN) -> int:
    return layer.compute_output_shape((None, None, None))[0][-1]
