"""Gaps in a numeric series, filled and counted."""

from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError

FillMethod = Literal["linear", "previous"]


class Filled(NamedTuple):
    """What `fill_gaps` did: the series without gaps, and how much of it was made up."""

    series: np.ndarray  # float64, of the shape that was given
    values: int  # how many were filled
    gaps: int  # in how many gaps, each variable's by itself
    longest: int  # the most points that one of them had


def fill_gaps(series: Any, method: FillMethod = "linear", *, longest: int | None = None) -> Filled:
    """Fills the missing values (NaN, or masked) of each variable by itself, and counts them.

    The points must be evenly spaced in time: a row that is left out is no gap that can be seen.

    Args:
        series: `[T]` or `[T, C]`, points in order of time.
        method: `"linear"` for a straight line from the value before the gap to the one after it,
            which looks ahead; `"previous"` for the value before it, which is known at the time:
            for what a forecast starts from, and wherever no later value may be seen.
        longest: the most points that a gap may have; None for any. What was made up over a long
            gap tells little of the series: cut it there, and take each piece by itself.

    Raises:
        KitError: the series is no such numbers; a value is infinite; a gap is longer than
            `longest`, or has no value to be filled from, at the beginning or, with `"linear"`, at
            the end. It says where.

    Example:
        >>> nan = float("nan")
        >>> filled = fill_gaps([1.0, nan, nan, 4.0, nan, 6.0])
        >>> filled.series.tolist()
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        >>> filled.values, filled.gaps, filled.longest
        (3, 2, 2)
        >>> fill_gaps([1.0, nan, nan, 4.0], "previous").series.tolist()
        [1.0, 1.0, 1.0, 4.0]
    """
    if method not in get_args(FillMethod):
        raise KitError(
            f"method must be 'linear' or 'previous'; received method={method!r}. "
            "Pass one of the two."
        )
    limit = None if longest is None else positive_integer("longest", longest)
    values, shape = _numbers(series)
    lengths: list[int] = []
    for variable, column in enumerate(values.T):
        missing = np.isnan(column)
        if not missing.any():
            continue
        edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
        for begin, end in edges.reshape(-1, 2):
            _check_gap(int(begin), int(end), variable, len(column), method, limit)
            lengths.append(int(end - begin))
        places = np.arange(len(column))
        if method == "linear":
            column[missing] = np.interp(places[missing], places[~missing], column[~missing])
        else:
            column[:] = column[np.maximum.accumulate(np.where(missing, 0, places))]
    return Filled(values.reshape(shape), sum(lengths), len(lengths), max(lengths, default=0))


def _numbers(series: Any) -> tuple[np.ndarray, tuple[int, ...]]:
    """A copy as float64 `[T, C]`, NaN where it is missing, and the shape that was given."""
    if isinstance(series, np.ma.MaskedArray):
        series = np.ma.filled(series.astype(np.float64), np.nan)
    try:
        array = np.asarray(series)
    except ValueError:  # nested lists of unequal lengths
        array = np.asarray(series, dtype=object)
    if array.ndim not in (1, 2) or array.size == 0 or array.dtype.kind not in "iuf":
        raise KitError(
            f"series must be numbers of shape [T] or [T, C]; received shape {array.shape} and "
            f"dtype {array.dtype}. Write a missing value as NaN."
        )
    values = np.array(array.reshape(len(array), -1), dtype=np.float64)
    infinite = np.isinf(values)
    if infinite.any():
        step, variable = np.argwhere(infinite)[0]
        raise KitError(
            f"series must hold finite numbers, or NaN for a gap; received {values[step, variable]} "
            f"at time step {step}, variable {variable} ({np.count_nonzero(infinite)} of "
            f"{values.size} values are infinite). Write NaN where nothing was measured."
        )
    return values, array.shape


def _check_gap(
    begin: int, end: int, variable: int, length: int, method: str, longest: int | None
) -> None:
    """`KitError` for a gap that can't be filled."""
    where = f"time steps {begin} to {end - 1}" if end - begin > 1 else f"time step {begin}"
    where += f" of variable {variable}"
    if begin == 0 and end == length:
        raise KitError(
            f"a variable must have a value; received none for variable {variable} at all {length} "
            "time steps. Leave it out."
        )
    if begin == 0:
        raise KitError(
            f"a gap is filled from the value before it; received none before {where}. Begin the "
            f"series at time step {end}: series[{end}:]."
        )
    if end == length and method == "linear":
        raise KitError(
            f"a straight line needs a value after the gap; received none after {where}. End the "
            f"series before it, series[:{begin}], or pass method='previous'."
        )
    if longest is not None and end - begin > longest:
        raise KitError(
            f"a gap must have {longest} points or fewer to be filled; received {end - begin} at "
            f"{where}. Cut the series there and take each piece by itself, or pass another "
            "longest."
        )
