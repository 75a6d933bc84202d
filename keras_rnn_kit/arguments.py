"""Checks of arguments that cells, layers and models share."""

import numbers

from keras_rnn_kit.errors import KitError


def positive(**sizes: int) -> None:
    """Raises `KitError` unless every named size is a positive integer."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
            raise KitError(
                f"{name} must be a positive integer; received {name}={value!r}. Pass 1 or more."
            )


def above_zero(**numbers: float) -> None:
    """Raises `KitError` unless every named number is greater than 0."""
    for name, value in numbers.items():
        if not value > 0:
            raise KitError(
                f"{name} must be greater than 0; received {name}={value!r}. Pass a positive number."
            )


def rate(**rates: float) -> None:
    """Raises `KitError` unless every named rate lies in [0, 1)."""
    for name, value in rates.items():
        if not 0 <= value < 1:
            raise KitError(
                f"{name} must lie in [0, 1); received {name}={value!r}. Pass 0 to switch it off."
            )


def not_negative(**numbers: float) -> None:
    """Raises `KitError` unless every named number is 0 or greater."""
    for name, value in numbers.items():
        if not value >= 0:
            raise KitError(
                f"{name} must not be negative; received {name}={value!r}. Pass 0 or more."
            )
