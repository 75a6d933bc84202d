"""A recurrent matrix for each input, by way of factors."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class MultiplicativeRNNCell(WeightedCell):
    """`h_t = φ(x_t W + f U_f + b)` with the factors `f = (x_t V + factor_bias) ⊙ (h_{t-1} U)`: the
    recurrent matrix is `U diag(x_t V + factor_bias) U_f`, another one for every input; the output
    is the state.

    The weights are `kernel [E, F + H]` (V, then W), `recurrent_kernel [H, F]` (U),
    `factor_kernel [F, H]` (U_f, with the arguments of `recurrent_kernel`) and `bias [H]`. One
    state, `[B, H]`; a masked step leaves it as it is.

    A step has two products, since the factors stand between them: `update` takes the second.

    Source: Sutskever, Martens and Hinton, "Generating Text with Recurrent Neural Networks", 2011.
    The paper has no `factor_bias` and trains with Hessian-free optimization. Without it a network
    of small inputs or weights starts with next to no recurrence, and gradient descent is slow to
    find one; with it, it starts as a simple recurrent cell of the matrix `U U_f`. Of one-hot
    inputs, which the paper has, V can take it up: the cell then computes the same functions.

    Args:
        units: H, the width of the state and of the output.
        factors: F; H if `None`.
        factor_bias: a number, not trained; 0 is the paper's equation.
        activation: φ.
        **kwargs: the other arguments of `WeightedCell`.

    Raises:
        KitError: `factors` is neither `None` nor a positive integer.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import MultiplicativeRNNCell
    >>> cell = MultiplicativeRNNCell(4, factors=2)
    >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 1)
    """

    def __init__(
        self, units: int, factors: int | None = None, factor_bias: float = 1.0, **kwargs: Any
    ):
        if factors is not None:
            positive_integer("factors", factors)
        super().__init__(units, **kwargs)
        self.factors = units if factors is None else factors
        self.factor_bias = factor_bias

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        self.kernel = self._weight("kernel", (input_shape[-1], self.factors + self.units))
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, self.factors))
        shape = (self.factors, self.units)
        self.factor_kernel = self._weight("factor_kernel", shape, like="recurrent_kernel")
        self.bias = self._weight("bias", (self.units,)) if self.use_bias else None

    def project(self, inputs: Any) -> Any:
        """`x V + factor_bias`, then `x W + b`: `[..., E] -> [..., F + H]`."""
        projected = ops.matmul(inputs, self.kernel)
        of_factors = ops.full((self.factors,), self.factor_bias, dtype=projected.dtype)
        of_state = ops.zeros((self.units,), dtype=projected.dtype)
        if self.bias is not None:
            of_state = ops.add(of_state, self.bias)
        return ops.add(projected, ops.concatenate([of_factors, of_state]))

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`φ(x W + b + ((x V + factor_bias) ⊙ (h U)) U_f)`."""
        of_factors, of_state = ops.split(projected, [self.factors], axis=-1)
        h = self.activation(of_state + self.product(of_factors * recurrent, self.factor_kernel))
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        own = {"factors": self.factors, "factor_bias": self.factor_bias}
        return {**super().get_config(), **own}
