"""How many cores a recurrence may spread over."""

import contextlib
import contextvars
from collections.abc import Iterator

from keras_rnn_kit.cores import available_cores

_side_by_side: contextvars.ContextVar[int] = contextvars.ContextVar("side_by_side", default=1)


def cores() -> int:
    """The share of this process's cores that a recurrence laid out now may count on, 1 or more."""
    return max(1, available_cores() // _side_by_side.get())


@contextlib.contextmanager
def side_by_side(count: int) -> Iterator[None]:
    """Within it, `count` recurrences that need nothing of each other are laid out.

    They run at the same time, so that each counts on its share of the cores.
    """
    token = _side_by_side.set(count * _side_by_side.get())
    try:
        yield
    finally:
        _side_by_side.reset(token)
