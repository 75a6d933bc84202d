"""Where backpropagation through time stops: after a fixed number of steps, or at random."""

import numpy as np

from keras_rnn_kit.arguments import number, positive_integer
from keras_rnn_kit.reference.network import Array


def regular_truncation(length: int, steps: int) -> Array:
    """The `carry [T]` of truncation into stretches of `steps`: 0 where one begins, else 1.

    The state goes on from stretch to stretch; no gradient goes back over where one begins. The
    gradient is cheaper and biased: what lies further back counts for nothing.

    Args:
        length: T.
        steps: τ, the length of a stretch; the last one may be shorter.

    Raises:
        KitError: one of them is not a positive integer.

    Source: Zhang et al., "Dive into Deep Learning", 9.7.1, "Truncating Time Steps".

    Example:

    >>> regular_truncation(7, 3).tolist()
    [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
    """
    positive_integer("length", length)
    positive_integer("steps", steps)
    return (np.arange(length) % steps > 0).astype("float64")


def randomized_truncation(length: int, keep: float, seed: int | None = None) -> Array:
    """The `carry [T]` of randomized truncation: ξ_t is 1/π with probability π, else 0.

    Its expectation is 1, so that the gradient is right on average, whatever π is: what is cut off
    at times is weighed up where it is not. The price is a variance that grows as π falls.

    Args:
        length: T.
        keep: π, the probability that a step hands its gradient back, 0 < π ≤ 1.
        seed: of the draw; `None` draws anew at each call.

    Raises:
        KitError: `length` is not a positive integer, or `keep` is no such probability.

    Source: Tallec and Ollivier, "Unbiasing Truncated Backpropagation Through Time", 2017; Zhang et
    al., "Dive into Deep Learning", 9.7.1, "Randomized Truncation".

    Example:

    >>> randomized_truncation(6, 0.5, seed=0).tolist()
    [0.0, 2.0, 2.0, 2.0, 0.0, 0.0]
    """
    positive_integer("length", length)
    number("keep", keep, "a probability above 0, at most 1", lambda given: 0 < given <= 1)
    return (np.random.default_rng(seed).random(length) < keep) / float(keep)
