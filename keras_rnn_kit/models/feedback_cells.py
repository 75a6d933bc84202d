"""One step of an iterated forecast as a cell: it predicts a point, and takes it for the next input.

What the engine hands in at each step is noise, `[B, K]`: of normal distributions the point is
sampled with it, and zeros leave the mean. The layers belong to the forecaster, which reads its
window with the same weights.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_rnn_kit.cells.contract import ProjectedCell

LEAST_SCALE = 1e-4  # of a normal distribution, in the model's units


class FeedbackCell(ProjectedCell):
    """Base: a subclass says what the output layer reads, and how a point is taken in.

    The output is the point `[B, K]`, and with `normal` its scale beside it, `[B, 2K]`.

    Args:
        output_layer: a built or unbuilt `Dense` of K units, or 2K with `normal`.
        variables: K.
        normal: whether a point has a distribution.
        widths: of the hidden values that `hidden_dropout` drops in training, at each step anew.
    """

    def __init__(
        self,
        output_layer: keras.layers.Dense,
        variables: int,
        normal: bool,
        widths: Sequence[int],
        hidden_dropout: float,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.output_layer = output_layer
        self.variables_ahead = variables
        self.normal = normal
        self.widths = list(widths)
        self.hidden_dropout = hidden_dropout
        self.output_size = variables * (2 if normal else 1)
        if hidden_dropout:
            self.seed_generator = keras.random.SeedGenerator()

    def hidden(self, states: list[Any], masks: list[Any]) -> Any:
        """What the output layer reads, `[B, F]`."""
        raise NotImplementedError

    def take_in(self, point: Any, states: list[Any], masks: list[Any]) -> list[Any]:
        """The states after the point `[B, K]`."""
        raise NotImplementedError

    def recurrent_matrix(self) -> None:
        """`None`: all products are taken in `update`."""

    def project(self, inputs: Any) -> Any:
        """The noise as it is."""
        return inputs

    def project_in_training(self, inputs: Any) -> Any:
        """The noise, and the dropout masks of the hidden values beside it."""
        if not self.hidden_dropout or not self.widths:
            return inputs
        ones = ops.ones((*ops.shape(inputs)[:-1], sum(self.widths)), inputs.dtype)
        masks = keras.random.dropout(ones, self.hidden_dropout, seed=self.seed_generator)
        return ops.concatenate([inputs, masks], axis=-1)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """A point from the states, and the states after it."""
        noise, masks = projected, []
        if projected.shape[-1] > self.variables_ahead:
            places = [self.variables_ahead]
            for width in self.widths[:-1]:
                places.append(places[-1] + width)
            noise, *masks = ops.split(projected, places, axis=-1)
        made = self.affine_of(self.output_layer, self.hidden(states, masks))
        if not self.normal:
            return made, self.take_in(made, states, masks)
        mean, spread = ops.split(made, 2, axis=-1)
        scale = scale_of(spread)
        point = mean + scale * noise
        return ops.concatenate([point, scale], axis=-1), self.take_in(point, states, masks)

    def affine_of(self, layer: keras.layers.Dense, values: Any) -> Any:
        """A `Dense` layer within the loop, without its activation."""
        return self.product(values, ops.convert_to_tensor(layer.kernel)) + layer.bias


class WindowFeedbackCell(FeedbackCell):
    """Reads a window anew for each point: the state is the window, `[B, τC]`.

    Args:
        window, features: τ and C.
        hidden_layers: `Dense` layers before the output layer; none for a linear model.
    """

    def __init__(
        self,
        *args: Any,
        window: int,
        features: int,
        hidden_layers: Sequence[keras.layers.Dense],
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.features = features
        self.hidden_layers = list(hidden_layers)
        self.state_size = window * features

    def hidden(self, states: list[Any], masks: list[Any]) -> Any:
        """The window through the hidden layers."""
        values = states[0]
        for k, layer in enumerate(self.hidden_layers):
            values = layer.activation(self.affine_of(layer, values))
            values = values * masks[k] if masks else values
        return values

    def take_in(self, point: Any, states: list[Any], masks: list[Any]) -> list[Any]:
        """The window, a point further."""
        return [ops.concatenate([states[0][:, self.features :], point], axis=-1)]


class RecurrentFeedbackCell(FeedbackCell):
    """Carries its state on: the last layer's output `[B, O]`, then the states of all cells.

    Args:
        cells: the projected cells, each fed with the outputs of the one before.
    """

    def __init__(self, *args: Any, cells: Sequence[ProjectedCell], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.cells = list(cells)
        sizes = [size for cell in cells for size in cell.state_sizes]
        self.state_size = [cells[-1].output_size, *sizes]

    def hidden(self, states: list[Any], masks: list[Any]) -> Any:
        """The last layer's output."""
        return states[0] * masks[-1] if masks else states[0]

    def take_in(self, point: Any, states: list[Any], masks: list[Any]) -> list[Any]:
        """The states after a step of each cell."""
        values, left, after = point, states[1:], []
        for k, cell in enumerate(self.cells):
            count = len(cell.state_sizes)
            before, left = left[:count], left[count:]
            matrix, recurrent = cell.recurrent_matrix(), None
            if matrix is not None:
                meeting = before[: cell.states_in_product(matrix)]
                meeting = meeting[0] if len(meeting) == 1 else ops.concatenate(meeting, axis=-1)
                recurrent = self.product(meeting, ops.convert_to_tensor(matrix))
            if k and masks:
                values = values * masks[k - 1]
            values, new_states = cell.update(cell.project(values), recurrent, before)
            after.extend(new_states)
        return [values, *after]


def scale_of(spread: Any) -> Any:
    """A standard deviation from any number."""
    return ops.softplus(spread) + LEAST_SCALE
