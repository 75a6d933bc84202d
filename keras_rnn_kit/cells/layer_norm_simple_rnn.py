"""The recurrent cell of the textbook with its sums normalized over the units."""

from typing import Any

import keras
from keras import constraints, initializers, ops, regularizers

from keras_rnn_kit.arguments import positive_number
from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LayerNormSimpleRNNCell(WeightedCell):
    """`a_t = x_t W + h_{t-1} U`, `h_t = φ(γ ⊙ (a_t − μ_t) / √(σ_t² + ε) + b)`, where `μ_t` and
    `σ_t²` are the mean and the variance of `a_t` over the units.

    Weights: `kernel [E, H]`, `recurrent_kernel [H, H]`, `gamma [H]` and, added after the
    normalization, `bias [H]`. One state, `[B, H]`, which is the output; a masked step leaves it as
    it is. In half precision the sums `a` are normalized in float32: their squares are beyond
    float16, and ε is.

    Source: Ba, Kiros and Hinton, "Layer Normalization", 2016, equation 4, where γ is called g.
    The equation there has no ε.

    Args:
        units: H, the width of the state and of the output. With one unit the input is lost: a
            single number is its own mean.
        epsilon: ε, above 0, which keeps the division defined where all sums of a row are equal.
        gamma_initializer, gamma_regularizer, gamma_constraint: of the gain γ.
        **kwargs: the other arguments of `WeightedCell`.

    Raises:
        KitError: `epsilon` is not positive, or as `WeightedCell` says.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import LayerNormSimpleRNNCell
    >>> cell = LayerNormSimpleRNNCell(64, activation=None)
    >>> x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    >>> output, _ = cell(x, cell.get_initial_state(2))
    >>> bool(abs(output.numpy().mean(1)).max() < 1e-5), output.numpy().std(1).round(2).tolist()
    (True, [1.0, 1.0])
    """

    def __init__(
        self,
        units: int,
        epsilon: float = 1e-5,
        gamma_initializer: Any = "ones",
        gamma_regularizer: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        positive_number("epsilon", epsilon)
        super().__init__(units, **kwargs)
        self.epsilon = epsilon
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        super().build(input_shape)
        self.gamma = self._weight("gamma", (self.units,))

    def project(self, inputs: Any) -> Any:
        """`x W`: `[..., E] -> [..., H]`; the bias comes after the normalization."""
        return ops.matmul(inputs, self.kernel)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`φ(γ ⊙ normalized + b)`, with `projected + recurrent` normalized."""
        a = projected + recurrent
        wide = ops.cast(a, keras.backend.result_type(a.dtype, "float32"))
        centred = wide - ops.mean(wide, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
        normalized = ops.cast(centred * ops.rsqrt(variance + self.epsilon), a.dtype)
        h = self.gamma * normalized
        h = self.activation(h if self.bias is None else h + self.bias)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }
