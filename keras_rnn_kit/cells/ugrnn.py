"""The update gate RNN: one gate, and one product a step."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class UGRNNCell(WeightedCell):
    """`h_t = g ⊙ h_{t-1} + (1 − g) ⊙ φ(x_t W_c + h_{t-1} U_c + b_c)` with the update gate
    `g = σ(x_t W_g + h_{t-1} U_g + b_g + forget_bias)`; the output is the state.

    The weights are `kernel [E, 2H]`, `recurrent_kernel [H, 2H]` and `bias [2H]`, in the order
    g, c. `forget_bias` is no weight: it is added to the gate with and without a bias. One state,
    `[B, H]`; a masked step leaves it as it is.

    Source: Collins, Sohl-Dickstein and Sussillo, "Capacity and Trainability in Recurrent Neural
    Networks", 2017. It deviates in nothing; 1 is the forget bias of their code.

    Args:
        units: H, the width of the state and of the output.
        forget_bias: the larger, the longer the state is kept at first.
        activation: φ.
        **kwargs: the other arguments of `WeightedCell`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import UGRNNCell
    >>> cell = UGRNNCell(4)
    >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 1)
    """

    gates: ClassVar[int] = 2

    def __init__(self, units: int, forget_bias: float = 1.0, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.forget_bias = forget_bias

    def project(self, inputs: Any) -> Any:
        """`x W + b`, with `forget_bias` for the gate: `[..., E] -> [..., 2H]`."""
        projected = ops.matmul(inputs, self.kernel)
        zeros = ops.zeros((self.units,), dtype=projected.dtype)
        shift = ops.concatenate([zeros + self.forget_bias, zeros])
        return ops.add(projected, shift if self.bias is None else ops.add(self.bias, shift))

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`g ⊙ h + (1 − g) ⊙ c`."""
        gate, new = ops.split(projected + recurrent, 2, axis=-1)
        g = ops.sigmoid(gate)
        h = g * states[0] + (1 - g) * self.activation(new)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {**super().get_config(), "forget_bias": self.forget_bias}
