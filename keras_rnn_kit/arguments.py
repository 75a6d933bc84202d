"""Checks of arguments, for the whole kit: each returns the value, or says what it must be."""

import math
import numbers
import operator
from collections.abc import Callable, Sequence
from typing import Any

from keras_rnn_kit.errors import KitError


def positive_integer(name: str, value: Any) -> int:
    """`value` as an `int` of 1 or more; a bool or a fraction is a `KitError`.

    Example:

    >>> positive_integer("length", 3)
    3
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < 1:
        raise KitError(
            f"{name} must be a positive integer; received {name}={value!r}. Pass 1 or more."
        )
    return operator.index(value)


def number(
    name: str,
    value: Any,
    needs: str,
    holds: Callable[[float], bool],
    advice: str = "Pass such a number.",
) -> float:
    """`value` as a `float` that `holds`; `needs` says which those are, for the message.

    NaN holds in no comparison, and is refused with the rest.

    Example:

    >>> number("max_norm", 1, "a positive number", lambda norm: norm > 0)
    1.0
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not holds(float(value)):
        raise KitError(f"{name} must be {needs}; received {name}={value!r}. {advice}")
    return float(value)


def positive_number(name: str, value: Any) -> float:
    """`value` as a finite `float` above 0.

    Example:

    >>> positive_number("radius", 0.9)
    0.9
    """
    return number(name, value, "a positive, finite number", lambda given: 0 < given < math.inf)


def not_negative(name: str, value: Any) -> float:
    """`value` as a finite `float` of 0 or more.

    Example:

    >>> not_negative("diffusion", 0)
    0.0
    """
    needs = "a finite number, and not negative"
    return number(name, value, needs, lambda given: 0 <= given < math.inf)


def rate(name: str, value: Any) -> float:
    """`value` as a `float` in [0, 1), a share to be dropped.

    Example:

    >>> rate("dropout", 0.2)
    0.2
    """
    needs, advice = "a number in [0, 1)", "Pass 0 to switch it off."
    return number(name, value, needs, lambda given: 0 <= given < 1, advice)


def one_of(name: str, value: Any, choices: Sequence[Any]) -> Any:
    """`value`, which must be among the `choices`.

    Example:

    >>> one_of("context", "state", ("input", "state"))
    'state'
    """
    if value not in choices:
        raise KitError(
            f"{name} must be one of {', '.join(map(str, choices))}; received {name}={value!r}. "
            "Pass one of these."
        )
    return value
