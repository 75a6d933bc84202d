"""A power law fitted to points: the straight line that they lie on between two logarithmic axes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PowerLaw:
    """`y = factor · x^exponent`, and how well it holds.

    Attributes:
        exponent, factor: of the formula.
        first, last: the smallest and the largest x that it was fitted to.
        points: how many points that were.
        r_squared: the share of the variance of log y that the line explains, 1 being all of it.
        error: the root mean square of the residuals of ln y: e^error is the factor by which a
            point typically lies beside the line.

    Example:
        >>> law = fit_power_law([1, 2, 4], [8, 4, 2])
        >>> round(law.exponent, 9), round(law.factor, 9), round(law(8), 9)
        (-1.0, 8.0, 1.0)
    """

    exponent: float
    factor: float
    first: int
    last: int
    points: int
    r_squared: float
    error: float

    def __call__(self, x: float) -> float:
        """y at x."""
        return self.factor * x**self.exponent


def fit_power_law(
    x: Sequence[int], y: Sequence[float], first: int = 1, last: int | None = None
) -> PowerLaw | None:
    """The power law through the points with first ≤ x ≤ last, by least squares of ln y on ln x.

    Each point weighs the same. There is none for fewer than three points, or where all y are
    equal: then it is None.

    Args:
        x, y: positive numbers, as many of one as of the other; no x comes twice.
        first, last: the range of x; a `last` of None takes all that are left.

    Example:
        >>> fit_power_law([1, 2], [8, 4]) is None
        True
    """
    xs, ys = np.asarray(x), np.asarray(y, dtype=np.float64)
    inside = (xs >= first) & (xs <= (np.inf if last is None else last))
    xs, ys = xs[inside], ys[inside]
    if len(xs) < 3 or (ys == ys[0]).all():
        return None
    log_x, log_y = np.log(xs), np.log(ys)
    dx, dy = log_x - log_x.mean(), log_y - log_y.mean()
    exponent = float(dx @ dy / (dx @ dx))
    residual = dy - exponent * dx
    return PowerLaw(
        exponent=exponent,
        factor=float(np.exp(log_y.mean() - exponent * log_x.mean())),
        first=int(xs.min()),
        last=int(xs.max()),
        points=len(xs),
        r_squared=float(1 - residual @ residual / (dy @ dy)),
        error=float(np.sqrt(np.mean(residual**2))),
    )


def log_spaced(last: int, per_decade: int) -> list[int]:
    """Whole numbers from 1 to `last`, both listed, evenly spaced on a logarithmic axis.

    Example:
        >>> log_spaced(30, 4)
        [1, 2, 3, 6, 10, 18, 30]
        >>> log_spaced(0, 4)
        []
    """
    if last < 1:
        return []
    steps = int(np.ceil(per_decade * np.log10(last))) + 1
    numbers = np.round(10.0 ** (np.arange(steps) / per_decade)).astype(np.int64)
    return [*np.unique(numbers[numbers < last]).tolist(), last]
