"""Dropout around any cell."""

from typing import Any

import keras

from keras_rnn_kit.arguments import rate
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.cells.wrapper import CellWrapper
from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class DropoutCell(CellWrapper):
    """Any cell with `x_t ⊙ d_x`, `(h_{t-1} ⊙ d_h) U` and `o_t ⊙ d_o`, masks drawn once a call.

    Every row of the batch has masks of its own, the same ones at all of its steps; what is kept is
    divided by the share that is kept. Out of training nothing is dropped. The weights, the states
    and a masked step are the cell's; rates that the cell has itself act besides.

    Args:
        cell: any projected cell.
        dropout: the share of the inputs `[B, E]` that is dropped.
        recurrent_dropout: likewise of the first state `[B, H]` where it meets the recurrent matrix.
        output_dropout: likewise of the output `[B, O]`; the state keeps what the output loses.
        seed: of the draws.

    Raises:
        KitError: `cell` is no `ProjectedCell`, a rate does not lie in [0, 1), or there is
            `recurrent_dropout` for a cell without a recurrent matrix.

    Source: Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent
    Neural Networks", 2016. The paper draws a mask for each gate too; here all gates of a step share
    one.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import DropoutCell, SimpleRNNCell
    >>> from keras_rnn_kit.layers import RNN
    >>> layer = RNN(DropoutCell(SimpleRNNCell(4), dropout=0.2, recurrent_dropout=0.2))
    >>> layer(np.ones((2, 3, 5), "float32"), training=True).shape
    TensorShape([2, 4])
    """

    def __init__(
        self,
        cell: ProjectedCell,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        rate("dropout", dropout)
        rate("recurrent_dropout", recurrent_dropout)
        rate("output_dropout", output_dropout)
        super().__init__(cell, **kwargs)
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.output_dropout = output_dropout
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        """Builds the cell for inputs `[..., E]`."""
        super().build(input_shape)
        if self.recurrent_dropout > 0 and self.recurrent_matrix() is None:
            raise KitError(
                "recurrent_dropout drops the state where it meets the recurrent matrix, and "
                f"{type(self.cell).__name__} has none; received recurrent_dropout="
                f"{self.recurrent_dropout!r}. Pass 0; dropout and output_dropout work with it."
            )

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them; the cell serialized."""
        return {
            **super().get_config(),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "output_dropout": self.output_dropout,
            "seed": self.seed,
        }
