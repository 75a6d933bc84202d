"""A shortcut around any cell."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.wrapper import CellWrapper
from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class ResidualCell(CellWrapper):
    """Any cell with the input added to its output: `y_t = o_t + x_t`.

    The cell gives as many outputs O as there are inputs E. Its weights and states, `[B, H]` each,
    are untouched; so is a masked step, which leaves the states as they are. Dropout of the cell
    itself (`ResidualCell(DropoutCell(...))`) does not touch the shortcut.

    Args:
        cell: any projected cell.

    Raises:
        KitError: `cell` is no `ProjectedCell`; in `build`, E is not O.

    Source: He et al., "Deep Residual Learning for Image Recognition", 2016, between the layers of
    a recurrent stack as in Wu et al., "Google's Neural Machine Translation System", 2016.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import ResidualCell, SimpleRNNCell
    >>> from keras_rnn_kit.layers import RNN
    >>> layer = RNN(ResidualCell(SimpleRNNCell(4)), return_sequences=True)
    >>> layer(np.ones((2, 3, 4), "float32")).shape
    TensorShape([2, 3, 4])
    """

    def build(self, input_shape: Any) -> None:
        """Builds the cell for inputs `[..., E]`."""
        if input_shape[-1] != self.output_size:
            raise KitError(
                "ResidualCell adds its input to its output, so they must be of one width; received "
                f"inputs of width {input_shape[-1]} for {type(self.cell).__name__} with outputs of "
                f"width {self.output_size}. Give the cell {input_shape[-1]} units, or put a Dense "
                "layer before it."
            )
        super().build(input_shape)

    def project(self, inputs: Any) -> Any:
        """The cell's, and the input beside it: `[..., E] -> [..., G + E]`."""
        return ops.concatenate([self.cell.project(inputs), inputs], axis=-1)

    def project_in_training(self, inputs: Any) -> Any:
        """The same of dropped inputs, and the mask of the cell's output, if there is one."""
        mask = self.cell.get_dropout_mask(inputs)
        dropped = inputs if mask is None else inputs * _at_every_step(mask, inputs)
        parts = [self.cell.project_in_training(dropped), inputs]
        if self.cell_drops_output:
            mask = self.cell.get_output_dropout_mask(inputs)
            parts.append(_at_every_step(mask, inputs))
        return ops.concatenate(parts, axis=-1)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The cell's update, the input added to its output."""
        width, given = self.output_size, projected.shape[-1]
        in_training = given > self.cell_width + width
        parts = 2 if self.cell_drops_output and in_training else 1
        starts = [given - k * width for k in range(parts, 0, -1)]
        projected, inputs, *mask = ops.split(projected, starts, axis=-1)
        output, new_states = self.cell.update(projected, recurrent, states)
        if self.cell.reads_out:  # here, since the input is added to what comes of it
            output = self.cell.readout(output)
        for one in mask:
            output = output * one
        return output + inputs, new_states

    reads_out = False

    def readout(self, outputs: Any) -> Any:
        """The outputs as they are: the cell's readout is a part of `update`."""
        return outputs

    # Asked for, the cell draws its masks; they are used in `project_in_training`.

    drops_output = False

    def get_dropout_mask(self, step_input: Any) -> None:
        """`None`: the shortcut is not dropped."""
        super().get_dropout_mask(step_input)

    def get_output_dropout_mask(self, state: Any) -> None:
        """`None`: the shortcut is not dropped."""
        super().get_output_dropout_mask(state)


def _at_every_step(mask: Any, inputs: Any) -> Any:
    """`mask [B, N]` for each row of `inputs [B·T, E]`, the steps of a sequence lying together."""
    rows, width = ops.shape(mask)
    steps = ops.shape(inputs)[0] // rows
    return ops.reshape(ops.broadcast_to(mask[:, None], (rows, steps, width)), (-1, width))
