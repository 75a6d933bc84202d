"""What has no recurrence, for all steps of all rows at once."""

from collections.abc import Callable
from typing import Any

from keras import ops


def by_row(function: Callable[[Any], Any], sequence: Any) -> Any:
    """`function`, `[N, W] -> [N, W']`, of every step: `[B, T, W] -> [B, T, W']`.

    A product in it is then one plain product, whoever takes it: of three axes `tf.matmul` makes a
    product for each row of the batch, and as many gradients of the matrix, to be summed up.

    Example:

    >>> import numpy as np
    >>> by_row(lambda rows: rows @ np.ones((4, 5)), np.ones((2, 3, 4))).shape
    TensorShape([2, 3, 5])
    """
    batch, length, width = ops.shape(sequence)
    made = function(ops.reshape(sequence, (-1, width)))
    return ops.reshape(made, (batch, length, made.shape[-1]))
