"""The start of a decay that is `exp(−exp(u))`."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LogLogDecay(keras.initializers.RandomUniform):
    """Draws u so that the square of the decay `exp(−exp(u))` is uniform between two squares.

    Decays near 1 are then drawn more often than others: they are those of long memories.

    Source: Orvieto et al., "Resurrecting Recurrent Neural Networks for Long Sequences", 2023,
    section 3.2, for the radius of a complex decay.

    Args:
        min_decay, max_decay: the decays, between 0 and 1.
        seed: as in Keras's initializers.

    Raises:
        KitError: `0 < min_decay < max_decay < 1` does not hold.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.initializers import LogLogDecay
    >>> u = LogLogDecay(0.9, 0.99)((1000,))
    >>> decay = np.exp(-np.exp(u))
    >>> bool((decay > 0.899).all() and (decay < 0.991).all())
    True
    """

    def __init__(self, min_decay: float, max_decay: float, seed: Any = None):
        if not 0 < min_decay < max_decay < 1:
            raise KitError(
                "min_decay and max_decay must satisfy 0 < min_decay < max_decay < 1; received "
                f"min_decay={min_decay!r}, max_decay={max_decay!r}. Pass two such, as 0.5 and 0.99."
            )
        super().__init__(min_decay**2, max_decay**2, seed)
        self.min_decay, self.max_decay = min_decay, max_decay

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Weights of `shape`, drawn in float32 whatever their type."""
        squares = super().__call__(shape, "float32")
        return ops.cast(ops.log(-0.5 * ops.log(squares)), dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        seed = super().get_config()["seed"]
        return {"min_decay": self.min_decay, "max_decay": self.max_decay, "seed": seed}
