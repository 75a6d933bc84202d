"""Which numbers come next? Autoregressive forecasters, linear, feed-forward and recurrent."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from keras_rnn_kit import arguments
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.forecasts import PATHS, Forecast, Forecasting, checked_quantiles
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.models.cells import CellClass, as_config, make_cell, serialized
from keras_rnn_kit.models.feedback_cells import (
    FeedbackCell,
    RecurrentFeedbackCell,
    WindowFeedbackCell,
    scale_of,
)
from keras_rnn_kit.models.forecast_function import Forward
from keras_rnn_kit.models.forecaster_arguments import (
    LINEAR,
    MLP,
    check_together,
    checked_cell_arguments,
    checked_scaler,
    checked_targets,
    recurrence_name,
)


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class Forecaster(keras.Model):
    """The next h points of a series from its last τ: `[B, τ, C]` to `[B, h, K]`.

    A *direct* model has an output for each of the h points. An *iterated* one predicts the next
    point, and takes its own prediction for the next input, any number of times: train it on
    `horizon=1` and `forecast` as far as you like. A linear or feed-forward model then reads its
    window anew, a point further each time; a recurrent one goes on from its state (a latent
    autoregressive model). Errors that are fed back accumulate.

    Args:
        recurrence: `"linear"` for AR(τ); `"mlp"` for hidden layers over the window; or the name of
            one of the kit's cells, such as `"GRU"`, or a projected cell class of your own,
            registered with Keras, whose first argument is its units.
        window: τ, how many points are seen.
        horizon: h, how many points a call predicts.
        features: C, variables of each point.
        targets: the number or numbers of the K variables that are predicted, as in
            `data.series_windows`; `None` for all C, which an iterated model needs.
        units: H, the width of each hidden layer; a linear model has none.
        layers: how many hidden layers stand on each other.
        multi_step: `"direct"` or `"iterated"`.
        quantiles: of each point, increasing, 0.5 among them, such as `(0.1, 0.5, 0.9)`; the output
            is `[B, h, K, Q]`. For direct models: fed back, a quantile is none any more.
        distribution: `"normal"` for a mean and a standard deviation of each point, `[B, h, K, 2]`;
            an iterated model then samples whole paths.
        activation: φ of the hidden layers; `None` for the cell's own, ReLU with `"mlp"`.
        dropout: the share dropped of each hidden layer's output, drawn anew at each step.
        scaler: a `data.SeriesScaler` of the C variables, fitted on the training part: the model
            then takes and gives the series as it is, and has the scaler inside, saved and exported.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults, and where there is no cell.

    Train it on `data.series_windows` with any loss of Keras's, `training.PinballLoss(quantiles)` or
    `training.NormalLoss()`. `horizon` above 1 trains an iterated model on its own predictions.
    Where the model computes in half precision, its scaler and its outputs are in float32.

    Raises `KitError` for sizes below 1, rates outside [0, 1), arguments that contradict each other,
    a cell that isn't known; in a call, for windows of another shape.
    Source: Zhang et al., "Dive into Deep Learning", 9.1 "Working with Sequences"; direct and
    iterated: Marcellino, Stock and Watson, 2006.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import Forecaster
    >>> model = Forecaster("linear", window=4, multi_step="iterated")
    >>> model(np.zeros((2, 4, 1))).shape
    TensorShape([2, 1, 1])
    >>> model.forecast(np.sin(np.arange(100)), steps=16).values.shape
    (16, 1)
    """

    kind: ClassVar[str] = "forecaster"

    def __init__(
        self,
        recurrence: str | CellClass = "linear",
        window: int = 4,
        horizon: int = 1,
        *,
        features: int = 1,
        targets: int | Sequence[int] | None = None,
        units: int = 32,
        layers: int = 1,
        multi_step: str = "direct",
        quantiles: Sequence[float] | None = None,
        distribution: str | None = None,
        activation: Any = None,
        dropout: float = 0.0,
        scaler: Any = None,
        cell_arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        # The series stays in float32 up to the scaler.
        super().__init__(**{"autocast": False, **kwargs})
        for name, value in [("window", window), ("horizon", horizon), ("features", features)]:
            arguments.positive_integer(name, value)
        arguments.positive_integer("units", units)
        arguments.positive_integer("layers", layers)
        arguments.rate("dropout", dropout)
        self.recurrence = recurrence_name(recurrence)
        self.cell_arguments = checked_cell_arguments(recurrence, cell_arguments)
        self.window, self.horizon, self.features = window, horizon, features
        self.targets = checked_targets(targets, features)
        self.units, self.depth = units, layers
        self.multi_step = multi_step
        self.quantiles = checked_quantiles(quantiles)
        self.distribution = distribution
        self.activation = activation
        self.dropout = dropout
        self.scaler = checked_scaler(scaler, features)
        check_together(multi_step, self.targets, features, self.quantiles, distribution)
        iterated, normal = multi_step == "iterated", distribution is not None
        figures = 2 if normal else len(self.quantiles) or 1
        variables = len(self.targets)
        policy = self.dtype_policy
        self.recurrent_layers: list[RNN] = []
        self.hidden_layers: list[keras.layers.Dense] = []
        if self.recurrence == MLP:
            φ = "relu" if activation is None else activation
            self.hidden_layers = [
                keras.layers.Dense(units, activation=φ, name=f"hidden_{k}", dtype=policy)
                for k in range(layers)
            ]
        elif self.recurrence != LINEAR:
            self.recurrent_layers = [
                RNN(
                    make_cell(recurrence, units, activation, policy, self.cell_arguments),
                    return_sequences=k < layers - 1,
                    return_state=True,
                    name=f"recurrent_{k}",
                    dtype=policy,
                )
                for k in range(layers)
            ]
        self.dropout_layers = [
            keras.layers.Dropout(dropout, name=f"dropout_{k}", dtype=policy)
            for k in range(len(self.hidden_layers) or len(self.recurrent_layers))
        ]
        points = 1 if iterated else horizon
        self.output_layer = keras.layers.Dense(
            points * variables * figures,
            # There is nothing to tell apart in a linear model, and from 0 it is found sooner.
            kernel_initializer="zeros" if self.recurrence == LINEAR else "glorot_uniform",
            name="output",
            dtype=policy,
        )
        self._forward: Forward | None = None
        self.feedback_layer = None
        if iterated:
            self.feedback_layer = RNN(
                self._feedback_cell(), return_sequences=True, name="feedback", dtype=policy
            )

    def _feedback_cell(self) -> FeedbackCell:
        shared = {
            "output_layer": self.output_layer,
            "variables": len(self.targets),
            "normal": self.distribution is not None,
            "hidden_dropout": self.dropout,
            "name": "feedback_cell",
            "dtype": self.dtype_policy,
        }
        if self.recurrent_layers:
            cells: list[ProjectedCell] = [layer.cell for layer in self.recurrent_layers]
            widths = [cell.output_size for cell in cells]
            return RecurrentFeedbackCell(**shared, widths=widths, cells=cells)
        return WindowFeedbackCell(
            **shared,
            widths=[self.units] * len(self.hidden_layers),
            window=self.window,
            features=self.features,
            hidden_layers=self.hidden_layers,
        )

    def build(self, input_shape: Any) -> None:
        """Builds the layers for windows `[B, τ, C]`."""
        batch = input_shape[0]
        self._check_windows(input_shape)
        width = self.features if self.recurrent_layers else self.window * self.features
        for layer in self.hidden_layers:
            layer.build((batch, width))
            width = self.units
        for layer in self.recurrent_layers:
            layer.build((batch, self.window, width))
            width = layer.cell.output_size
        self.output_layer.build((batch, width))
        if self.feedback_layer is not None:
            self.feedback_layer.build((batch, self.horizon, len(self.targets)))
        self.built = True

    def call(self, windows: Any, training: bool = False) -> Any:
        """`[B, τ, C] -> [B, h, K]`; with quantiles `[B, h, K, Q]`, with a normal `[B, h, K, 2]`."""
        self._check_windows(windows.shape)
        if self.feedback_layer is not None and self.horizon > 1:
            shape = (ops.shape(windows)[0], self.horizon, len(self.targets))
            return self.iterate(windows, ops.zeros(shape, self.compute_dtype), training)
        hidden, _ = self._read(self._scaled(windows), training)
        made, variables = self.output_layer(hidden), len(self.targets)
        if self.distribution is not None:
            made = ops.reshape(made, (-1, self.horizon, 2, variables))
            made = ops.stack([made[:, :, 0], scale_of(made[:, :, 1])], axis=-1)
        else:
            made = ops.reshape(made, (-1, *self.compute_output_shape(windows.shape)[1:]))
        return self._in_own_units(made)

    def iterate(self, windows: Any, noise: Any, training: bool = False) -> Any:
        """As many points as there is noise: `[B, τ, C], [B, k, K] -> [B, k, K]`, or `[B, k, K, 2]`.

        For iterated models alone. Of a normal distribution each point is its mean and its standard
        deviation times the noise, and what stands first of the two figures; zeros leave the mean.
        """
        if self.feedback_layer is None:
            raise KitError(
                "an iterated model takes its own predictions in; received a direct one. Build it "
                "with multi_step='iterated'."
            )
        scaled = self._scaled(windows)
        if self.recurrent_layers:
            output, states = self._read(scaled, training, last_dropped=False)
            states = [output, *states]
        else:
            width = self.window * self.features
            states = [ops.cast(ops.reshape(scaled, (-1, width)), self.compute_dtype)]
        made = self.feedback_layer(noise, initial_state=states, training=training)
        if self.distribution is not None:
            made = ops.stack(ops.split(made, 2, axis=-1), axis=-1)
        return self._in_own_units(made)

    def _read(
        self, scaled: Any, training: bool, last_dropped: bool = True
    ) -> tuple[Any, list[Any]]:
        """What the output layer reads, `[B, F]`, and the states of all recurrent layers."""
        hidden: Any = scaled
        states: list[Any] = []
        if not self.recurrent_layers:
            hidden = ops.reshape(hidden, (-1, self.window * self.features))
        for layer, dropout in zip(self.hidden_layers, self.dropout_layers, strict=False):
            hidden = dropout(layer(hidden), training=training)
        for k, layer in enumerate(self.recurrent_layers):
            hidden, *after = layer(hidden, training=training)
            states.extend(after)
            if last_dropped or k < self.depth - 1:
                hidden = self.dropout_layers[k](hidden, training=training)
        return hidden, states

    def _scaled(self, windows: Any) -> Any:
        if self.scaler is None:
            return windows
        windows = ops.cast(windows, self._series_dtype)
        center, scale = (
            ops.convert_to_tensor(numbers, windows.dtype)
            for numbers in (self.scaler.center, self.scaler.scale)
        )
        return (windows - center) / scale

    @property
    def _series_dtype(self) -> str:
        """Half precision can't tell values apart that are large beside their scale."""
        wide: str = self.variable_dtype
        return wide if wide == "float64" else "float32"

    def _in_own_units(self, made: Any) -> Any:
        """`[B, k, K]` or `[B, k, K, P]` in the units of the series."""
        made = ops.cast(made, self._series_dtype)
        if self.scaler is None:
            return made
        of_targets = self.scaler.select(self.targets)
        scale = ops.convert_to_tensor(of_targets.scale, made.dtype)
        center = ops.convert_to_tensor(of_targets.center, made.dtype)
        if len(made.shape) == 4:
            scale, center = scale[:, None], center[:, None]
        if self.distribution is not None:  # a deviation has no center
            center = ops.concatenate([center, ops.zeros_like(center)], axis=-1)
        return made * scale + center

    def _check_windows(self, shape: Any) -> None:
        wanted = (self.window, self.features)
        received = tuple(shape)
        if len(received) != 3 or any(
            one not in (None, size) for one, size in zip(received[1:], wanted, strict=True)
        ):
            raise KitError(
                f"a Forecaster takes windows [B, {self.window}, {self.features}]; received "
                f"{received}. Make them with data.series_windows(window={self.window}), or pass a "
                "longer series to forecast."
            )

    def forecast(
        self,
        series: Any,
        steps: int | None = None,
        *,
        share: float | None = None,
        paths: int = PATHS,
        seed: int | None = None,
    ) -> Forecast:
        """The k points that follow a series, with an interval where the model has one.

        Args:
            series: `[T]`, `[T, C]` or `[B, T, C]`; its last τ points are read.
            steps: k; None for the horizon. A direct model has no more than its horizon.
            share: of the points that the interval is to hold, with `distribution="normal"`; None
                for 0.8. Quantiles have theirs.
            paths: how many are sampled for the interval of an iterated model.
            seed: of the paths; None for others each time.

        Raises:
            KitError: the series is too short, of another shape, or has gaps in its last window;
                more steps than a direct model has; a share that the model doesn't have.
        """
        return self.forecasting.forecast(
            self._run, series, steps, share=share, paths=paths, seed=seed
        )

    def sample_paths(
        self, series: Any, steps: int | None = None, *, paths: int = PATHS, seed: int | None = None
    ) -> np.ndarray:
        """Futures of the series, `[N, k, K]` or `[B, N, k, K]`, each point drawn from its normal.

        An iterated model goes on from what was drawn; a direct one draws each point by itself.
        Raises `KitError` for a model without `distribution="normal"`, and as `forecast`.
        """
        return self.forecasting.paths(self._run, series, steps, paths, seed)

    @property
    def forecasting(self) -> Forecasting:
        """What the model takes and gives, as the runtime knows it, too."""
        return Forecasting(
            window=self.window,
            features=self.features,
            variables=len(self.targets),
            horizon=self.horizon,
            iterated=self.multi_step == "iterated",
            quantiles=self.quantiles,
            normal=self.distribution is not None,
        )

    @property
    def free_shape(self) -> tuple[None, int, int]:
        """What `build` takes with the batch free."""
        return (None, self.window, self.features)

    def _run(self, windows: np.ndarray, noise: np.ndarray) -> np.ndarray:
        if not self.built:
            self.build(self.free_shape)
        if self._forward is None:
            self._forward = Forward(self)
        return self._forward(windows, noise)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`[B, h, K]`, `[B, h, K, Q]` or `[B, h, K, 2]`."""
        figures = (2,) if self.distribution is not None else ()
        figures = (len(self.quantiles),) if self.quantiles else figures
        return (input_shape[0], self.horizon, len(self.targets), *figures)

    def compute_output_spec(self, windows: Any, training: bool = False) -> Any:
        """As `compute_output_shape`, in the type of the series."""
        return keras.KerasTensor(self.compute_output_shape(windows.shape), self._series_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        scaler = self.scaler
        if scaler is not None:
            scaler = {"center": scaler.center.tolist(), "scale": scaler.scale.tolist()}
        return {
            **super().get_config(),
            "recurrence": self.recurrence,
            "window": self.window,
            "horizon": self.horizon,
            "features": self.features,
            "targets": list(self.targets),
            "units": self.units,
            "layers": self.depth,
            "multi_step": self.multi_step,
            "quantiles": list(self.quantiles) or None,
            "distribution": self.distribution,
            "activation": serialized(self.activation),
            "dropout": self.dropout,
            "scaler": scaler,
            **as_config(self.cell_arguments),
        }
