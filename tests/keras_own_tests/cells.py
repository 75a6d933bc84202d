"""The cells of Keras's own tests of `RNN`, as projected cells: they run on the engine."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells import ProjectedCell

registered = keras.saving.register_keras_serializable(package="tests")


@registered
class OneStateRNNCell(ProjectedCell):
    """`h = x W + h U`, all weights 1."""

    def __init__(self, units: int, state_size: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = self.output_size = units
        self.state_size = state_size if state_size else units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.ones("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel = self.ones("recurrent_kernel", (self.units, self.units))

    def ones(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(shape=shape, initializer="ones", name=name)

    def project(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.kernel)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = projected + recurrent
        return h, [h]


@registered
class TwoStatesRNNCell(OneStateRNNCell):
    """`h = x W + h U`, `g = x W + h V`, the output `h + g`. Keras's does not read `g`, either."""

    def __init__(self, units: int, state_size: Any = None, **kwargs: Any):
        super().__init__(units, state_size if state_size else [units, units], **kwargs)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.ones("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel_1 = self.ones("recurrent_kernel_1", (self.units, self.units))
        self.recurrent_kernel_2 = self.ones("recurrent_kernel_2", (self.units, self.units))

    def recurrent_matrix(self) -> Any:
        return ops.concatenate([self.recurrent_kernel_1, self.recurrent_kernel_2], axis=1)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        one, two = ops.split(recurrent, 2, axis=-1)
        one, two = projected + one, projected + two
        return one + two, [one, two]


ON_THE_ENGINE = {
    "OneStateRNNCell": OneStateRNNCell,
    "TwoStatesRNNCell": TwoStatesRNNCell,
}
