"""Names the extra that brings a package which is missing where it is first needed."""

import contextlib
from collections.abc import Iterator

from keras_rnn_kit.errors import KitError

_TRAIN = ("tensorflow", "keras", "tensorflow_datasets", "tf2onnx", "onnx", "matplotlib")


@contextlib.contextmanager
def train_extra(name: str) -> Iterator[None]:
    """Turns the missing import of a training package in the block into a `KitError`.

    Example:

    >>> with train_extra("keras_rnn_kit.models"):
    ...     raise ModuleNotFoundError("No module named 'keras'", name="keras")
    Traceback (most recent call last):
    ...
    keras_rnn_kit.errors.KitError: keras_rnn_kit.models needs keras; received an environment \
without it. Run `pip install keras-rnn-kit[train]`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _TRAIN:
            raise
        raise KitError(
            f"{name} needs {missing}; received an environment without it. "
            "Run `pip install keras-rnn-kit[train]`."
        ) from error
