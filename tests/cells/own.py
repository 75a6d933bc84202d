"""Cells as a person would write them: one for each thing that the contract lets a cell do."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells import ProjectedCell

registered = keras.saving.register_keras_serializable(package="tests")


class OwnCell(ProjectedCell):
    """`kernel [E, G]` and `recurrent_kernel [H, G]` with G = `gates` × H; the projection `x W`."""

    gates = 1

    def __init__(self, units: int = 4, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.state_size: Any = units
        self.output_size = units

    def build(self, input_shape: Any) -> None:
        width = self.gates * self.units
        self.kernel = self.weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = self.weight("recurrent_kernel", (self.units, width))

    def weight(self, name: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(shape=shape, name=name, initializer="glorot_uniform")

    def project(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.kernel)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@registered
class GainCell(OwnCell):
    """`h = tanh(g (x W + h U))`: the step reads a scalar of its own, and it is trained."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.gain = self.add_weight(shape=(), name="gain", initializer="ones")

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(self.gain * (projected + recurrent))
        return h, [h]


@registered
class ReadoutCell(OwnCell):
    """`h = tanh(x W + h U)`, `o = sin(h V)`, narrower than `h`: the output is not the state."""

    def __init__(self, units: int = 4, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.output_size = units - 1

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.matrix = self.weight("readout", (self.units, self.output_size))

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(projected + recurrent)
        return ops.sin(ops.matmul(h, self.matrix)), [h]


@registered
class LateCell(ReadoutCell):
    """`h = tanh(x W + h U)`, `o = cos(h V / ‖h‖)`, of all steps at once; never zero at zero."""

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(projected + recurrent)
        return h, [h]

    def readout(self, outputs: Any) -> Any:
        norm = ops.sqrt(ops.sum(outputs * outputs, axis=-1, keepdims=True))
        return ops.cos(ops.matmul(outputs / norm, self.matrix))


@registered
class TwoStateCell(OwnCell):
    """An LSTM's step, three gates of it: the states `h` and, twice as wide as need be, `c`."""

    gates = 3

    def __init__(self, units: int = 4, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.state_size = [units, 2 * units]

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        forget, new, out = ops.split(projected + recurrent, 3, axis=-1)
        new = ops.concatenate([ops.tanh(new), ops.sin(new)], axis=-1)
        forget = ops.sigmoid(ops.concatenate([forget, -forget], axis=-1))
        c = forget * states[1] + (1 - forget) * new
        h = ops.sigmoid(out) * ops.tanh(c[:, : self.units] + c[:, self.units :])
        return h, [h, c]


@registered
class DiagonalCell(OwnCell):
    """`h = tanh(x W + u ⊙ h)`: no recurrent matrix, a weight of the step in its place."""

    def build(self, input_shape: Any) -> None:
        self.kernel = self.weight("kernel", (input_shape[-1], self.units))
        self.diagonal = self.add_weight(
            shape=(self.units,), name="diagonal", initializer="random_normal"
        )

    def recurrent_matrix(self) -> Any:
        return None

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        assert recurrent is None
        h = ops.tanh(projected + self.diagonal * states[0])
        return h, [h]


@registered
class GatedCell(OwnCell):
    """A GRU's step with one gate: what comes of `h U` meets what comes of `x W` by more than `+`.

    The projection is wider than the recurrent product, too.
    """

    def build(self, input_shape: Any) -> None:
        self.kernel = self.weight("kernel", (input_shape[-1], 2 * self.units))
        self.recurrent_kernel = self.weight("recurrent_kernel", (self.units, self.units))

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        reset, new = ops.split(projected, 2, axis=-1)
        reset = ops.sigmoid(reset + recurrent)
        h = 0.3 * states[0] + ops.tanh(new + reset * recurrent)
        return h, [h]


@registered
class AntisymmetricCell(OwnCell):
    """`h = h + ε tanh(x W + h (U - Uᵀ))`: the step's matrix is made from the weight."""

    def recurrent_matrix(self) -> Any:
        return self.recurrent_kernel - ops.transpose(self.recurrent_kernel)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = states[0] + 0.2 * ops.tanh(projected + recurrent)
        return h, [h]


@registered
class CoupledCell(OwnCell):
    """`h = tanh(x W + [h, c] U)`, `c = (c + h) / 2`: both states meet the matrix."""

    def __init__(self, units: int = 4, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.state_size = [units, units]

    def build(self, input_shape: Any) -> None:
        self.kernel = self.weight("kernel", (input_shape[-1], self.units))
        self.recurrent_kernel = self.weight("recurrent_kernel", (2 * self.units, self.units))

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(projected + recurrent)
        return h, [h, (states[1] + h) / 2]


@registered
class NormedCell(OwnCell):
    """`h = a / ‖a‖` with `a = x W + h U`: row-wise, and without a value where `a` is zero."""

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = projected + recurrent
        h = h / ops.sqrt(ops.sum(h * h, axis=-1, keepdims=True))
        return h, [h]


@registered
class DeepCell(OwnCell):
    """`a = tanh(x W + h U)`, `h = sin((h ⊙ a V) Vᵀ) + a V`: products of the step's own, in a chain.

    One matrix is made from the weight that the other is.
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.deep = self.weight("deep", (self.units, self.units))

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        first = self.product(ops.tanh(projected + recurrent), self.deep)
        h = first + ops.sin(self.product(states[0] * first, ops.transpose(self.deep)))
        return h, [h]


OWN_CELLS = (
    GainCell,
    ReadoutCell,
    LateCell,
    TwoStateCell,
    DiagonalCell,
    GatedCell,
    AntisymmetricCell,
    CoupledCell,
    DeepCell,
    NormedCell,
)
