"""The loss whose least value is at the quantiles."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.forecasts import checked_quantiles


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class PinballLoss(keras.losses.Loss):
    """The mean pinball loss of Q quantiles: `max(q (y − ŷ), (q − 1) (y − ŷ))`.

    Targets are `[..., K]`, predictions `[..., K, Q]`, one of each for every quantile; it is the
    mean absolute error by half for the median. For `models.Forecaster(quantiles=...)`.

    Args:
        quantiles: two or more, between 0 and 1, increasing, 0.5 among them.
        reduction, name, dtype: as in `keras.losses.Loss`.

    Raises:
        KitError: other quantiles; in a call, predictions of another shape.

    Source: Koenker and Bassett, "Regression Quantiles", Econometrica 46, 1978.

    Example:

    >>> loss = PinballLoss((0.1, 0.5, 0.9))
    >>> round(float(loss([[2.0]], [[[1.0, 1.0, 1.0]]])), 6)  # 0.1, 0.5 and 0.9 by the distance 1
    0.5
    """

    def __init__(
        self,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        reduction: str = "sum_over_batch_size",
        name: str = "pinball_loss",
        dtype: Any = None,
    ):
        super().__init__(reduction=reduction, name=name, dtype=dtype)
        self.quantiles = checked_quantiles(quantiles)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`[..., K]` and `[..., K, Q]` to the mean over the quantiles, `[..., K]`."""
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        check_figures(y_true, y_pred, len(self.quantiles), "PinballLoss", "one for each quantile")
        above = ops.expand_dims(y_true, -1) - y_pred
        share = ops.convert_to_tensor(self.quantiles, dtype=above.dtype)
        return ops.mean(ops.maximum(share * above, (share - 1) * above), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "quantiles": list(self.quantiles)}


def check_figures(y_true: Any, y_pred: Any, figures: int, loss: str, what: str) -> None:
    """`KitError` unless the predictions have so many figures for each target, on a last axis."""
    truth, predicted = tuple(y_true.shape), tuple(y_pred.shape)
    if len(predicted) != len(truth) + 1 or predicted[-1] != figures:
        raise KitError(
            f"{loss} needs targets [..., K] and predictions [..., K, {figures}], {what}; received "
            f"{truth} and {predicted}. Train a Forecaster that gives them."
        )
