"""The long short-term memory."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LSTMCell(ProjectedCell, keras.layers.LSTMCell):
    """`c_t = f ⊙ c_{t-1} + i ⊙ φ(x_t W_c + h_{t-1} U_c + b_c)`, `h_t = o ⊙ φ(c_t)`, with the gates
    `f = σ(x_t W_f + h_{t-1} U_f + b_f)`, `i` and `o`, made likewise; the output is `h_t`.

    The arguments, weights and initializers are those of `keras.layers.LSTMCell`, which this class
    extends: only the step is split in two. `kernel [E, 4H]`, `recurrent_kernel [H, 4H]` and
    `bias [4H]` hold the gates in the order i, f, c, o; `bias` starts at 1 for f
    (`unit_forget_bias`). Two states, `h` and `c`, `[B, H]` each; a masked step leaves them as they
    are.

    Dropout takes one mask of the inputs and one of `h` for all four gates, the tied form of Gal
    and Ghahramani (2016). Keras does so for the inputs alone, and only where `recurrent_dropout`
    is 0; else it draws a mask for each gate. Keras's legacy argument `implementation` is taken
    and changes nothing.

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; Gers, Schmidhuber and
    Cummins, "Learning to Forget", 2000, whose forget gate is in it. No peepholes.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import LSTMCell
    >>> cell = LSTMCell(4)
    >>> states = [np.zeros((2, 4), "float32"), np.zeros((2, 4), "float32")]
    >>> output, states = cell(np.ones((2, 3), "float32"), states)
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 2)
    """

    def project(self, inputs: Any) -> Any:
        """`x W + b`: `[..., E] -> [..., 4H]`."""
        projected = ops.matmul(inputs, self.kernel)
        return projected if self.bias is None else ops.add(projected, self.bias)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`c = f ⊙ c + i ⊙ φ(…)`, `h = o ⊙ φ(c)`."""
        i, f, new, o = ops.split(projected + recurrent, 4, axis=-1)
        gate = self.recurrent_activation
        c = gate(f) * states[1] + gate(i) * self.activation(new)
        h = gate(o) * self.activation(c)
        return h, [h, c]
