"""Which part of a long text is read."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError

Keep = Literal["head", "tail", "both"]
Ids = npt.NDArray[np.int32]


def cut_ids(ids: Ids, max_length: int | None, keep: Keep = "head") -> Ids:
    """The ids `[T]`, or `max_length` of them where there are more.

    What stays of a longer text:
    - `keep="head"`: its first `max_length` ids;
    - `keep="tail"`: its last `max_length` ids, where a review often has its verdict;
    - `keep="both"`: its first ids and its last, a quarter and three quarters of `max_length`
      (rounded), one after the other without a sign between them.

    These are the head-only, tail-only and head+tail of Sun et al. 2019, "How to Fine-Tune BERT for
    Text Classification?" (arXiv:1905.05583), who keep 128 and 382 of 510.

    Raises:
        KitError: for another `keep`.

    Example:
        >>> cut_ids(np.array([1, 2, 3, 4, 5, 6]), max_length=4, keep="both")
        array([1, 4, 5, 6])
    """
    if keep not in get_args(Keep):
        raise KitError(
            f"keep must be 'head', 'tail' or 'both'; received keep={keep!r}. "
            "Pass the part of a long text that is to stay."
        )
    if max_length is None or ids.size <= max_length:
        return ids
    first = {"head": max_length, "tail": 0, "both": (max_length + 2) // 4}[keep]
    return np.concatenate([ids[:first], ids[ids.size - (max_length - first) :]])
