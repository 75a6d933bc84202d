"""As many units as make a layer, or a model, of a given number of parameters."""

import math
from collections.abc import Callable

import keras

from keras_rnn_kit.errors import KitError


def parameters_of(make: Callable[[int], keras.layers.Layer], features: int, units: int) -> int:
    """The trained numbers of the layer `make(units)` on `[B, T, E]`.

    Example:

    >>> from keras_rnn_kit.layers import SimpleRNN
    >>> parameters_of(SimpleRNN, features=3, units=4)
    32
    """
    layer = make(units)
    layer.build((None, None, features))
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights)


def units_for(parameters: Callable[[int], int], wanted: int) -> int:
    """The number of units whose `parameters` lie nearest to `wanted`; they grow with the units.

    Raises:
        KitError: one unit has more than twice as many already.

    Example:

    >>> units_for(lambda units: units * units + 3 * units, 1000)
    30
    """
    if parameters(1) > 2 * wanted:
        raise KitError(
            f"a layer of one unit must fit in {wanted} parameters; received one of "
            f"{parameters(1)}. Ask for more."
        )
    below, above = 1, 2
    while parameters(above) < wanted:
        below, above = above, 2 * above
    while above - below > 1:
        middle = (below + above) // 2
        if parameters(middle) < wanted:
            below = middle
        else:
            above = middle
    return min(below, above, key=lambda units: abs(parameters(units) - wanted))
