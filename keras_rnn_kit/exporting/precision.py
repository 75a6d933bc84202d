"""What a bundle computes in, and what a lower precision costs, measured on data."""

import os
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.kinds.contract import Kind, Measure
from keras_rnn_kit.runtime import load
from keras_rnn_kit.runtime.spec import PRECISIONS

# onnxruntime has no product of whole numbers on CUDA, and on a CPU it computes half precision by
# turning each number into float32 and back.
_TARGET = {"float16": "cuda", "int8": "cpu"}


def check_precision(precision: str, target: str, kind: Kind, data: Any) -> None:
    """`KitError` for a precision that isn't there, or not for the target, or can't be measured."""
    if precision not in PRECISIONS:
        raise KitError(f"precision must be one of {', '.join(PRECISIONS)}; received {precision!r}.")
    wanted = _TARGET.get(precision, target)
    if target != wanted:
        raise KitError(
            f"precision {precision} is for the target {wanted}; received target={target!r}. Pass "
            f"--target {wanted} (target={wanted!r}), or another precision."
        )
    name = kind.name.replace("_", " ")
    if kind.measure is None and (precision == "int8" or data is not None):
        raise KitError(
            f"what a lower precision costs is not measured for a {name}; received "
            f"precision={precision!r}{'' if data is None else ' with data'}. Leave it out."
        )
    if precision == "int8" and data is None:
        raise KitError(
            "int8 rounds the weights, so what it costs must be measured; received no data. Pass "
            "--data (data=) with a text for a language model, or labelled texts for a classifier: "
            "not what the model was trained on."
        )
    if data is not None and kind.measure is not None and not kind.measure.fits(data):
        raise KitError(
            f"data for a {name} must be {kind.measure.data}; received a {type(data).__name__}. "
            f"Pass {kind.measure.data}."
        )


def loss_of_precision(
    before: str | os.PathLike[str], after: str | os.PathLike[str], measure: Measure, data: Any
) -> dict[str, Any]:
    """`measured` of `spec.json`: the figure of two bundles of one model on the same data.

    `on` counts what was predicted. Raises `KitError` for data that the model can't predict.
    """
    found: dict[str, Any] = {}
    for path in (before, after):
        model = load(path)
        figure, counted, value = measure.figure(model, data)
        found |= {"figure": figure, "on": counted, model.bundle.spec.precision: value}
    if not all(np.isfinite(value) for value in found.values() if isinstance(value, float)):
        raise KitError(
            "data must be a text that the model can predict; received one of infinite perplexity. "
            "Pass a text like those that it was trained on."
        )
    return found
