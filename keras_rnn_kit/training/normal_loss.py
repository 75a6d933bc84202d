"""The negative log-likelihood of a normal distribution."""

import math
from typing import Any

import keras
from keras import ops

from keras_rnn_kit.training.pinball import check_figures


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class NormalLoss(keras.losses.Loss):
    """The mean negative log-likelihood of targets under normal distributions, in nats.

    `ln σ + ½ ln 2π + ½ ((y − μ) / σ)²`. Targets are `[..., K]`, predictions `[..., K, 2]`: μ, and
    σ above 0. For `models.Forecaster(distribution="normal")`.

    Args:
        reduction, name, dtype: as in `keras.losses.Loss`.

    Raises `KitError` in a call with predictions of another shape.

    Example:

    >>> loss = NormalLoss()
    >>> round(float(loss([[3.0]], [[[1.0, 2.0]]])), 4)  # ln 2 + 0.9189 + 0.5
    2.1121
    """

    def __init__(
        self,
        reduction: str = "sum_over_batch_size",
        name: str = "normal_loss",
        dtype: Any = None,
    ):
        super().__init__(reduction=reduction, name=name, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`[..., K]` and `[..., K, 2]` to `[..., K]`."""
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        check_figures(y_true, y_pred, 2, "NormalLoss", "a mean and a standard deviation")
        mean, scale = y_pred[..., 0], y_pred[..., 1]
        apart = (y_true - mean) / scale
        return ops.log(scale) + 0.5 * math.log(2 * math.pi) + 0.5 * ops.square(apart)
