"""Choosing the next token from logits: greedy, temperature, top-k, top-p.

A distribution is made in this order: forbidden tokens out, division by the temperature, softmax,
the k largest kept, the smallest set of mass p kept. One id a row is then drawn from what is left,
by the inverse of the cumulative distribution. Top-p is the nucleus of Holtzman et al., "The
Curious Case of Neural Text Degeneration", ICLR 2020.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.arguments import number, positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation.checks import check_ids, id_array

# Logits are float32, which gives a mass to about 1e-7: a set that misses p by less than this share
# of it counts as reaching it, so that 0.5 + 0.4 reaches 0.9.
_MASS_TOLERANCE = 1e-6


class Sampler:
    """A way to choose one id a row, its settings checked once: for loops over many steps.

    Args:
        temperature: 0 takes the likeliest token (the lowest id of equals); below 1 sharpens the
            distribution, above 1 flattens it.
        top_k: keeps the k likeliest tokens, the lowest ids of equals; None keeps all. A k larger
            than V keeps all.
        top_p: keeps the smallest set of likeliest tokens whose mass is at least p, never fewer
            than one; None keeps all.
        forbidden: ids that are never chosen.

    Raises:
        KitError: a setting outside its range.

    Example:
        >>> choose = Sampler(temperature=0)
        >>> choose(np.array([[0.1, 2.0, 1.0]]), np.random.default_rng(0))
        array([1], dtype=int32)
    """

    def __init__(
        self,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        forbidden: Iterable[int] = (),
    ) -> None:
        self.temperature = number(
            "temperature",
            temperature,
            "a number of 0 or more",
            lambda given: 0 <= given < math.inf,
            "Pass 0 for the likeliest token, 1 for the model's own distribution.",
        )
        self.top_k = None if top_k is None else positive_integer("top_k", top_k)
        self.top_p = top_p
        if top_p is not None:
            self.top_p = number(
                "top_p",
                top_p,
                "a number above 0 and at most 1",
                lambda given: 0 < given <= 1,
                "Pass e.g. 0.9, or None for the whole distribution.",
            )
        self.forbidden = np.unique(id_array("forbidden", list(forbidden)).ravel())
        self._penalty = np.zeros(0)  # [V], made when V is known

    def __call__(self, logits: npt.ArrayLike, rng: np.random.Generator) -> npt.NDArray[np.int32]:
        """Chooses one id a row.

        Args:
            logits: [B, V], any scale; -inf is a token that can't come.
            rng: where the random numbers come from; untouched at temperature 0.

        Returns:
            ids [B], int32.

        Raises:
            KitError: logits that aren't [B, V], that hold NaN, or rows with nothing left.
        """
        scores = self._scores(logits)
        if self.temperature == 0:
            return scores.argmax(axis=1).astype(np.int32)
        cumulative = np.cumsum(self._weights(scores), axis=1)
        total = cumulative[:, -1:]
        # rng.random() < 1 and total >= 1 keep the draw below the total after rounding too, so the
        # first entry above it exists, and its own weight isn't zero.
        drawn = rng.random((len(scores), 1)) * total
        return (cumulative > drawn).argmax(axis=1).astype(np.int32)

    def probabilities(self, logits: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The distribution that is drawn from: [B, V] to [B, V], rows that sum to 1.

        Example:
            >>> Sampler(top_k=2).probabilities(np.log([[0.6, 0.2, 0.2]])).round(2)
            array([[0.75, 0.25, 0.  ]])
        """
        scores = self._scores(logits)
        if self.temperature == 0:
            likeliest = scores.argmax(axis=1)[:, None]
            return (np.arange(scores.shape[1]) == likeliest).astype(np.float64)
        weights = self._weights(scores)
        return weights / weights.sum(axis=1, keepdims=True)

    def _scores(self, logits: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Logits as float64 with the forbidden ones at -inf and each row's largest at 0."""
        array = np.asarray(logits)
        if array.ndim != 2 or not array.shape[1]:
            raise KitError(
                f"logits must have the shape [B, V]; received shape {list(array.shape)}. "
                "Pass the logits of one step."
            )
        if len(self._penalty) != array.shape[1]:
            self._penalty = self._make_penalty(array.shape[1])
        scores = array + self._penalty  # float64, as the penalty is
        largest = scores.max(axis=1, keepdims=True)  # NaN where a row holds one
        if not np.isfinite(largest).all():
            raise _no_distribution(largest)
        scores -= largest
        return scores

    def _make_penalty(self, size: int) -> npt.NDArray[np.float64]:
        check_ids("forbidden", self.forbidden, size)
        if len(self.forbidden) == size:
            raise KitError(
                f"forbidden must leave a token to choose; received all of V={size} ids. "
                "Leave at least one out."
            )
        penalty = np.zeros(size)
        penalty[self.forbidden] = -np.inf
        return penalty

    def _weights(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """exp(scores / temperature) of the kept tokens, 0 for the others; the largest is 1."""
        if self.temperature != 1:
            with np.errstate(over="ignore"):  # a temperature near 0 may send scores to -inf
                scores /= self.temperature
        weights = np.exp(scores)
        if self.top_k is not None and self.top_k < weights.shape[1]:
            weights = _keep_largest(weights, self.top_k)
        if self.top_p is not None and self.top_p < 1:
            weights = _keep_mass(weights, self.top_p)
        return weights


def sample(
    logits: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    forbidden: Iterable[int] = (),
) -> npt.NDArray[np.int32]:
    """Chooses one id a row from logits [B, V]; the arguments are those of `Sampler`.

    Example:
        >>> logits = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
        >>> sample(logits, np.random.default_rng(0), top_p=0.5)
        array([0, 2], dtype=int32)
    """
    choose = Sampler(temperature=temperature, top_k=top_k, top_p=top_p, forbidden=forbidden)
    return choose(logits, rng)


def _keep_largest(weights: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.float64]:
    """Zeroes all but each row's k largest; of equals at the threshold the lowest ids stay."""
    size = weights.shape[1]
    threshold = np.partition(weights, size - k, axis=1)[:, size - k, None]
    above = weights > threshold
    equal = weights == threshold
    room = k - above.sum(axis=1, keepdims=True)
    return np.where(above | (equal & (np.cumsum(equal, axis=1) <= room)), weights, 0.0)


def _keep_mass(weights: npt.NDArray[np.float64], p: float) -> npt.NDArray[np.float64]:
    """Zeroes all but the smallest set of each row's largest whose share is at least p."""
    order = np.argsort(-weights, axis=1, kind="stable")
    falling = np.take_along_axis(weights, order, axis=1)
    cumulative = np.cumsum(falling, axis=1)
    before = cumulative - falling  # the mass of what is likelier; 0 for the first, which stays
    falling[before >= p * (1 - _MASS_TOLERANCE) * cumulative[:, -1:]] = 0.0
    kept = np.empty_like(falling)
    np.put_along_axis(kept, order, falling, axis=1)
    return kept


def _no_distribution(largest: npt.NDArray[Any]) -> KitError:
    row = int(np.flatnonzero(~np.isfinite(largest))[0])
    found = {"-inf": "no token that can come", "inf": "+inf"}.get(str(largest[row, 0]), "NaN")
    return KitError(
        f"logits must be numbers with a largest in each row; received {found} in row {row}. "
        "Check the model's weights and the forbidden tokens."
    )
