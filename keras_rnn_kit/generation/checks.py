"""The checks of arguments that sampling, generating and the runtime share."""

from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError


def id_array(name: str, ids: Any) -> npt.NDArray[np.int64]:
    """Returns ``ids`` as an int64 array, whatever its rank; what isn't integers is a KitError.

    Example:
        >>> id_array("prompt", [3, 1])
        array([3, 1])
    """
    try:
        array = np.asarray(ids)
    except ValueError as error:  # rows of different lengths
        raise KitError(
            f"{name} must hold rows of one length; received rows that differ. Pass one at a time."
        ) from error
    # An empty list is a float array to NumPy; how many ids are wanted is for the caller to say.
    if array.size and array.dtype.kind not in "iu":
        raise KitError(
            f"{name} must hold integer ids; received {array.dtype} values. Encode the text first."
        )
    return array.astype(np.int64)


def check_ids(name: str, ids: npt.NDArray[Any], size: int) -> None:
    """Raises KitError, naming the id and V, unless every id lies in ``[0, V)``.

    Example:
        >>> check_ids("tokens", np.array([0, 4]), 5)
    """
    outside = ids[(ids < 0) | (ids >= size)]
    if outside.size:
        raise KitError(
            f"{name} must hold ids from 0 to {size - 1}; received id {int(outside[0])} for a "
            f"vocabulary of V={size}. Encode the text with the model's own vocabulary."
        )
