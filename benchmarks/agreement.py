"""Only what computes the same is timed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError


def check_agreement(
    results: Mapping[str, Sequence[Any]], names: Sequence[str], *, tolerance: float, case: str
) -> dict[str, float]:
    """The largest difference of each peer from the first one, relative to the largest value.

    Args:
        results: by peer, its arrays.
        names: what the arrays are, in their order.
        tolerance: how far one may be away; NaN never is near.
        case: what was run, for the message.

    Raises:
        KitError: arrays that differ in shape or by more, each named with its peer.

    Example:

    >>> check_agreement({"kit": [[1.0, 2.0]], "Keras": [[1.0, 2.5]]}, ["y"], tolerance=1, case="")
    {'Keras': 0.25}
    """
    (first, reference), *others = results.items()
    differences = {}
    faults = []
    for peer, arrays in others:
        largest = 0.0
        for name, ours, theirs in zip(names, reference, arrays, strict=True):
            wanted, found = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
            if wanted.shape != found.shape:
                faults.append(f"{name} of {peer} has the shape {found.shape}, not {wanted.shape}")
                continue
            scale = max(float(np.abs(wanted).max(initial=0)), 1e-30)
            difference = float(np.abs(wanted - found).max(initial=0)) / scale
            if not difference <= tolerance:
                faults.append(f"{name} of {peer} is away by {difference:.1e}")
            largest = max(largest, difference)
        differences[peer] = largest
    if faults:
        raise KitError(
            f"peers must give equal results to be timed, within {tolerance:.0e} of the largest "
            f"value; received, against {first} at {case}: {'; '.join(faults)}. Repair the one that "
            "is wrong."
        )
    return differences
