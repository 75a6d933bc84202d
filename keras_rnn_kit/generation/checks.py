"""The checks of arguments that sampling, generating and the runtime share."""

import numbers
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError


def positive_integer(name: str, value: Any) -> int:
    """Returns ``value`` as an ``int`` of 1 or more; a bool or a fraction is a KitError.

    Example:
        >>> positive_integer("length", 3)
        3
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool | np.bool_)
    if not whole or value < 1:
        raise KitError(
            f"{name} must be a positive integer; received {name}={value!r}. Pass 1 or more."
        )
    return operator.index(value)


def finite_number(name: str, value: Any, needs: str) -> float:
    """Returns ``value`` as a ``float``; what is no number, or NaN or infinite, is a KitError.

    ``needs`` says what the caller wants, for the message.

    Example:
        >>> finite_number("temperature", 1, "a number of 0 or more")
        1.0
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    if not real or not np.isfinite(float(value)):
        raise KitError(f"{name} must be {needs}; received {name}={value!r}. Pass such a number.")
    return float(value)


def id_array(name: str, ids: Any) -> npt.NDArray[np.int64]:
    """Returns ``ids`` as an int64 array, whatever its rank; what isn't integers is a KitError.

    Example:
        >>> id_array("prompt", [3, 1])
        array([3, 1])
    """
    try:
        array = np.asarray(ids)
    except ValueError as error:  # rows of different lengths
        raise KitError(
            f"{name} must hold rows of one length; received rows that differ. Pass one at a time."
        ) from error
    # An empty list is a float array to NumPy; how many ids are wanted is for the caller to say.
    if array.size and array.dtype.kind not in "iu":
        raise KitError(
            f"{name} must hold integer ids; received {array.dtype} values. Encode the text first."
        )
    return array.astype(np.int64)


def check_ids(name: str, ids: npt.NDArray[Any], size: int) -> None:
    """Raises KitError, naming the id and V, unless every id lies in ``[0, V)``.

    Example:
        >>> check_ids("tokens", np.array([0, 4]), 5)
    """
    outside = ids[(ids < 0) | (ids >= size)]
    if outside.size:
        raise KitError(
            f"{name} must hold ids from 0 to {size - 1}; received id {int(outside[0])} for a "
            f"vocabulary of V={size}. Encode the text with the model's own vocabulary."
        )
