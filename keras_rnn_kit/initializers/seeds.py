"""Another seed for an initializer that is there."""

import copy
from typing import Any


def with_seed(initializer: Any, seed: Any) -> Any:
    """A copy of `initializer` that draws from `seed`; itself where it has no seed to change.

    Example:

    >>> import keras
    >>> first = keras.initializers.RandomNormal(seed=1)
    >>> with_seed(first, 2).seed, first.seed
    (2, 1)
    """
    if not hasattr(initializer, "seed"):
        return initializer
    other = copy.copy(initializer)
    other.seed = seed
    return other
