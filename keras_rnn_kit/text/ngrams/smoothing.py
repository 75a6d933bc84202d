"""Counts of n-grams made into probabilities: relative frequency, Laplace, Kneser-Ney."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.ngrams.counts import Counts, Integers

Floats = npt.NDArray[np.float64]
Discounts = tuple[float, float, float]
"""What is taken from a count of 1, of 2, and of 3 or more."""

# Taken where the text is too small to estimate the discounts from.
_HALF: Discounts = (0.5, 0.5, 0.5)
_RISING: Discounts = (0.5, 1.0, 1.5)


@dataclasses.dataclass(frozen=True, eq=False)
class Level:
    """The probabilities of one order: `share(n-gram) + rest(context) · p(token | a lower order)`.

    Attributes:
        keys: [M], see `Counts`.
        shares: [M + 1]; the last one, which number -1 reaches, is that of an n-gram never seen.
        rests: [contexts + 1]; the last one is that of a context never seen.
        size: V.
    """

    keys: Integers
    shares: Floats
    rests: Floats
    size: int

    def find(self, contexts: Integers, tokens: Integers) -> Integers:
        """The numbers of the n-grams made of contexts [N] and tokens [N]; -1 for one never seen."""
        if not len(self.keys):
            return np.full(len(tokens), -1)
        keys = contexts * self.size + tokens  # negative, so never found, after a context of -1
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, places, -1)

    def children(self, context: int) -> tuple[Integers, Floats]:
        """The tokens seen after a context, and their shares; none after the context -1."""
        first = context * self.size
        low, high = np.searchsorted(self.keys, [first, first + self.size])
        return self.keys[low:high] - first, self.shares[low:high]


def additive(counts: Counts, size: int, alpha: float) -> Level:
    """`(c + alpha) / (c of the context + alpha · V)`; its rest is for the uniform distribution.

    With `alpha` 0 it is the relative frequency, and 0 after a context that nothing was seen after.
    """
    contexts, totals = _contexts(counts, counts.seen, size)
    totals += alpha * size
    after_any = totals > 0
    shares = counts.seen / totals[contexts]
    rests = np.divide(alpha * size, totals, out=np.zeros_like(totals), where=after_any)
    return Level(counts.keys, np.append(shares, 0.0), np.append(rests, float(alpha > 0)), size)


def discounted(counts: Counts, adjusted: Integers, size: int, discounts: Discounts) -> Level:
    """`(a - D(a)) / (a of the context)` for the adjusted counts a; what was taken is the rest."""
    taken = np.array([0.0, *discounts])[np.minimum(adjusted, 3)]
    contexts, totals = _contexts(counts, adjusted, size)
    after_any = totals > 0
    totals[~after_any] = 1.0
    shares = (adjusted - taken) / totals[contexts]
    rests = np.bincount(contexts, weights=taken, minlength=counts.contexts) / totals
    # Where nothing was seen after a context, the lower order has the whole say.
    return Level(
        counts.keys, np.append(shares, 0.0), np.append(np.where(after_any, rests, 1.0), 1.0), size
    )


def _contexts(counts: Counts, values: Integers, size: int) -> tuple[Integers, Floats]:
    """The number of each n-gram's context [M], and the sums of `values` by context."""
    contexts = counts.keys // size
    totals = np.bincount(contexts, weights=values, minlength=counts.contexts)
    return contexts, totals.astype(np.float64)


def estimate_discounts(adjusted: Integers, *, single: bool = False) -> Discounts:
    """Discounts from the counts of counts n1, n2, n3, n4 of one order.

    Single: `Y = n1 / (n1 + 2 n2)` for all (Ney, Essen and Kneser 1994). Else `1 - 2 Y n2/n1`,
    `2 - 3 Y n3/n2` and `3 - 4 Y n4/n3` (Chen and Goodman 1999). Where one of these n is 0, or a
    discount isn't above 0, the text is too small for the estimate: 0.5 in its place, or 0.5, 1.0
    and 1.5.

    Example:
        >>> estimate_discounts(np.array([1, 1, 1, 1, 2, 2, 3, 4]))
        (0.5, 1.25, 1.0)
    """
    n1, n2, n3, n4 = (np.bincount(np.minimum(adjusted, 5), minlength=6)[1:5]).tolist()
    if not (n1 and n2):
        return _HALF if single else _RISING
    share = n1 / (n1 + 2 * n2)
    if single:
        return share, share, share
    if not (n3 and n4):
        return _RISING
    found = (1 - 2 * share * n2 / n1, 2 - 3 * share * n3 / n2, 3 - 4 * share * n4 / n3)
    return found if min(found) > 0 else _RISING


def own_discounts(discounts: Any) -> Discounts | None:
    """Discounts given as numbers; None where they are to be estimated."""
    if isinstance(discounts, str) and discounts in ("modified", "single"):
        return None
    try:
        first, second, third = map(float, discounts)
    except (TypeError, ValueError):
        first = second = third = 0.0
    if not (0 < first <= 1 and 0 < second <= 2 and 0 < third <= 3):
        raise KitError(
            "discounts must be 'modified', 'single' or three numbers above 0, of at most 1, 2 and "
            f"3; received discounts={discounts!r}. Leave it out to estimate them."
        )
    return first, second, third
