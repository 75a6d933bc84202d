"""Checks that initializers and constraints share."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

from keras_rnn_kit.errors import KitError


def positive_number(**values: Any) -> None:
    """Raises `KitError` unless every named value is a positive, finite number.

    Example:

    >>> positive_number(radius=0.9)
    """
    for name, value in values.items():
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not is_number or not 0 < value < math.inf:
            raise KitError(
                f"{name} must be a positive, finite number; received {name}={value!r}. "
                "Pass a number above 0."
            )


def square_blocks(name: str, shape: Sequence[int]) -> int:
    """k of a shape `[H, k · H]`.

    Example:

    >>> square_blocks("PerGate", (8, 24))
    3
    """
    if len(shape) != 2 or shape[0] < 1 or shape[1] < 1 or shape[1] % shape[0]:
        raise KitError(
            f"{name} needs a matrix [H, k · H], a square block for each gate; received shape "
            f"{tuple(shape)}. Use it for a recurrent kernel."
        )
    return shape[1] // shape[0]
