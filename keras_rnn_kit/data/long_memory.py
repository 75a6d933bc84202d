"""Tasks that ask for what came long before: the adding problem and the copy memory task.

Both are drawn anew for every batch, so that nothing can be learned by heart but how to remember.
"""

import math

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError

COPY_SYMBOLS = 8  # 0 to 7
COPY_LENGTH = 10  # symbols to remember
COPY_BLANK, COPY_DELIMITER = 8, 9
COPY_IDS = 10  # all of these together


def adding_problem(
    count: int, length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of numbers, two of which are marked, and the sums of those two.

    A sequence has two channels: numbers drawn evenly from [0, 1), and markers that are 1 at two
    steps, one in each half, and 0 elsewhere. What is asked at its end is the sum of the two marked
    numbers. Whoever always answers 1 has the mean squared error 1/6 = 0.167.

    Args:
        count: N, how many sequences.
        length: T, 2 or more.
        rng: draws them; the same state draws the same.

    Returns:
        `(sequences [N, T, 2], sums [N, 1])`, float32.

    Raises:
        KitError: `count` or `length` is no positive integer, or `length` is 1.

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, section 5.4; in this form
    Le, Jaitly and Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear
    Units", 2015.

    Example:

    >>> sequences, sums = adding_problem(2, 6, np.random.default_rng(0))
    >>> sequences[..., 1].sum(axis=1)
    array([2., 2.], dtype=float32)
    >>> bool(np.allclose((sequences[..., 0] * sequences[..., 1]).sum(axis=1), sums[:, 0]))
    True
    """
    count, length = positive_integer("count", count), positive_integer("length", length)
    if length < 2:
        raise KitError(
            f"the adding problem marks a step in each half; received length={length}. Pass 2 or "
            "more."
        )
    numbers = rng.uniform(size=(count, length))
    markers = np.zeros((count, length))
    rows = np.arange(count)
    markers[rows, rng.integers(0, length // 2, count)] = 1
    markers[rows, rng.integers(length // 2, length, count)] = 1
    sums = (numbers * markers).sum(axis=1, keepdims=True)
    return np.stack([numbers, markers], axis=2).astype(np.float32), sums.astype(np.float32)


def copy_memory(count: int, delay: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten symbols to remember over a delay, and to give back in their order when asked.

    The inputs are ten symbols drawn from 0 to 7, `delay − 1` blanks (8), the delimiter (9) and ten
    blanks; the targets are `delay + 10` blanks and then the ten symbols. `np.eye(10)[inputs]` makes
    one-hot vectors of them. Whoever knows where the blanks are and guesses the symbols has the
    cross-entropy `copy_memory_baseline(delay)`.

    Args:
        count: N, how many sequences.
        delay: steps from the last symbol to the delimiter, 1 or more; "T" in the papers.
        rng: draws them; the same state draws the same.

    Returns:
        `(inputs, targets)`, int32 `[N, delay + 20]` each.

    Raises:
        KitError: `count` or `delay` is no positive integer.

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; in this form Arjovsky, Shah
    and Bengio, "Unitary Evolution Recurrent Neural Networks", 2016, section 4.1.

    Example:

    >>> inputs, targets = copy_memory(1, 3, np.random.default_rng(0))
    >>> print(inputs[0])
    [6 5 4 2 2 0 0 0 1 6 8 8 9 8 8 8 8 8 8 8 8 8 8]
    >>> print(targets[0])
    [8 8 8 8 8 8 8 8 8 8 8 8 8 6 5 4 2 2 0 0 0 1 6]
    """
    count, delay = positive_integer("count", count), positive_integer("delay", delay)
    symbols = rng.integers(0, COPY_SYMBOLS, (count, COPY_LENGTH))
    inputs = np.full((count, delay + 2 * COPY_LENGTH), COPY_BLANK, np.int32)
    targets = inputs.copy()
    inputs[:, :COPY_LENGTH] = symbols
    inputs[:, COPY_LENGTH + delay - 1] = COPY_DELIMITER
    targets[:, -COPY_LENGTH:] = symbols
    return inputs, targets


def copy_memory_baseline(delay: int) -> float:
    """The cross-entropy, in nats a step, of blanks that are known and symbols that are guessed.

    It is `10 ln 8 / (delay + 20)`.

    Example:

    >>> print(f"{copy_memory_baseline(100):.4f}")
    0.1733
    """
    steps = positive_integer("delay", delay) + 2 * COPY_LENGTH
    return COPY_LENGTH * math.log(COPY_SYMBOLS) / steps
