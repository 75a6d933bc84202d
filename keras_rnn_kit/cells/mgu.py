"""The minimal gated unit: a GRU with one gate."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_rnn_kit.cells.weighted import WeightedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class MGUCell(WeightedCell):
    """`h_t = (1 − f) ⊙ h_{t-1} + f ⊙ φ(x_t W_c + (f ⊙ h_{t-1}) U_c + b_c)` with the one gate
    `f = σ(x_t W_f + h_{t-1} U_f + b_f)`; the output is the state. With `reset_after=True` the
    gate meets the product, `f ⊙ (h_{t-1} U_c)`.

    The weights are `kernel [E, 2H]`, `recurrent_kernel [H, 2H]` and `bias [2H]`, in the order
    f, c. One state, `[B, H]`; a masked step leaves it as it is.

    The paper's form, the default, needs a second product in every step, since what meets `U_c`
    has been through a gate that itself needs `h_{t-1} U_f`. `reset_after=True`, named as in
    Keras's GRU, needs one; it is another equation with the same weights.

    Source: Zhou, Wu, Zhang and Zhou, "Minimal Gated Unit for Recurrent Neural Networks", 2016. As
    there, `f` lets the new value in. Keras's GRU has `reset_after=True` for its default.

    Args:
        units: H, the width of the state and of the output.
        reset_after: whether the gate comes after the product with `U_c`.
        activation: φ.
        **kwargs: the other arguments of `WeightedCell`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import MGUCell
    >>> cell = MGUCell(4)
    >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 1)
    """

    gates: ClassVar[int] = 2

    def __init__(self, units: int, reset_after: bool = False, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.reset_after = reset_after

    def project_in_training(self, inputs: Any) -> Any:
        """`project`; before the second product of a step the state's mask comes along, too."""
        projected = self.project(inputs)
        return projected if self.reset_after else self.followed_by_state_mask(projected)

    def recurrent_matrix(self) -> Any:
        """`U`, without the columns of `U_c` where the gate comes before them."""
        return self.recurrent_kernel if self.reset_after else self.recurrent_kernel[:, : self.units]

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`(1 − f) ⊙ h + f ⊙ c`."""
        before = states[0]
        x_f, x_c, *mask = ops.split(projected, projected.shape[-1] // self.units, axis=-1)
        if self.reset_after:
            h_f, h_c = ops.split(recurrent, 2, axis=-1)
            f = ops.sigmoid(x_f + h_f)
            h_c = f * h_c
        else:
            f = ops.sigmoid(x_f + recurrent)
            kept = before * mask[0] if mask else before
            h_c = self.product(f * kept, self.recurrent_kernel[:, self.units :])
        h = (1 - f) * before + f * self.activation(x_c + h_c)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {**super().get_config(), "reset_after": self.reset_after}
