"""Cells as a person writes them, each with something that an exporter can get wrong."""

from typing import Any

from keras import ops

from keras_rnn_kit.cells import ProjectedCell


class OwnCell(ProjectedCell):
    """A kernel and a recurrent kernel, G times as wide as the state."""

    gates = 1

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.state_size: Any = units
        self.output_size = units

    def build(self, input_shape: Any) -> None:
        width = self.gates * self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], width), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, width), name="recurrent_kernel")

    def project(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.kernel)


class TrainedLeak(OwnCell):
    """Reads a weight of its own inside the step."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.leak = self.add_weight(shape=(), name="leak")

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = self.leak * states[0] + (1 - self.leak) * ops.tanh(projected + recurrent)
        return h, [h]


class OtherOutput(OwnCell):
    """An output that is not the state, and of another width."""

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.output_size = 2

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(projected + recurrent)
        return ops.stack([ops.max(h, axis=-1), ops.sum(states[0], axis=-1)], axis=-1), [h]


class TwoStates(OwnCell):
    """A gated cell with a memory beside its state (a minimal LSTM)."""

    gates = 2

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.state_size = [units, units]

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        gate, candidate = ops.split(projected + recurrent, 2, axis=-1)
        keep = ops.sigmoid(gate)
        memory = keep * states[1] + (1 - keep) * ops.tanh(candidate)
        h = ops.tanh(memory)
        return h, [h, memory]


class UnreadState(OwnCell):
    """Its second state, of a width of its own, is written and never read; its first is not output.

    The output is the product itself, and the projection is used twice.
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(units, **kwargs)
        self.state_size = [units, 1]

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(projected + recurrent)
        return recurrent, [h, ops.max(projected, axis=-1, keepdims=True)]


class NoMatrix(OwnCell):
    """Each unit remembers for itself (Li et al. 2018): no recurrent matrix."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.memory = self.add_weight(shape=(self.units,), name="memory")

    def recurrent_matrix(self) -> None:
        return None

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        assert recurrent is None
        h = ops.tanh(projected + self.memory * states[0])
        return h, [h]


class NarrowMatrix(OwnCell):
    """A recurrent product of width 1, which the sum with the projection widens."""

    def recurrent_matrix(self) -> Any:
        return self.recurrent_kernel[:, :1]

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(projected + recurrent)
        return h, [h]


class MadeMatrix(OwnCell):
    """A matrix computed from its weight; the product is read twice."""

    def recurrent_matrix(self) -> Any:
        return self.recurrent_kernel - ops.transpose(self.recurrent_kernel)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = ops.tanh(projected + recurrent) * ops.sigmoid(recurrent)
        return h, [h]


class PassedThrough(OwnCell):
    """The state of one step is the projection itself, and the output the state before."""

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        return states[0], [projected]


CELLS = (
    TrainedLeak,
    OtherOutput,
    TwoStates,
    UnreadState,
    NoMatrix,
    NarrowMatrix,
    MadeMatrix,
    PassedThrough,
)
