"""One gate between an encoded input and the state."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class MinimalRNNCell(WeightedCell):
    """`h_t = u ⊙ h_{t-1} + (1 − u) ⊙ z` with the encoded input `z = φ(x_t W + b_z)` and the update
    gate `u = σ(h_{t-1} U + z V + b_u + forget_bias)`; the output is the state.

    The weights are `kernel [E, H]`, `recurrent_kernel [H, H]`, `gate_kernel [H, H]` (V) and
    `bias [2H]` (`b_z`, then `b_u`). V meets the inputs alone, and shares the arguments of
    `kernel`: it is computed for all steps at once, as `z` is. `forget_bias` is no weight. One
    state, `[B, H]`, which stays between the values of `z`; a masked step leaves it as it is.

    Source: Chen, "MinimalRNN: Toward More Interpretable and Trainable Recurrent Neural Networks",
    2017. The paper leaves the encoder open; one layer with tanh is what it tries. It has no
    `forget_bias`, without which the gate starts at 1/2 and memories of ten steps are slow to
    learn; `b_u` can take it up, so that the cell computes the same functions.

    Args:
        units: H, the width of the state and of the output.
        forget_bias: the larger, the longer the state is kept at first; 0 is the paper's equation.
        activation: φ, of the encoder.
        **kwargs: the other arguments of `WeightedCell`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import MinimalRNNCell
    >>> cell = MinimalRNNCell(4)
    >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 1)
    """

    def __init__(self, units: int, forget_bias: float = 1.0, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.forget_bias = forget_bias

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        self.kernel = self._weight("kernel", (input_shape[-1], self.units))
        self.gate_kernel = self._weight("gate_kernel", (self.units, self.units), like="kernel")
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, self.units))
        self.bias = self._weight("bias", (2 * self.units,)) if self.use_bias else None

    def project(self, inputs: Any) -> Any:
        """`z`, then `z V + b_u + forget_bias`: `[..., E] -> [..., 2H]`."""
        z, of_gate = ops.matmul(inputs, self.kernel), self.forget_bias
        if self.bias is not None:
            b_z, b_u = ops.split(self.bias, 2)
            z, of_gate = ops.add(z, b_z), ops.add(b_u, of_gate)
        z = self.activation(z)
        gate = ops.add(ops.matmul(z, self.gate_kernel), of_gate)
        return ops.concatenate([z, gate], axis=-1)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`u ⊙ h + (1 − u) ⊙ z`."""
        z, gate = ops.split(projected, 2, axis=-1)
        u = ops.sigmoid(gate + recurrent)
        h = u * states[0] + (1 - u) * z
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {**super().get_config(), "forget_bias": self.forget_bias}
