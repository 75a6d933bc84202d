"""What the cells that run another cell have in common."""

from typing import Any

import keras
from keras import ops
from keras.src.backend import AutocastScope, compute_output_spec

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError


class CellWrapper(ProjectedCell):
    """Base of the cells that run another cell, and change what goes in or comes out.

    Here everything is handed to that cell, `self.cell`: states, projection, update, matrix,
    readout, dropout masks, precision, files. A subclass overrides what it changes; its arguments
    come after `cell`, before `**kwargs`, and go into its `get_config`. What it needs in a step
    besides the cell's own projection it appends to that, in `project` or `project_in_training`, and
    takes off again in `update`; `cell_width`, known from `build` on, is how wide the cell's
    projection is out of training. The output of the cell's update is what its `readout` reads: one
    that is to be changed after that is changed in `readout`. Wrappers can be wrapped.

    Args:
        cell: any projected cell. It is built with the wrapper, and has the wrapper's dtype.

    Raises:
        KitError: `cell` is no `ProjectedCell`, or a `dtype` is passed that is not the cell's.

    Example: a cell whose output is doubled.

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import CellWrapper, SimpleRNNCell
    >>> class Doubled(CellWrapper):
    ...     def readout(self, outputs):
    ...         return 2 * self.cell.readout(outputs)
    >>> output, states = Doubled(SimpleRNNCell(4))(np.ones((2, 3)), [np.zeros((2, 4))])
    >>> bool(np.all(output == 2 * states[0]))
    True
    """

    cell_width: int

    def __init__(self, cell: ProjectedCell, **kwargs: Any):
        if not isinstance(cell, ProjectedCell):
            raise KitError(
                f"{type(self).__name__} wraps a keras_rnn_kit.cells.ProjectedCell; received "
                f"{cell!r}. Pass a cell of keras_rnn_kit.cells, or one of your own on its contract."
            )
        super().__init__(**{"dtype": cell.dtype_policy, **kwargs})
        if self.dtype_policy.name != cell.dtype_policy.name:
            raise KitError(
                f"{type(self).__name__} computes in the type of its cell, "
                f"{cell.dtype_policy.name}; received dtype={self.dtype_policy.name!r}. Pass the "
                "dtype to the cell."
            )
        self.cell = cell
        self.state_size = cell.state_size
        self.output_size = cell.output_size

    def build(self, input_shape: Any) -> None:
        """Builds the cell for inputs `[..., E]`."""
        if not self.cell.built:
            self.cell.build(input_shape)
        step = keras.KerasTensor((1, input_shape[-1]), self.compute_dtype)
        with self.own_precision():
            self.cell_width = compute_output_spec(self.cell.project, step).shape[-1]

    def project(self, inputs: Any) -> Any:
        """The cell's: `[..., E] -> [..., G]`."""
        return self.cell.project(inputs)

    def project_in_training(self, inputs: Any) -> Any:
        """The cell's: `[..., E] -> [..., G']`."""
        return self.cell.project_in_training(inputs)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The cell's."""
        return self.cell.update(projected, recurrent, states)

    def recurrent_matrix(self) -> Any:
        """The cell's: `[H, R]` or `None`."""
        return self.cell.recurrent_matrix()

    def readout(self, outputs: Any) -> Any:
        """The cell's: `[..., O'] -> [..., O]`."""
        return self.cell.readout(outputs)

    @property
    def reads_out(self) -> bool:
        """Whether the cell's `readout` does anything, or the wrapper has one of its own."""
        return type(self).readout is not CellWrapper.readout or self.cell.reads_out

    def states_in_product(self, matrix: Any) -> int:
        """The cell's."""
        return self.cell.states_in_product(matrix)

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The cell's, `[B, H]` each."""
        return self.cell.get_initial_state(batch_size)

    def own_precision(self, dtype: str | None = None) -> AutocastScope:
        """The cell's."""
        return self.cell.own_precision(dtype)

    @property
    def cell_drops_output(self) -> bool:
        """Whether the cell has a mask of its output in training."""
        return getattr(self.cell, "drops_output", self.cell.output_dropout > 0)

    @property
    def drops_output(self) -> bool:
        """Whether the wrapper hands on a mask of its output in training."""
        return self.output_dropout > 0 or self.cell_drops_output

    def get_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the inputs, `[B, E]` or `None`: the wrapper's times the cell's."""
        own = super().get_dropout_mask(step_input)
        return _product(own, self.cell.get_dropout_mask(step_input))

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the first state, `[B, H]` or `None`: the wrapper's times the cell's."""
        drawn = getattr(self, "_recurrent_dropout_mask", None) is not None
        own = super().get_recurrent_dropout_mask(step_input)
        mask = self.cell.get_recurrent_dropout_mask(step_input)
        if own is None or drawn:
            return mask
        # Kept where the cell that is wrapped keeps its own, and may use it in its projection.
        mask, cell = _product(own, mask), self.cell
        while isinstance(cell, CellWrapper):
            cell = cell.cell
        cell._recurrent_dropout_mask = mask
        return mask

    def get_output_dropout_mask(self, state: Any) -> Any:
        """The mask of the output, `[B, O]` or `None`: the wrapper's times the cell's."""
        own = super().get_output_dropout_mask(state)
        return _product(own, self.cell.get_output_dropout_mask(state))

    def reset_dropout_mask(self) -> None:
        """Forgets the mask of the inputs, and the cell's."""
        super().reset_dropout_mask()
        self.cell.reset_dropout_mask()

    def reset_recurrent_dropout_mask(self) -> None:
        """Forgets the masks of state and output, and the cell's."""
        super().reset_recurrent_dropout_mask()
        self.cell.reset_recurrent_dropout_mask()

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them; the cell serialized."""
        return {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "CellWrapper":
        """The wrapper again, from `get_config()`."""
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})


def _product(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return ops.multiply(one, other)
