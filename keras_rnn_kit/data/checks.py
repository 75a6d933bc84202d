"""The arguments that several of the pipelines share, checked in one place."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError

PARTS = ("train", "validation", "test")
INT32_MAX = np.iinfo(np.int32).max
ENCODE = "Encode the text with a vocabulary first, and pass one flat array."


def seed_or_none(seed: Any) -> int | None:
    """`seed` as an int of 0 or more, or None.

    Example:
        >>> seed_or_none(7), seed_or_none(None)
        (7, None)
    """
    if seed is None:
        return None
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= seed <= INT32_MAX:
        raise KitError(
            f"seed must be None or an integer in [0, {INT32_MAX}]; received seed={seed!r}. "
            "Pass such an integer, or None for a fresh order each run."
        )
    return int(seed)


def ids_vector(name: str, values: Any, remedy: str = ENCODE) -> np.ndarray:
    """`values` as a vector of int32, none negative; an empty one is allowed.

    Example:
        >>> ids_vector("ids", [3, 1, 2])
        array([3, 1, 2], dtype=int32)
    """
    try:
        array = np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        array = np.asarray(values, dtype=object)
    if array.size == 0 and array.ndim == 1:
        return array.astype(np.int32)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise KitError(
            f"{name} must be a vector of integers; received shape {array.shape} and dtype "
            f"{array.dtype}. {remedy}"
        )
    if array.min() < 0 or array.max() > INT32_MAX:
        raise KitError(
            f"{name} must lie in [0, {INT32_MAX}]; received values from {array.min()} to "
            f"{array.max()}. {remedy}"
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def series_matrix(name: str, values: Any) -> np.ndarray:
    """`values` as float64 `[T, C]`, all of them finite in float32; `[T]` is one variable.

    Example:
        >>> series_matrix("series", [1, 2]).tolist()
        [[1.0], [2.0]]
    """
    if isinstance(values, np.ma.MaskedArray):  # np.asarray would fill the gaps without a word
        values = np.ma.filled(values.astype(np.float64), np.nan)
    try:
        array = np.asarray(values)
    except ValueError:  # nested lists of unequal lengths
        array = np.asarray(values, dtype=object)
    if array.ndim not in (1, 2) or array.size == 0 or array.dtype.kind not in "iuf":
        raise KitError(
            f"{name} must be numbers of shape [T] or [T, C]; received shape {array.shape} and "
            f"dtype {array.dtype}. Pass one row for each point in time, one column a variable."
        )
    matrix = array.reshape(len(array), -1).astype(np.float64)
    fine = np.abs(matrix) <= np.finfo(np.float32).max  # which NaN is not
    if not fine.all():
        step, variable = np.argwhere(~fine)[0]
        raise KitError(
            f"{name} must hold finite numbers of float32; received {matrix[step, variable]} at "
            f"time step {step}, variable {variable} ({np.count_nonzero(~fine)} of {matrix.size} "
            "values are not). Fill the gaps with data.fill_gaps, or cut the series there and "
            "take each piece by itself."
        )
    return matrix


def chosen_variables(targets: int | Sequence[int] | None, variables: int) -> np.ndarray:
    """The numbers of the variables that are predicted, int64 `[K]`; None stands for all.

    Example:
        >>> chosen_variables(2, 3).tolist(), chosen_variables(None, 3).tolist()
        ([2], [0, 1, 2])
    """
    chosen = np.arange(variables) if targets is None else np.atleast_1d(np.asarray(targets))
    numbers = chosen.ndim == 1 and chosen.size > 0 and chosen.dtype.kind in "iu"
    if (
        not numbers
        or chosen.min() < 0
        or chosen.max() >= variables
        or np.unique(chosen).size < chosen.size
    ):
        raise KitError(
            f"targets must be numbers of variables in [0, {variables}), each once; received "
            f"targets={targets!r}. Pass such numbers, or None for all variables."
        )
    return chosen.astype(np.int64)


def cumulative_fractions(fractions: Sequence[float]) -> tuple[float, float]:
    """Where validation and test begin, as shares of the whole.

    Example:
        >>> cumulative_fractions((0.5, 0.25, 0.25))
        (0.5, 0.75)
    """
    values = [float(fraction) for fraction in fractions]
    # 1e-6 lets a person write thirds with seven digits.
    if len(values) != 3 or min(values) < 0 or not abs(sum(values) - 1) < 1e-6:
        raise KitError(
            f"fractions must be three shares of 0 or more that sum to 1; received "
            f"fractions={tuple(fractions)!r}. Pass such as (0.8, 0.1, 0.1)."
        )
    return values[0], values[0] + values[1]
