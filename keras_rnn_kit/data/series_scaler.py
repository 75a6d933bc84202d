"""The scale of a numeric series: fitted on the training part, saved, undone for forecasts."""

import json
import os
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from keras_rnn_kit.data.checks import chosen_variables, series_matrix
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath, read_json, write_beside

Method = Literal["standard", "min_max"]
FORMAT = 1

# Keras divides by √variance or by its epsilon, whichever is larger, and squares in float32.
_LAYER_RANGE = (1e-6, 1e18)


class SeriesScaler:
    """Scales each variable by itself: `(x − center) / scale`, and back: `x · scale + center`.

    `fit` makes one. It computes in float64; `series_windows` then takes what it gives, and
    `layer` does the same inside a model.

    Args:
        center: `[C]`, what becomes 0.
        scale: `[C]`, each above 0: the length that becomes 1.

    Raises:
        KitError: the lengths differ, a number is not finite, or a scale is not above 0.

    Example:
        >>> scaler = SeriesScaler.fit([[1.0, 7.0], [3.0, 7.0]], method="min_max")
        >>> scaler.transform([[2.0, 7.0], [5.0, 8.0]]).tolist()
        [[0.5, 0.0], [2.0, 1.0]]
        >>> scaler.inverse_transform([[0.5, 0.0]]).tolist()
        [[2.0, 7.0]]
        >>> scaler.select(0).inverse_transform([0.5, 2.0]).tolist()
        [2.0, 5.0]
    """

    def __init__(self, center: Any, scale: Any) -> None:
        self.center = _numbers("center", center)
        self.scale = _numbers("scale", scale)
        if self.center.shape != self.scale.shape or not (self.scale > 0).all():
            raise KitError(
                "center and scale must have one number for each variable, a scale above 0; "
                f"received center={self.center.tolist()}, scale={self.scale.tolist()}. "
                "Make the scaler with SeriesScaler.fit."
            )

    @classmethod
    def fit(cls, series: Any, method: Method = "standard") -> "SeriesScaler":
        """The scaler that fits a series: the training part alone, or later values leak into it.

        A variable that never changes has the scale 1: it becomes 0, and comes back as it was.

        Args:
            series: `[T]` or `[T, C]`.
            method: `"standard"` for a mean of 0 and a standard deviation of 1 (that of the T
                points, divided by T), `"min_max"` for values from 0 to 1.

        Raises:
            KitError: the series or an argument is wrong, or a value is missing (NaN) or infinite.
        """
        if method not in get_args(Method):
            raise KitError(
                f"method must be 'standard' or 'min_max'; received method={method!r}. "
                "Pass one of the two."
            )
        points = series_matrix("series", series)
        low, high = points.min(axis=0), points.max(axis=0)
        if method == "standard":
            center, scale = points.mean(axis=0), points.std(axis=0)
        else:
            center, scale = low, high - low
        # The mean of equal values may be off by a rounding error, and so their deviation.
        constant = low == high
        return cls(np.where(constant, low, center), np.where(constant | (scale == 0), 1.0, scale))

    def transform(self, values: Any) -> np.ndarray:
        """The values in the scaler's units, float64, of the same shape.

        Args:
            values: `[..., C]`, such as `[T, C]` or batches `[B, T, C]`; of any shape for C = 1.

        Raises:
            KitError: the last axis has not C entries.
        """
        return (self._checked(values) - self.center) / self.scale

    def inverse_transform(self, values: Any) -> np.ndarray:
        """The values in the series' own units, float64: what `transform` was given.

        Args:
            values: `[..., C]`, as for `transform`; forecasts of some variables need `select`.

        Raises:
            KitError: the last axis has not C entries.
        """
        return self._checked(values) * self.scale + self.center

    def select(self, targets: int | Sequence[int] | None) -> "SeriesScaler":
        """The scaler of some variables, the `targets` of `series_windows`; None for all."""
        columns = chosen_variables(targets, self.center.size)
        return SeriesScaler(self.center[columns], self.scale[columns])

    def layer(self) -> Any:
        """`transform` as a `keras.layers.Normalization`, to stand first in a model `[B, T, C]`.

        It is saved and exported with the model, which then takes the series as it is. It computes
        in float32, under mixed precision, too: values that are large beside their scale lose
        digits, where `transform` would keep them.

        Raises:
            KitError: a scale is too small or too large to be squared in float32.
        """
        return self._normalization(invert=False)

    def inverse_layer(self) -> Any:
        """`inverse_transform` as a `keras.layers.Normalization`, to stand last in a model.

        The loss is then in the series' own units: variables of large scale count for more.
        Training in the scaler's units, with targets from `transform`, has none of that; a model
        around the trained one can then end in this layer.

        Raises:
            KitError: a scale is too small or too large to be squared in float32.
        """
        return self._normalization(invert=True)

    def save(self, path: StrPath) -> None:
        """Write the scaler as JSON; written beside, then renamed.

        Raises:
            KitError: the path can't be written to.
        """
        data = {
            "format": FORMAT,
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
        }
        write_beside(path, (json.dumps(data, indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "SeriesScaler":
        """Read what `save` wrote; the numbers are the same to the last bit.

        Raises:
            KitError: the file is missing, damaged or of a newer format; names the file.
        """
        data = read_json(
            path,
            "a scaler",
            fields=("center", "scale"),
            version=FORMAT,
            find="Give the path that SeriesScaler.save wrote.",
            remedy="Write it anew with SeriesScaler.save.",
        )
        try:
            return cls(data["center"], data["scale"])
        except KitError as error:
            raise KitError(f"{path}: {error}") from None

    def __repr__(self) -> str:
        return f"SeriesScaler(center={self.center.tolist()}, scale={self.scale.tolist()})"

    def _checked(self, values: Any) -> np.ndarray:
        array = np.asarray(values, dtype=np.float64)
        variables = self.center.size
        if variables > 1 and (not array.ndim or array.shape[-1] != variables):
            raise KitError(
                f"the last axis must be the {variables} variables of the scaler; received shape "
                f"{array.shape}. Pass [..., {variables}], or select the variables that it holds."
            )
        return array

    def _normalization(self, invert: bool) -> Any:
        import keras

        low, high = _LAYER_RANGE
        wrong = np.flatnonzero((self.scale < low) | (self.scale > high))
        if wrong.size:
            raise KitError(
                f"a layer needs scales from {low:g} to {high:g}, which float32 can square; "
                f"received {self.scale[wrong[0]]:g} for variable {wrong[0]}. Measure it in "
                "another unit."
            )
        return keras.layers.Normalization(
            mean=self.center.tolist(),
            variance=np.square(self.scale).tolist(),
            invert=invert,
            dtype="float32",
        )


def _numbers(name: str, values: Any) -> np.ndarray:
    """`values` as a vector of finite float64, one or more."""
    try:
        array = np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        array = np.asarray(values, dtype=object)
    fine = array.ndim == 1 and array.size > 0 and array.dtype.kind in "iuf"
    if not fine or not np.isfinite(array).all():
        raise KitError(
            f"{name} must be a vector of finite numbers, one a variable; received {values!r}. "
            "Make the scaler with SeriesScaler.fit."
        )
    return array.astype(np.float64)
