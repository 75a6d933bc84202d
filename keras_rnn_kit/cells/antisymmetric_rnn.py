"""The recurrent cell whose step is an Euler step of a stable differential equation."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.arguments import not_negative, positive_number
from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class AntisymmetricRNNCell(WeightedCell):
    """`h_t = h_{t-1} + ε φ(x_t W + h_{t-1} A + b)` with `A = U − Uᵀ − γ I`; with `gated=True`,
    `h_t = h_{t-1} + ε z_t ⊙ φ(x_t W + h_{t-1} A + b)` and `z_t = σ(x_t W_z + h_{t-1} A + b_z)`.

    One step of Euler's method for `h' = φ(x W + h A + b)`. The eigenvalues of `U − Uᵀ` are
    imaginary, so that the equation itself neither forgets nor explodes, whatever `U` is trained to;
    the diffusion γ makes up for what Euler's step adds.

    Weights: `kernel [E, H]`, `recurrent_kernel [H, H]` (U), `bias [H]`; with the gate `kernel
    [E, 2H]` and `bias [2H]`, first those of the gate, then those of φ. The gate and φ share the
    product with `A`. One state, `[B, H]`, which is the output; a masked step leaves it as it is.

    Source: Chang, Chen, Haber and Chi, "AntisymmetricRNN: A Dynamical System View on Recurrent
    Neural Networks", 2019.

    Args:
        units: H, the width of the state and of the output.
        gated: whether there is a gate z.
        step_size: ε, above 0. The smaller, the closer a step is to the equation, and the more
            steps it takes the state to move: by at most ε each, with tanh.
        diffusion: γ, 0 or more.
        activation: φ.
        **kwargs: the other arguments of `WeightedCell`.

    Raises:
        KitError: `step_size` is not positive, `diffusion` is negative, or as `WeightedCell` says.

    Example:

    >>> from keras_rnn_kit.cells import AntisymmetricRNNCell
    >>> cell = AntisymmetricRNNCell(2, diffusion=0.5, recurrent_initializer="ones")
    >>> cell.build((None, 3))
    >>> cell.recurrent_matrix().numpy().tolist()
    [[-0.5, 0.0], [0.0, -0.5]]
    """

    def __init__(
        self,
        units: int,
        gated: bool = False,
        step_size: float = 0.1,
        diffusion: float = 0.01,
        **kwargs: Any,
    ):
        positive_number("step_size", step_size)
        not_negative("diffusion", diffusion)
        super().__init__(units, **kwargs)
        self.gated = gated
        self.step_size = step_size
        self.diffusion = diffusion

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        width = 2 * self.units if self.gated else self.units
        self.kernel = self._weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, self.units))
        self.bias = self._weight("bias", (width,)) if self.use_bias else None

    def recurrent_matrix(self) -> Any:
        """`U − Uᵀ − γ I`."""
        u = ops.convert_to_tensor(self.recurrent_kernel)
        return u - ops.transpose(u) - self.diffusion * ops.eye(self.units, dtype=u.dtype)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`h + ε φ(projected + recurrent)`, φ times the gate if there is one."""
        if self.gated:
            gate, new = ops.split(projected, 2, axis=-1)
            change = ops.sigmoid(gate + recurrent) * self.activation(new + recurrent)
        else:
            change = self.activation(projected + recurrent)
        h = states[0] + self.step_size * change
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {
            **super().get_config(),
            "gated": self.gated,
            "step_size": self.step_size,
            "diffusion": self.diffusion,
        }
