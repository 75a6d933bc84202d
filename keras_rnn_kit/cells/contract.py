"""What a cell promises, so that one engine can run, mask and export any of them.

A *projected* cell splits its step in two: what does not depend on the state is computed once for
all steps, and only the rest runs in the loop. The loop itself belongs to the engine
(`layers/recurrence.py`); a cell is its weights and one equation.
"""

from typing import Any

from keras import layers, ops
from keras.src.backend import AutocastScope

# Keras asks `isinstance` of this mixin before it draws the dropout masks of a cell.
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell


class ProjectedCell(layers.Layer, DropoutRNNCell):
    """Base class of the cells that the engine runs.

    A subclass sets `state_size` (an integer, or a list of them; the first state is the one that
    meets the recurrent matrix) and `output_size`, and writes:

    - `project(inputs)`: `[..., E] -> [..., G]`, all that does not depend on the state;
    - `update(projected, recurrent, states)`: the equation, `[B, G], [B, G], [[B, H], ...] ->
      (output [B, O], new states)`, pointwise or row-wise, in `keras.ops`;
    - `recurrent_matrix()`: `[H, G]`, the matrix of the step, made from the weights once a call.
      The default is `self.recurrent_kernel`; `None` means that the step has no such product, and
      `update` then gets `recurrent=None`.

    `call` is written from the three, so that the cell also runs in a stock `keras.layers.RNN`,
    `StackedRNNCells` or `Bidirectional`. Input and recurrent dropout are fixed over time (Gal and
    Ghahramani 2016): set `dropout`, `recurrent_dropout` and `seed_generator` and they work.

    A masked step leaves the states as they are; the cell does not have to know.

    Example: a leaky integrator, `h <- a h + (1 - a) tanh(x W + h U)`.

    >>> import numpy as np
    >>> from keras import ops
    >>> from keras_rnn_kit.cells import ProjectedCell
    >>> from keras_rnn_kit.layers import RNN
    >>> class LeakyCell(ProjectedCell):
    ...     def __init__(self, units, leak=0.5, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.units, self.leak = units, leak
    ...         self.state_size = self.output_size = units
    ...     def build(self, input_shape):
    ...         shape = (input_shape[-1], self.units)
    ...         self.kernel = self.add_weight(shape=shape, name="kernel")
    ...         shape = (self.units, self.units)
    ...         self.recurrent_kernel = self.add_weight(shape=shape, name="recurrent_kernel")
    ...     def project(self, inputs):
    ...         return ops.matmul(inputs, self.kernel)
    ...     def update(self, projected, recurrent, states):
    ...         h = self.leak * states[0] + (1 - self.leak) * ops.tanh(projected + recurrent)
    ...         return h, [h]
    ...     def get_config(self):
    ...         return {**super().get_config(), "units": self.units, "leak": self.leak}
    >>> RNN(LeakyCell(4), return_sequences=True)(np.ones((2, 3, 5), "float32")).shape
    TensorShape([2, 3, 4])
    """

    state_size: int | list[int]
    output_size: int
    dropout: float = 0.0
    recurrent_dropout: float = 0.0

    def project(self, inputs: Any) -> Any:
        """The part of the step that does not depend on the state: `[..., E] -> [..., G]`."""
        raise NotImplementedError(f"{type(self).__name__} must define project(inputs).")

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The equation of one step: `[B, G], [B, G], states -> (output [B, O], new states)`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define update(projected, recurrent, states)."
        )

    def recurrent_matrix(self) -> Any:
        """The `[H, G]` matrix of the step, or `None` for a cell that has none."""
        return self.recurrent_kernel

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """One step as Keras's cells have it: `[B, E]` and states to `(output, new states)`."""
        nested = isinstance(states, (list, tuple))
        states = list(states) if nested else [states]
        # The masks are drawn whether or not they are used now: Keras caches them before its loop.
        input_mask = self.get_dropout_mask(inputs)
        state_mask = self.get_recurrent_dropout_mask(states[0])
        if training and input_mask is not None:
            inputs = inputs * input_mask
        matrix = self.recurrent_matrix()
        recurrent = None
        if matrix is not None:
            state = states[0]
            if training and state_mask is not None:
                state = state * state_mask
            recurrent = ops.matmul(state, matrix)
        output, new_states = self.update(self.project(inputs), recurrent, states)
        return output, list(new_states) if nested else new_states[0]

    def own_precision(self) -> AutocastScope:
        """The scope in which weights are read as `call` reads them: in the cell's compute dtype.

        The engine enters it around `project`, `update` and `recurrent_matrix`.
        """
        return AutocastScope(self.compute_dtype if self.autocast else None)

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for each state, `[B, H]`."""
        sizes = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]
