"""Gradient clipping by the norm of all gradients together."""

import numpy as np

from keras_rnn_kit.arguments import positive_number
from keras_rnn_kit.reference.network import Parameters


def global_norm(gradients: Parameters) -> float:
    """`‖g‖`, all gradients taken as one vector.

    Example:

    >>> global_norm(Parameters(*(np.array([k]) for k in (1.0, 2.0, 2.0, 0.0, 4.0))))
    5.0
    """
    return float(np.sqrt(sum(np.sum(g**2) for g in gradients)))


def clip_by_norm(gradients: Parameters, max_norm: float) -> Parameters:
    """`g ← min(1, θ/‖g‖) g`: the direction is kept, the norm is at most θ.

    Args:
        gradients: of all parameters; their norm is taken as that of one vector.
        max_norm: θ, > 0.

    Raises:
        KitError: `max_norm` is not a positive number.

    Source: Zhang et al., "Dive into Deep Learning", 9.5.3; Pascanu, Mikolov and Bengio, "On the
    difficulty of training recurrent neural networks", 2013.

    Example:

    >>> gradients = Parameters(*(np.array([k]) for k in (1.0, 2.0, 2.0, 0.0, 4.0)))
    >>> round(global_norm(clip_by_norm(gradients, 1.0)), 9)
    1.0
    """
    positive_number("max_norm", max_norm)
    norm = global_norm(gradients)
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return Parameters(*(factor * g for g in gradients))
