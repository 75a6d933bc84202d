"""The gated recurrent unit."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class GRUCell(ProjectedCell, keras.layers.GRUCell):
    """`h_t = z ⊙ h_{t-1} + (1 − z) ⊙ φ(x_t W_c + b_c + r ⊙ (h_{t-1} U_c + d_c))` with the update
    gate `z = σ(x_t W_z + h_{t-1} U_z + b_z + d_z)` and the reset gate `r`, made likewise; the
    output is the state. With `reset_after=False` the last term is `(r ⊙ h_{t-1}) U_c`.

    The arguments, weights and initializers are those of `keras.layers.GRUCell`, which this class
    extends: only the step is split in two. `kernel [E, 3H]` and `recurrent_kernel [H, 3H]` hold
    the gates in the order z, r, c; `bias` is `[2, 3H]`, the rows `b` and `d`, or `[3H]` without
    `d` for `reset_after=False`. One state, `[B, H]`; a masked step leaves it as it is.

    With `reset_after=True` a step is one product, and `update` reads no weight but `d_c`, which
    the reset gate scales. `reset_after=False` needs a second product in every step, since what
    meets `U_c` has been through a gate that itself needs `h_{t-1} U_r`.

    Dropout takes one mask of the inputs and one of the state for all three gates, the tied form
    of Gal and Ghahramani (2016). Keras does so for the inputs alone, and only where
    `recurrent_dropout` is 0; else it draws a mask for each gate. Keras's legacy argument
    `implementation` is taken and changes nothing.

    Source: Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder", 2014, which
    has the reset gate before the product and no bias; `reset_after=True` is the variant of cuDNN.
    As in Keras, `z` keeps the old state.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import GRUCell
    >>> cell = GRUCell(4)
    >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 1)
    """

    def project(self, inputs: Any) -> Any:
        """`x W` and all biases but `d_c`: `[..., E] -> [..., 3H]`."""
        projected = ops.matmul(inputs, self.kernel)
        if self.bias is None:
            return projected
        if not self.reset_after:
            return ops.add(projected, self.bias)
        of_input, of_state = ops.split(self.bias, 2, axis=0)  # [1, 3H] each
        of_gates = ops.concatenate(
            [of_state[0, : 2 * self.units], ops.zeros_like(of_state[0, 2 * self.units :])]
        )
        return ops.add(projected, ops.add(of_input[0], of_gates))

    def project_in_training(self, inputs: Any) -> Any:
        """`project`; with `reset_after=False` and recurrent dropout the state's mask comes, too."""
        projected = self.project(inputs)
        return projected if self.reset_after else self.followed_by_state_mask(projected)

    def recurrent_matrix(self) -> Any:
        """`U`, without the columns of `U_c` where the reset gate comes before them."""
        if self.reset_after:
            return self.recurrent_kernel
        return self.recurrent_kernel[:, : 2 * self.units]

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`z ⊙ h + (1 − z) ⊙ c`."""
        before = states[0]
        x_z, x_r, x_c, *mask = ops.split(projected, projected.shape[-1] // self.units, axis=-1)
        if self.reset_after:
            h_z, h_r, h_c = ops.split(recurrent, 3, axis=-1)
        else:
            h_z, h_r = ops.split(recurrent, 2, axis=-1)
        z, r = self.recurrent_activation(x_z + h_z), self.recurrent_activation(x_r + h_r)
        if self.reset_after:
            if self.bias is not None:
                h_c = h_c + self.bias[1, 2 * self.units :]
            h_c = r * h_c
        else:
            kept = before * mask[0] if mask else before
            h_c = self.product(r * kept, self.recurrent_kernel[:, 2 * self.units :])
        # Not `c + z (h − c)`: in half precision that would not keep a state that z = 1 keeps.
        h = z * before + (1 - z) * self.activation(x_c + h_c)
        return h, [h]
