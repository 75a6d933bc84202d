"""The recurrent cell of the textbook."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SimpleRNNCell(ProjectedCell, keras.layers.SimpleRNNCell):
    """`h_t = φ(x_t W + h_{t-1} U + b)`, the output being the state.

    The arguments, weights (`kernel [E, H]`, `recurrent_kernel [H, H]`, `bias [H]`) and
    initializers are those of `keras.layers.SimpleRNNCell`, which this class extends: only the step
    is split in two. One state, `[B, H]`; a masked step leaves it as it is.

    Source: Elman, "Finding structure in time", 1990; Zhang et al., "Dive into Deep Learning",
    chapter "Recurrent Neural Networks". It deviates from neither.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import SimpleRNNCell
    >>> cell = SimpleRNNCell(4)
    >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
    >>> output.shape, len(states)
    (TensorShape([2, 4]), 1)
    """

    def project(self, inputs: Any) -> Any:
        """`x W + b`: `[..., E] -> [..., H]`."""
        projected = ops.matmul(inputs, self.kernel)
        return projected if self.bias is None else ops.add(projected, self.bias)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`φ(projected + recurrent)`."""
        output = projected + recurrent
        if self.activation is not None:
            output = self.activation(output)
        return output, [output]
