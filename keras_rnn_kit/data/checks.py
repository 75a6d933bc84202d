"""The arguments that several of the pipelines share, checked in one place."""

from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError

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
