"""Long sequences cut to a largest length; NumPy alone."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.checks import ids_vector
from keras_rnn_kit.text.cutting import Keep, cut_ids


def cut_sequences(
    sequences: Iterable[Any], max_length: int | None, keep: Keep = "head"
) -> tuple[list[np.ndarray], int]:
    """The sequences with no more than `max_length` ids each, and how many of them were cut.

    Args:
        sequences: vectors of ids.
        max_length: the longest that stays whole; None cuts nothing.
        keep: the part that stays of a longer one; see `keras_rnn_kit.text.cutting.cut_ids`.

    Raises:
        KitError: an argument is wrong.

    Example:
        >>> cut_sequences([[1, 2, 3, 4, 5, 6], [7]], max_length=4, keep="both")
        ([array([1, 4, 5, 6], dtype=int32), array([7], dtype=int32)], 1)
    """
    vectors = [ids_vector(f"sequences[{i}]", one) for i, one in enumerate(sequences)]
    most = None if max_length is None else positive_integer("max_length", max_length)
    cut = [cut_ids(ids, most, keep) for ids in vectors]
    return cut, sum(one.size < ids.size for one, ids in zip(cut, vectors, strict=True))
