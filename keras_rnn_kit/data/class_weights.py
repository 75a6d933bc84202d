"""Weights for classes of unequal size."""

from typing import Any

import numpy as np

from keras_rnn_kit.data.checks import ids_vector
from keras_rnn_kit.errors import KitError


def class_weights(labels: Any) -> dict[int, float]:
    """`{class: N / (classes · count of the class)}`, for `model.fit(class_weight=...)`.

    Every class then weighs as much as the others in the loss, and the mean weight of an example
    is 1. The classes are those that occur. The weights are those that scikit-learn calls
    "balanced", after King and Zeng 2001, "Logistic Regression in Rare Events Data".

    Args:
        labels: `[N]`, integers of 0 or more: the labels of the training examples.

    Raises:
        KitError: there are no labels, or they are no such integers.

    Example:
        >>> class_weights([0, 0, 0, 1])
        {0: 0.6666666666666666, 1: 2.0}
    """
    ids = ids_vector("labels", labels, "Number the classes 0, 1, ... first.")
    if not ids.size:
        raise KitError("labels must hold one or more; received none. Pass the training labels.")
    classes, counts = np.unique(ids, return_counts=True)
    weights = ids.size / (classes.size * counts)
    return dict(zip(classes.tolist(), weights.tolist(), strict=True))
