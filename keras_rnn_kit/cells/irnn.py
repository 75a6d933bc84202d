"""The recurrent cell of rectified units that starts as the identity."""

from typing import Any

import keras

from keras_rnn_kit.cells.simple_rnn import SimpleRNNCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class IRNNCell(SimpleRNNCell):
    """`h_t = relu(x_t W + h_{t-1} U + b)`, where `U` starts as the identity times `scale`.

    A `SimpleRNNCell` with two defaults of its own. With the identity, a zero bias and no input the
    state stays as it is, and so does the gradient on its way back; with a `scale` below 1 the past
    fades, for tasks that need little of it. Weights: `kernel [E, H]`, `recurrent_kernel [H, H]`,
    `bias [H]`. One state, `[B, H]`; a masked step leaves it as it is. Nothing bounds the state, so
    clip the gradients.

    Source: Le, Jaitly and Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified
    Linear Units", 2015. The paper draws W from a normal distribution with standard deviation 0.001;
    here it starts as `kernel_initializer` has it.

    Args:
        units: H, the width of the state and of the output.
        scale: of the identity that the recurrent kernel starts from; 0.01 in the paper's speech
            task, 1 in the others.
        activation: φ, relu in the paper; `None` is the identity.
        recurrent_initializer: of the recurrent kernel; `None` is the identity times `scale`.
        **kwargs: the other arguments of `SimpleRNNCell`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import IRNNCell
    >>> cell = IRNNCell(2, scale=0.5)
    >>> output, _ = cell(np.zeros((1, 3), "float32"), [np.array([[4.0, 6.0]], "float32")])
    >>> output.numpy().tolist()
    [[2.0, 3.0]]
    """

    def __init__(
        self,
        units: int,
        scale: float = 1.0,
        activation: Any = "relu",
        recurrent_initializer: Any = None,
        **kwargs: Any,
    ):
        identity = keras.initializers.Identity(gain=scale)
        super().__init__(
            units,
            activation=activation,
            recurrent_initializer=recurrent_initializer or identity,
            **kwargs,
        )
        self.scale = scale
        self._starts_as_identity = recurrent_initializer is None

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        config = {**super().get_config(), "scale": self.scale}
        if self._starts_as_identity:
            config["recurrent_initializer"] = None  # Keras 3.15 forgets the gain of an Identity
        return config
