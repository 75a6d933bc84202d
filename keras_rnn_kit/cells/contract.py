"""What a cell promises, so that one engine can run, mask and export any of them.

A *projected* cell splits its step in two: what does not depend on the state is computed once for
all steps, and only the rest runs in the loop. The loop itself belongs to the engine
(`layers/recurrence.py`); a cell is its weights and one equation.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import keras
from keras import layers, ops
from keras.src.backend import AutocastScope

# Keras asks `isinstance` of this mixin before it draws the dropout masks of a cell.
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from keras_rnn_kit.cells.summary import equation_of, summary_of

Product = Callable[[Any, Any], Any]
_product: contextvars.ContextVar[Product] = contextvars.ContextVar("product", default=ops.matmul)


@contextlib.contextmanager
def products_by(product: Product) -> Iterator[None]:
    """Within it, `product(values, matrix)` is what `ProjectedCell.product` comes to."""
    token = _product.set(product)
    try:
        yield
    finally:
        _product.reset(token)


class ProjectedCell(layers.Layer, DropoutRNNCell):
    """Base class of the cells that the engine runs.

    A subclass sets `state_size` (an integer, or a list of them) and `output_size`, and writes:

    - `project(inputs)`: `[..., E] -> [..., G]`, all that does not depend on the state;
    - `update(projected, recurrent, states)`: the equation, `[B, G], [B, R], [[B, H], ...] ->
      (output [B, O], new states)`, pointwise or row-wise, in `keras.ops`. The output may be the
      very same tensor as the first new state, and is then kept once;
    - `recurrent_matrix()`: `[H, R]`, the matrix of the step, made from the weights once a call;
      `recurrent` is the first state times it. The default is `self.recurrent_kernel`; `None` means
      that the step has no such product, and `update` then gets `recurrent=None`. A matrix as high
      as the first few states together meets those, side by side.

    A step with more products than that takes them in `update`, by `self.product(values, matrix)`.
    What is still to be done to its output, and no state depends on, goes into `readout`, which is
    done for all steps at once. A cell that draws noise anew at every step overrides
    `project_in_training`, too; one that is linear in its only state can say so in `affine`.

    `call` is written from these, so that the cell also runs in a stock `keras.layers.RNN`,
    `StackedRNNCells` or `Bidirectional`. Input, recurrent and output dropout are fixed over time
    (Gal and Ghahramani 2016): set `dropout`, `recurrent_dropout` or `output_dropout`, and
    `seed_generator`, and they work.

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
    output_dropout: float = 0.0
    # What the cell computes, for `summary`: the first paragraph of its docstring, or its own word.
    equation: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "equation" not in vars(cls):
            cls.equation = equation_of(cls.__doc__)

    def project(self, inputs: Any) -> Any:
        """The part of the step that does not depend on the state: `[..., E] -> [..., G]`."""
        raise NotImplementedError(f"{type(self).__name__} must define project(inputs).")

    def project_in_training(self, inputs: Any) -> Any:
        """`project` for steps in training: `[..., E] -> [..., G']`.

        A cell whose steps need fresh random numbers appends them here, and `update` tells by the
        width what it got. The loop itself draws nothing, so that its way back sees the same.
        """
        return self.project(inputs)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The equation of one step: `[B, G], [B, G], states -> (output [B, O], new states)`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define update(projected, recurrent, states)."
        )

    def recurrent_matrix(self) -> Any:
        """The `[H, R]` matrix of the step, or `None` for a cell that has none."""
        return self.recurrent_kernel

    def readout(self, outputs: Any) -> Any:
        """The outputs of the cell from those of `update`: `[..., O'] -> [..., O]`, row by row.

        All that is computed of a step's output and that no state depends on: the mirror image of
        `project`, done once for all steps after the loop. O is `output_size`; the default is the
        identity. Output dropout comes after it, and a masked step repeats what was read out before.
        """
        return outputs

    @property
    def reads_out(self) -> bool:
        """Whether `readout` does anything; where it does not, the engine leaves it out."""
        return type(self).readout is not ProjectedCell.readout

    def product(self, values: Any, matrix: Any) -> Any:
        """`values @ matrix` within `update`, `[B, F], [F, R] -> [B, R]`: one more than `recurrent`.

        It is `ops.matmul`, but the engine keeps what comes out for the way back, and gives
        `matrix`, which the weights make and nothing else, its gradient as one product of all steps.
        """
        return _product.get()(values, matrix)

    def affine(self, projected: Any) -> tuple[Any, Any] | None:
        """`(decay, drive)`, `[..., H]` each, of a step that is `h = decay ⊙ h + drive` and no more.

        The engine can then join many steps in one. `None`, as for nearly all cells: it is another.
        """
        return None

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """One step as Keras's cells have it: `[B, E]` and states to `(output, new states)`."""
        nested = isinstance(states, (list, tuple))
        states = list(states) if nested else [states]
        input_mask = state_mask = output_mask = None
        if training:
            input_mask = self.get_dropout_mask(inputs)
            state_mask = self.get_recurrent_dropout_mask(states[0])
            output_mask = self.get_output_dropout_mask(states[0])
        if input_mask is not None:
            inputs = inputs * input_mask
        matrix = self.recurrent_matrix()
        recurrent = None
        if matrix is not None:
            meeting = states[: self.states_in_product(matrix)]
            if state_mask is not None:
                meeting[0] = meeting[0] * state_mask
            side_by_side = meeting[0] if len(meeting) == 1 else ops.concatenate(meeting, axis=-1)
            recurrent = ops.matmul(side_by_side, matrix)
        projected = self.project_in_training(inputs) if training else self.project(inputs)
        output, new_states = self.update(projected, recurrent, states)
        if self.reads_out:
            output = self.readout(output)
        if output_mask is not None:
            output = output * output_mask
        return output, list(new_states) if nested else new_states[0]

    @property
    def state_sizes(self) -> list[int]:
        """`state_size` as a list, also where it is one integer."""
        size = self.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def states_in_product(self, matrix: Any) -> int:
        """How many of the first states, side by side, are as wide as `matrix [H, R]` is high."""
        for count in range(1, len(self.state_sizes) + 1):
            if sum(self.state_sizes[:count]) == matrix.shape[0]:
                return count
        raise ValueError(
            f"the recurrent matrix of {type(self).__name__} must be as high as its first state, or "
            f"its first few together; received the shape {tuple(matrix.shape)} for the state sizes "
            f"{self.state_sizes}. Change recurrent_matrix() or state_size."
        )

    @property
    def dropout_mask_count(self) -> None:
        """`None`: one mask of the input and one of the state, whatever number of gates they meet.

        Keras's own cells set a number here, and draw a mask for each gate.
        """
        return None

    @dropout_mask_count.setter
    def dropout_mask_count(self, count: int) -> None:
        pass

    def followed_by_state_mask(self, projected: Any) -> Any:
        """`projected` and, where the state is dropped, the mask: `[B·T, G] -> [B·T, G + H]`.

        For the `project_in_training` of a cell whose `update` multiplies the state by a matrix
        itself: `recurrent_dropout` has to drop the same there.
        """
        mask = getattr(self, "_recurrent_dropout_mask", None)  # drawn before any loop
        if mask is None:
            return projected
        steps = ops.shape(projected)[0] // ops.shape(mask)[0]
        # The engine projects all steps at once, those of one row together; `call` projects one.
        return ops.concatenate([projected, ops.repeat(mask, steps, axis=0)], axis=-1)

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """The mask of the first state `[B, H]`, one for all steps; `None` without such dropout."""
        # Keras asks for this one before its loop, within which nothing may be drawn.
        self.get_output_dropout_mask(step_input)
        return super().get_recurrent_dropout_mask(step_input)

    def reset_recurrent_dropout_mask(self) -> None:
        """Forgets the masks of state and output, so that the next call draws its own."""
        super().reset_recurrent_dropout_mask()
        self._output_dropout_mask = None

    def get_output_dropout_mask(self, state: Any) -> Any:
        """The mask of the output `[B, O]`, one for all steps; `None` without such dropout."""
        mask = getattr(self, "_output_dropout_mask", None)
        if mask is None and self.output_dropout > 0:
            ones = ops.ones((ops.shape(state)[0], self.output_size), dtype=state.dtype)
            mask = keras.random.dropout(ones, self.output_dropout, seed=self.seed_generator)
            self._output_dropout_mask = mask
        return mask

    def summary(self, print_fn: Callable[[str], Any] = print) -> None:
        """Prints the equation, each weight with its shape, and how many parameters that makes.

        `print_fn` is given the text. Raises `KitError` for a cell that isn't built.

        Example:

        >>> from keras_rnn_kit.cells import SimpleRNNCell
        >>> cell = SimpleRNNCell(4)
        >>> cell.build((None, 3))
        >>> cell.summary()
        SimpleRNNCell: h_t = φ(x_t W + h_{t-1} U + b), the output being the state.
          kernel            [3, 4]  12
          recurrent_kernel  [4, 4]  16
          bias              [4]      4
        H(H + E) + H = 4·(4 + 3) + 4 = 32 parameters
        """
        print_fn(summary_of(self))

    def own_precision(self, dtype: str | None = None) -> AutocastScope:
        """The scope in which weights are read as `call` reads them: in the cell's compute dtype.

        The engine enters it around `project`, `update`, `recurrent_matrix` and `readout`; with a
        `dtype` where it runs the steps in a wider type.
        """
        return AutocastScope((dtype or self.compute_dtype) if self.autocast else None)

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for each state, `[B, H]`."""
        sizes = self.state_sizes
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]
