"""The states that a language model carries from step to step, checked before they are fed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.ports import Port


class States:
    """What a model's states are: a list of arrays [B, ...], in the order of the spec's ports.

    Example:
        >>> states = States([Port("state_0", ("B", 3), "float32")])
        >>> states.zeros(2)[0].shape
        (2, 3)
        >>> states.check([np.zeros((2, 4), np.float32)], 2)
        Traceback (most recent call last):
        ...
        keras_rnn_kit.errors.KitError: state_0 must have the shape [2, 3]; received [2, 4]. Pass \
the states that the model returned, or None for its initial ones.
    """

    def __init__(self, ports: Sequence[Port]) -> None:
        self.names = [port.name for port in ports]
        self._sizes = [tuple(int(size) for size in port.shape[1:]) for port in ports]
        self._dtypes = [np.dtype(port.dtype) for port in ports]

    def zeros(self, batch: int) -> list[npt.NDArray[Any]]:
        """The initial states of B rows."""
        return [
            np.zeros((batch, *sizes), dtype)
            for sizes, dtype in zip(self._sizes, self._dtypes, strict=True)
        ]

    def check(self, states: Any, batch: int) -> list[npt.NDArray[Any]]:
        """Returns the states as arrays of the right types.

        Args:
            states: a list of [B, ...], NumPy or what converts to it; None is the initial states.
            batch: B.

        Raises:
            KitError: too few or too many states, or a wrong shape.
        """
        if states is None:
            return self.zeros(batch)
        if not isinstance(states, list | tuple) or len(states) != len(self.names):
            raise KitError(
                f"states must be a list of {len(self.names)} arrays, {self.names}; received "
                f"{len(states) if isinstance(states, list | tuple) else type(states).__name__}. "
                "Pass the states that the model returned, or None for its initial ones."
            )
        arrays = []
        for name, sizes, dtype, state in zip(
            self.names, self._sizes, self._dtypes, states, strict=True
        ):
            array = np.asarray(state, dtype)
            if array.shape != (batch, *sizes):
                raise KitError(
                    f"{name} must have the shape {[batch, *sizes]}; received "
                    f"{list(array.shape)}. Pass the states that the model returned, or None for "
                    "its initial ones."
                )
            arrays.append(array)
        return arrays
