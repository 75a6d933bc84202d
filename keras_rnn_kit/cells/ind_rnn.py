"""The recurrent cell whose units remember each for itself."""

from typing import Any, ClassVar

import keras

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.cells.weighted import WeightedCell
from keras_rnn_kit.constraints import MaxAbsolute
from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class IndRNNCell(WeightedCell):
    """`h_t = φ(x_t W + u ⊙ h_{t-1} + b)`: each unit meets its own past alone; the output is the
    state.

    Units meet in the next layer, so stack two or more. Weights: `kernel [E, H]`,
    `recurrent_kernel [H]` (u) and `bias [H]`. One state, `[B, H]`; a masked step leaves it as it
    is. A step has no product with a matrix, and so there is no `recurrent_dropout`, which would
    drop the past of a unit for good: drop the outputs between layers.

    Over T steps a unit's gradient grows by `u^T` at most, where |φ'| ≤ 1 as for relu and tanh.
    Give `max_steps`, and it grows by `growth` at most: |u| is kept below `growth^(1 / max_steps)`.

    Source: Li, Li, Cook, Zhu and Gao, "Independently Recurrent Neural Network (IndRNN): Building A
    Longer and Deeper RNN", 2018. The batch normalization that it has between layers is a layer of
    Keras.

    Args:
        units: H, the width of the state and of the output.
        activation: φ, relu in the paper; `None` is the identity.
        max_steps: T, the length of the longest sequences; `None` sets no bound.
        growth: how much a gradient may grow over T steps, 1 or more.
        long_memory: whether u starts next to the bound, between `growth^(-1 / max_steps)` and
            `growth^(1 / max_steps)`, so that no unit forgets at first. For the last layer where
            only its last output is read.
        recurrent_initializer: of u; `None` is uniform between 0 and the bound (1 without one), or
            as `long_memory` has it.
        recurrent_constraint: of u; `None` is the bound of `max_steps`.
        **kwargs: the other arguments of `WeightedCell`, without `recurrent_dropout`.

    Raises:
        KitError: `max_steps` is not a positive integer, `growth` is below 1, `long_memory` is set
            without `max_steps`, or as `WeightedCell` says.

    Example:

    >>> from keras_rnn_kit.cells import IndRNNCell
    >>> cell = IndRNNCell(4, max_steps=100, long_memory=True)
    >>> cell.build((None, 3))
    >>> u = cell.recurrent_kernel.numpy()
    >>> print(f"{cell.recurrent_constraint.bound:.4f}", bool((2**-0.01 <= u).all()))
    1.0070 True
    """

    lacks: ClassVar[tuple[str, ...]] = ("recurrent_dropout",)

    def __init__(
        self,
        units: int,
        activation: Any = "relu",
        max_steps: int | None = None,
        growth: float = 2.0,
        long_memory: bool = False,
        recurrent_initializer: Any = None,
        recurrent_constraint: Any = None,
        **kwargs: Any,
    ):
        if not growth >= 1:
            raise KitError(
                f"growth must be 1 or more; received growth={growth!r}. Pass "
                "recurrent_constraint=MaxAbsolute(bound) for a bound below 1."
            )
        if long_memory and max_steps is None:
            raise KitError(
                "long_memory needs the length of the sequences; received max_steps=None. Pass "
                "max_steps."
            )
        lowest, highest = 0.0, 1.0
        if max_steps is not None:
            positive_integer("max_steps", max_steps)
            bound = MaxAbsolute.for_steps(max_steps, growth)
            lowest, highest = 1 / bound.bound if long_memory else 0.0, bound.bound
            recurrent_constraint = recurrent_constraint or bound
        if recurrent_initializer is None:
            recurrent_initializer = keras.initializers.RandomUniform(lowest, highest)
        super().__init__(
            units,
            activation=activation,
            recurrent_initializer=recurrent_initializer,
            recurrent_constraint=recurrent_constraint,
            **kwargs,
        )
        self.max_steps = max_steps
        self.growth = growth
        self.long_memory = long_memory

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        self.kernel = self._weight("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units,))
        self.bias = self._weight("bias", (self.units,)) if self.use_bias else None

    def recurrent_matrix(self) -> Any:
        """`None`: there is no such product."""
        return None

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`φ(projected + u ⊙ h)`."""
        h = self.activation(projected + self.recurrent_kernel * states[0])
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {
            **super().get_config(),
            "max_steps": self.max_steps,
            "growth": self.growth,
            "long_memory": self.long_memory,
        }
