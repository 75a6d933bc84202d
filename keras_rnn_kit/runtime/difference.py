"""By how much two runs of the same graph may differ, and do."""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

# By what a graph computes in, how far its outputs may be from what was recorded at the export. A
# wrong graph is off by its whole size.
TOLERANCES = {
    # Sums in another order differ by some 1e-6 of the largest value, which a recurrence carries
    # from step to step.
    "float32": 1e-4,
    # Each number is rounded to 1/2048 of itself.
    "float16": 1e-2,
    # The same whole numbers everywhere, but for one that lies between two and falls the other way.
    "int8": 1e-1,
}


_NEVER = -1e8  # no logit of a model comes near


@dataclasses.dataclass(frozen=True)
class Difference:
    """The largest difference of one output at one size, relative to its largest value.

    Or to 1, where that is smaller: what is added up inside is of that size.
    """

    graph: str
    output: str
    batch: int
    length: int
    value: float

    def __str__(self) -> str:
        where = f"{self.graph}.onnx: {self.output} at batch {self.batch}, length {self.length}"
        return f"{where}: {self.value:.1e}"


def relative(received: npt.NDArray[np.generic], expected: npt.NDArray[np.generic]) -> float:
    """The largest difference of two arrays; infinite where their shapes differ, or one is NaN.

    A score of -1e9, of what can't be, is to be one in both, and of no account for the others.

    Example:

    >>> relative(np.array([1.0, 4.0]), np.array([1.0, 5.0]))
    0.2
    >>> relative(np.array([-1e9, 4.0]), np.array([-1e9, 5.0]))
    0.2
    """
    if received.shape != expected.shape:
        return float("inf")
    one, other = received.astype(np.float64), expected.astype(np.float64)
    if not np.isfinite(one).all():
        return float("inf")
    never = other < _NEVER
    if ((one < _NEVER) != never).any():
        return float("inf")
    one, other = one[~never], other[~never]
    scale = max(1.0, float(np.abs(other).max(initial=0.0)))
    return float(np.abs(one - other).max(initial=0.0)) / scale


def least_likely(
    prompts: npt.NDArray[np.integer],
    lengths: npt.NDArray[np.integer],
    generated: npt.NDArray[np.integer],
    specials: int,
    logits_of: Callable[[npt.NDArray[np.integer], int], npt.NDArray[np.floating]],
) -> float:
    """`likelier` at its worst over the tokens that were generated after each prompt.

    `logits_of` reads a text `[1, T]`, which the row of that number is, and gives `[1, T, V]`; the
    first `specials` ids never come.
    """
    worst = 0.0
    for k, (prompt, size, row) in enumerate(zip(prompts, lengths, generated, strict=True)):
        text = np.concatenate([prompt[:size], row])[None, :-1]
        logits = np.array(logits_of(text, k))[0, size - 1 :]
        logits[:, :specials] = -np.inf
        worst = max(worst, likelier(logits, row))
    return worst


def likelier(logits: npt.NDArray[np.floating], chosen: npt.NDArray[np.integer]) -> float:
    """By how much another token would have been likelier, `[N, V]` logits and `[N]` tokens.

    Relative as above. Where two tokens are as likely as can be told, either may be chosen.

    Example:

    >>> likelier(np.array([[0.5, 0.25]]), np.array([1]))
    0.25
    """
    best, taken = logits.max(axis=1), logits[np.arange(len(chosen)), chosen]
    if not (np.isfinite(best).all() and np.isfinite(taken).all()):
        return float("inf")
    scale = max(1.0, float(np.abs(best).max(initial=0.0)))
    return float((best - taken).max(initial=0.0)) / scale
