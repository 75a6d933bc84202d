"""The recurrent cell with a weighted residual connection: two scalars beside the textbook's."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class FastRNNCell(WeightedCell):
    """`h_t = sigmoid(α) φ(x_t W + h_{t-1} U + b) + sigmoid(β) h_{t-1}`, with scalars `α` and `β`
    that are trained.

    Weights: `kernel [E, H]`, `recurrent_kernel [H, H]`, `bias [H]`, `alpha []` and `beta []`. One
    state, `[B, H]`, which is the output; a masked step leaves it as it is.

    Source: Kusupati et al., "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated
    Recurrent Neural Network", 2018; the initial values of α, β and the bias are those of its
    code. W and U have full rank here, and start as `WeightedCell` has it.

    Args:
        units: H, the width of the state and of the output.
        initial_alpha: where α starts. At -3 a step takes a twentieth of what is new.
        initial_beta: where β starts. At 3 a step keeps 19 twentieths of the state.
        bias_initializer: of the bias.
        activation: φ.
        **kwargs: the other arguments of `WeightedCell`.

    Example:

    >>> from keras_rnn_kit.cells import FastRNNCell
    >>> cell = FastRNNCell(4)
    >>> cell.build((None, 3))
    >>> [(weight.name, tuple(weight.shape)) for weight in cell.weights[2:]]
    [('bias', (4,)), ('alpha', ()), ('beta', ())]
    """

    def __init__(
        self,
        units: int,
        initial_alpha: float = -3.0,
        initial_beta: float = 3.0,
        bias_initializer: Any = "ones",
        **kwargs: Any,
    ):
        super().__init__(units, bias_initializer=bias_initializer, **kwargs)
        self.initial_alpha = initial_alpha
        self.initial_beta = initial_beta

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        super().build(input_shape)
        constant = keras.initializers.Constant
        self.alpha = self.add_weight(
            shape=(), name="alpha", initializer=constant(self.initial_alpha)
        )
        self.beta = self.add_weight(shape=(), name="beta", initializer=constant(self.initial_beta))

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`sigmoid(α) φ(projected + recurrent) + sigmoid(β) h`."""
        new = self.activation(projected + recurrent)
        h = ops.sigmoid(self.alpha) * new + ops.sigmoid(self.beta) * states[0]
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {
            **super().get_config(),
            "initial_alpha": self.initial_alpha,
            "initial_beta": self.initial_beta,
        }
