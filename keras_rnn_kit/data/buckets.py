"""A few lengths to pad to, chosen so that least is padding."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError

MOST_BUCKETS = 6  # each length is a shape of its own to whatever compiles the model


def bucket_lengths(
    lengths: Any, at_most: int = MOST_BUCKETS, *, batch_size: int | None = None
) -> list[int]:
    """The rising bucket lengths, the longest length last, that leave the least padding.

    No other choice of so many lengths leaves less, whatever the lengths are: what
    `padding_share(lengths, bucket_lengths(lengths))` says can only be lowered by more buckets or
    by cutting the longest sequences first (`max_length`), since few, but long ones decide it.

    Dynamic programming over all lengths that occur, where a step takes the lower envelope of
    straight lines: the time is that of sorting N lengths, and `at_most` steps for each of those
    that differ.

    Args:
        lengths: `[N]`, integers of 1 or more.
        at_most: the largest number of buckets; fewer come back where fewer lengths differ.
        batch_size: B, to have no more buckets than the N sequences fill with four batches each;
            None leaves that out.

    Raises:
        KitError: there are no lengths, or an argument is wrong.

    Example:
        >>> bucket_lengths([1, 2, 2, 2, 9, 9, 10], at_most=2)
        [2, 10]
    """
    numbers = check_lengths(lengths)
    at_most = positive_integer("at_most", at_most)
    if batch_size is not None:
        worth = numbers.size // (4 * positive_integer("batch_size", batch_size))
        at_most = min(at_most, max(1, worth))
    distinct, counts = np.unique(numbers, return_counts=True)
    ends: list[int] = distinct.tolist()
    upto: list[int] = [0, *np.cumsum(counts).tolist()]  # upto[j]: sequences in the first j lengths

    # best[j]: the fewest cells for the first j lengths, with as many buckets as turns; None where
    # there are fewer lengths than buckets.
    best: list[int | None] = [0, *[None] * len(ends)]
    choices = []
    for _ in range(min(at_most, len(ends))):
        best, choice = _one_more_bucket(best, ends, upto)
        choices.append(choice)

    chosen: list[int] = []
    last = len(ends)
    for choice in reversed(choices):
        chosen.append(ends[last - 1])
        last = choice[last]
    return chosen[::-1]


def padding_share(lengths: Any, buckets: Sequence[int]) -> float:
    """The share of padding among all ids, each sequence padded to the first bucket that holds it.

    Every epoch of `labelled_batches(..., buckets=buckets)` has just this share.

    Args:
        lengths: `[N]`, integers of 1 or more (an empty sequence is one token there).
        buckets: rising lengths, such as `bucket_lengths` chooses.

    Raises:
        KitError: there are no lengths, an argument is wrong, or no bucket holds the longest.

    Example:
        >>> padding_share([2, 1, 4], [2, 4])
        0.125
    """
    numbers = check_lengths(lengths)
    ends = np.array(check_buckets(buckets, int(numbers.max())), np.int64)
    cells = int(ends[np.searchsorted(ends, numbers)].sum())
    return 1 - int(numbers.sum()) / cells


def check_lengths(lengths: Any) -> np.ndarray:
    """`lengths` as a vector of int64, each 1 or more.

    Example:
        >>> check_lengths([3, 1]).tolist()
        [3, 1]
    """
    numbers = np.asarray(lengths)
    if numbers.ndim != 1 or not numbers.size or numbers.dtype.kind not in "iu" or numbers.min() < 1:
        raise KitError(
            "lengths must be a vector of positive integers, one a sequence; received shape "
            f"{numbers.shape}, dtype {numbers.dtype}. Pass the length of each sequence."
        )
    return numbers.astype(np.int64)


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


def _one_more_bucket(
    best: list[int | None], ends: list[int], upto: list[int]
) -> tuple[list[int | None], list[int]]:
    """`best` with one bucket more, and for each entry how many lengths the others hold.

    A last bucket that ends at `e = ends[j - 1]` and leaves `i` lengths to the others costs
    `best[i] + (upto[j] − upto[i]) · e`: a straight line in `e`, the steeper the smaller `i` is.
    As `e` rises, the line that is lowest at `e` moves on through the envelope, and never back.
    """
    longer: list[int | None] = [None] * len(best)
    choice = [0] * len(best)
    lines: list[tuple[int, int, int]] = []  # slope, value at 0, i; the envelope from left to right
    lowest = 0
    for j, end in enumerate(ends, 1):
        value = best[j - 1]
        if value is not None:
            slope = -upto[j - 1]
            while len(lines) > 1 and _hidden(lines[-2], lines[-1], slope, value):
                lines.pop()
            lines.append((slope, value, j - 1))
        if not lines:
            continue
        lowest = min(lowest, len(lines) - 1)
        costs = [at * end + value for at, value, _ in lines[lowest : lowest + 2]]
        while len(costs) > 1 and costs[1] <= costs[0]:
            lowest += 1
            costs = [at * end + value for at, value, _ in lines[lowest : lowest + 2]]
        longer[j] = costs[0] + upto[j] * end
        choice[j] = lines[lowest][2]
    return longer, choice


def _hidden(
    before: tuple[int, int, int], middle: tuple[int, int, int], slope: int, value: int
) -> bool:
    """Whether a line that falls more steeply than both leaves nowhere for `middle` to be lowest."""
    return (value - before[1]) * (before[0] - middle[0]) <= (middle[1] - before[1]) * (
        before[0] - slope
    )
