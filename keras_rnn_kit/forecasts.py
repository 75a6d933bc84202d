"""What a forecaster takes and gives, in NumPy: for the Keras model and for the runtime alike."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_rnn_kit.arguments import number, positive_integer
from keras_rnn_kit.errors import KitError

# (windows [B, τ, C], noise [B, k, K]) -> [B, k, K], or [B, k, K, P] with P figures of each.
Run = Callable[[np.ndarray, np.ndarray], np.ndarray]
SHARE = 0.8  # of the points an interval is to hold, where nothing else is asked for
PATHS = 200  # that are sampled for an interval
_ROWS = 8192  # that are run at once


@dataclass(frozen=True)
class Forecast:
    """k points ahead of a series, `[k, K]`, or of B series, `[B, k, K]`, in the series' own units.

    Attributes:
        values: the forecast: the mean, or the median of a model of quantiles.
        lower, upper: the ends of the interval; None where the model has none.
        share: of the points that the interval is to hold, each point by itself.
    """

    values: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    share: float | None = None


@dataclass(frozen=True)
class Forecasting:
    """What a forecaster is: the windows it reads, the points it gives, and what it says of each.

    Attributes:
        window: τ, points that it sees.
        features: C, variables of each.
        variables: K, those that it predicts.
        horizon: h, points that a direct model predicts.
        iterated: whether its own predictions are fed back, for any number of points.
        quantiles: that it gives of each point, increasing, 0.5 among them; none for other models.
        normal: whether it gives the mean and the standard deviation of each point.

    Example:

    >>> last = Forecasting(window=2, features=1, variables=1, horizon=3)
    >>> made = last.forecast(lambda x, noise: x[:, -1:] + 0 * noise, [5.0, 6.0, 7.0], steps=3)
    >>> made.values[:, 0].tolist()
    [7.0, 7.0, 7.0]
    """

    window: int
    features: int
    variables: int
    horizon: int
    iterated: bool = False
    quantiles: tuple[float, ...] = ()
    normal: bool = False

    def forecast(
        self,
        run: Run,
        series: Any,
        steps: int | None = None,
        *,
        share: float | None = None,
        paths: int = PATHS,
        seed: int | None = None,
    ) -> Forecast:
        """The points that follow `series`, by what `run` makes of its last window.

        Args:
            run: the model.
            series: `[T]`, `[T, C]` or `[B, T, C]`, the last points of which are read.
            steps: k, how many points; None for the horizon. A direct model has no more than that.
            share: of the interval, where the model is normal; None for 0.8. Quantiles have theirs.
            paths: how many are sampled for the interval of an iterated model.
            seed: of what is sampled; None for other numbers each time.

        Raises:
            KitError: the series is too short, of another shape, or has gaps; more steps than a
                direct model has; a share that the model doesn't have.
        """
        windows, single = self.windows(series)
        steps = self.steps(steps)
        share = self.share(share)
        noise = np.zeros((len(windows), steps, self.variables), np.float32)
        made = _in_parts(run, windows, noise).astype(np.float64)
        if self.quantiles:
            made = np.sort(made, axis=-1)  # quantiles that cross: Chernozhukov et al. 2010
            middle = self.quantiles.index(0.5)
            values, ends = made[..., middle], (made[..., 0], made[..., -1])
        elif not self.normal:
            values, ends = made, None
        elif self.iterated:
            values = made[..., 0]
            sampled = self.paths(run, windows, steps, paths, seed)
            half = (1 - share) / 2
            low, high = np.quantile(sampled, [half, 1 - half], axis=1)
            ends = (low, high)
        else:
            values, scale = made[..., 0], made[..., 1]
            reach = statistics.NormalDist().inv_cdf((1 + share) / 2) * scale
            ends = (values - reach, values + reach)
        if single:
            values, ends = values[0], None if ends is None else (ends[0][0], ends[1][0])
        if ends is None:
            return Forecast(values)
        return Forecast(values, *ends, share)

    def paths(
        self, run: Run, series: Any, steps: int | None, paths: int, seed: int | None
    ) -> np.ndarray:
        """Sampled futures `[N, k, K]`, `[B, N, k, K]` of B series: each step drawn from its normal.

        Raises `KitError` for a model that isn't normal, and as `forecast`.
        """
        if not self.normal:
            raise KitError(
                "paths are sampled from a model with distribution='normal'; received one without. "
                "Train such a one with NormalLoss."
            )
        windows, single = self.windows(series)
        steps, paths = self.steps(steps), positive_integer("paths", paths)
        shape = (len(windows), paths, steps, self.variables)
        noise = np.random.default_rng(seed).standard_normal(shape, np.float32)
        if self.iterated:
            rows = np.repeat(windows, paths, axis=0)
            made = _in_parts(run, rows, noise.reshape(-1, *shape[2:]))[..., 0]
            sampled = made.reshape(shape)
        else:
            made = _in_parts(run, windows, noise[:, 0])[:, None]
            sampled = made[..., 0] + made[..., 1] * noise
        return sampled[0] if single else sampled

    def windows(self, series: Any) -> tuple[np.ndarray, bool]:
        """The last window of each series, float32 `[B, τ, C]`, and whether there was one alone."""
        if isinstance(series, np.ma.MaskedArray):  # np.asarray would fill the gaps without a word
            series = np.ma.filled(series.astype(np.float64), np.nan)
        try:
            array = np.asarray(series)
        except ValueError:  # nested lists of unequal lengths
            array = np.asarray(series, dtype=object)
        shape = array.shape
        wanted = f"[T, {self.features}] or [B, T, {self.features}]"
        if self.features == 1:
            wanted = f"[T], {wanted}"
            array = array[:, None] if array.ndim == 1 else array
        single = array.ndim == 2
        array = array[None] if single else array
        fits = array.ndim == 3 and array.shape[-1] == self.features and array.dtype.kind in "iuf"
        if not fits:
            raise KitError(
                f"a series must be numbers of shape {wanted}; received shape {shape} and "
                f"dtype {array.dtype}. Pass the variables that the model was trained on, in order."
            )
        if array.shape[1] < self.window:
            raise KitError(
                f"a forecast reads the last {self.window} points of a series; received "
                f"{array.shape[1]}. Pass a longer series."
            )
        before = array.shape[1] - self.window
        last = array[:, before:].astype(np.float64)
        fine = np.abs(last) <= np.finfo(np.float32).max  # which NaN is not
        if not fine.all():
            row, step, variable = np.argwhere(~fine)[0]
            of_row = "" if single else f" of series {row}"
            raise KitError(
                f"the last {self.window} points of a series must be finite numbers of float32; "
                f"received {last[row, step, variable]} at time step {before + step}, variable "
                f"{variable}{of_row} ({np.count_nonzero(~fine)} of {last.size} values are not). "
                "Fill the gaps, such as with the value before, or forecast from an earlier point."
            )
        return last.astype(np.float32), single

    def steps(self, steps: int | None) -> int:
        """k, or the horizon for None; a direct model has no more than that."""
        if steps is None:
            return self.horizon
        steps = positive_integer("steps", steps)
        if steps > self.horizon and not self.iterated:
            raise KitError(
                f"a direct model gives the {self.horizon} points of its horizon; received "
                f"steps={steps}. Pass {self.horizon} or less, or train with multi_step='iterated' "
                "or a longer horizon."
            )
        return steps

    def share(self, share: float | None) -> float:
        """The share of the points that the interval is to hold."""
        if self.quantiles:
            own = round(self.quantiles[-1] - self.quantiles[0], 9)
            if share is not None and abs(share - own) > 1e-6:
                raise KitError(
                    f"the quantiles {list(self.quantiles)} of this model make an interval of share "
                    f"{own}; received share={share}. Leave it out, or train other quantiles."
                )
            return own
        if share is None:
            return SHARE
        if not self.normal:
            raise KitError(
                f"this model has no intervals; received share={share}. Leave it out, or train with "
                "quantiles=(0.1, 0.5, 0.9) or distribution='normal'."
            )
        needs = "a number between 0 and 1"
        return number("share", share, needs, lambda x: 0 < x < 1, "Pass such as 0.8.")


def checked_quantiles(quantiles: Sequence[float] | None) -> tuple[float, ...]:
    """`quantiles` as a tuple: two or more in (0, 1), increasing, 0.5 among them; () for None.

    Example:

    >>> checked_quantiles([0.1, 0.5, 0.9])
    (0.1, 0.5, 0.9)
    """
    if quantiles is None:
        return ()
    try:
        found = tuple(float(quantile) for quantile in quantiles)
    except (TypeError, ValueError):
        found = ()
    rising = all(a < b for a, b in zip((0.0, *found), (*found, 1.0), strict=True))
    if len(found) < 2 or not rising or 0.5 not in found:
        raise KitError(
            "quantiles must be two or more numbers between 0 and 1, increasing, with 0.5 among "
            f"them; received {quantiles!r}. Pass such as (0.1, 0.5, 0.9)."
        )
    return found


def _in_parts(run: Run, windows: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """`run` on some rows at a time, so that memory stays bounded."""
    parts = [
        np.asarray(run(windows[k : k + _ROWS], noise[k : k + _ROWS]))
        for k in range(0, max(1, len(windows)), _ROWS)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
