"""The labels of a conditional model: their names, and the ids of those that are asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError


def ids_of_labels(names: Sequence[str], labels: Any, rows: Any) -> npt.NDArray[np.int32]:
    """Names or ids to ids `[B]`, or `[1]` where one label is for all of the B `rows`.

    Args:
        names: of the model's labels, in the order of their ids.
        labels: a name or an id, or a list of them.
        rows: B, for as many labels; a B that is not known yet is not looked at.

    Raises:
        KitError: a label that there is none of, or another number of them than 1 or B.

    Example:
        >>> ids_of_labels(["prose", "verse"], "verse", 3).tolist()
        [1]
        >>> ids_of_labels(["prose", "verse"], ["verse", 0], 2).tolist()
        [1, 0]
    """
    given = np.atleast_1d(np.asarray(labels))
    if given.ndim != 1 or (isinstance(rows, int) and len(given) not in (1, rows)):
        raise KitError(
            f"labels must be one for all of the {rows} texts, or one for each; received the shape "
            f"{list(given.shape)}. Pass a name, or a list with one for each text."
        )
    # NumPy makes a list of names and ids one of names alone.
    flat = list(labels) if isinstance(labels, (list, tuple)) else given.tolist()
    found = []
    for label in flat:
        number = names.index(label) if isinstance(label, str) and label in names else label
        if not isinstance(number, (int, np.integer)) or not 0 <= number < len(names):
            known = ", ".join(f"{name!r} ({k})" for k, name in enumerate(names))
            raise KitError(
                f"a label must be one that the model knows, {known}; received {label!r}. Pass one "
                "of these."
            )
        found.append(number)
    return np.array(found, np.int32)
