"""Recurrent networks for Keras: cells, layers, a text pipeline, training callbacks and export.

Importing this package loads neither Keras nor TensorFlow: a subpackage is imported when it is
first used (PEP 562), so that a serving machine pays for `runtime` alone.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from keras_rnn_kit.errors import KitError

if TYPE_CHECKING:
    from keras_rnn_kit import (
        cells,
        constraints,
        data,
        exporting,
        generation,
        initializers,
        layers,
        models,
        pictures,
        reference,
        runtime,
        text,
        training,
    )

__version__ = "0.1.0"

_SUBPACKAGES = (
    "cells",
    "constraints",
    "data",
    "exporting",
    "generation",
    "initializers",
    "layers",
    "models",
    "pictures",
    "reference",
    "runtime",
    "text",
    "training",
)
__all__ = [
    "KitError",
    "cells",
    "constraints",
    "data",
    "exporting",
    "generation",
    "initializers",
    "layers",
    "models",
    "pictures",
    "reference",
    "runtime",
    "text",
    "training",
]


def __getattr__(name: str) -> ModuleType:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBPACKAGES])
