"""Coupled oscillators, driven by the input."""

from typing import Any

import keras

from keras_rnn_kit.arguments import positive_number
from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class CoRNNCell(WeightedCell):
    """`z_t = z_{t-1} + Δt (φ(x_t W + [y_{t-1}, z_{t-1}] U + b) − γ y_{t-1} − ε z_{t-1})`,
    `y_t = y_{t-1} + Δt z_t`: a network of damped oscillators `y'' = φ(…) − γ y − ε y'`, in steps
    of Δt; the output is `y_t`.

    The weights are `kernel [E, H]`, `recurrent_kernel [2H, H]` (the rows of `y` first) and
    `bias [H]`. Two states, the positions `y` and the velocities `z`, `[B, H]` each; a masked step
    leaves them as they are. `recurrent_dropout` drops of `y` alone.

    Source: Rusch and Mishra, "Coupled Oscillatory Recurrent Neural Network (coRNN): An accurate
    and (gradient) stable architecture for learning long time dependencies", 2021, with the
    damping of the old velocity, as in their code. The defaults of Δt, γ and ε are what they train
    sequential MNIST with (784 steps); they are to be tuned, Δt first: the shorter the sequences,
    the larger. Small steps are lost in half precision, whose sums are good to 1/256 (bfloat16) or
    1/2048 (float16).

    Args:
        units: H, the number of oscillators.
        dt: Δt, the step of time.
        gamma: γ, the pull back to 0, the square of an oscillator's own frequency.
        epsilon: ε, the damping.
        activation: φ.
        **kwargs: the other arguments of `WeightedCell`.

    Raises:
        KitError: `dt`, `gamma` or `epsilon` is not greater than 0.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import CoRNNCell
    >>> cell = CoRNNCell(4)
    >>> states = [np.zeros((2, 4), "float32"), np.zeros((2, 4), "float32")]
    >>> output, states = cell(np.ones((2, 3), "float32"), states)
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 2)
    """

    def __init__(
        self,
        units: int,
        dt: float = 0.042,
        gamma: float = 2.7,
        epsilon: float = 4.7,
        **kwargs: Any,
    ):
        positive_number("dt", dt)
        positive_number("gamma", gamma)
        positive_number("epsilon", epsilon)
        super().__init__(units, **kwargs)
        self.dt, self.gamma, self.epsilon = dt, gamma, epsilon
        self.state_size = [units, units]

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        self.kernel = self._weight("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel = self._weight("recurrent_kernel", (2 * self.units, self.units))
        self.bias = self._weight("bias", (self.units,)) if self.use_bias else None

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """One step of the velocities, and with those one of the positions."""
        y, z = states
        force = self.activation(projected + recurrent) - self.gamma * y
        z = (1 - self.dt * self.epsilon) * z + self.dt * force
        y = y + self.dt * z
        return y, [y, z]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        own = {"dt": self.dt, "gamma": self.gamma, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
