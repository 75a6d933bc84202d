"""What a bundle computes in, and what a lower precision costs: perplexity or accuracy, on data."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Classifier, load
from keras_rnn_kit.runtime.spec import PRECISIONS

# A text, or texts and their labels.
Data = str | tuple[Sequence[str], Sequence[str]]
# onnxruntime has no product of whole numbers on CUDA, and on a CPU it computes half precision by
# turning each number into float32 and back.
_TARGET = {"float16": "cuda", "int8": "cpu"}


def check_precision(precision: str, target: str, kind: str, data: Data | None) -> None:
    """`KitError` for a precision that isn't there, or not for the target, or can't be measured."""
    if precision not in PRECISIONS:
        raise KitError(f"precision must be one of {', '.join(PRECISIONS)}; received {precision!r}.")
    wanted = _TARGET.get(precision, target)
    if target != wanted:
        raise KitError(
            f"precision {precision} is for the target {wanted}; received target={target!r}. Pass "
            f"--target {wanted} (target={wanted!r}), or another precision."
        )
    if precision == "int8" and data is None:
        raise KitError(
            "int8 rounds the weights, so what it costs must be measured; received no data. Pass "
            "--data (data=) with a text for a language model, or labelled texts for a classifier: "
            "not what the model was trained on."
        )
    if data is not None and isinstance(data, str) != (kind == "language_model"):
        wanted = "a text" if kind == "language_model" else "(texts, labels)"
        raise KitError(
            f"data for a {kind.replace('_', ' ')} must be {wanted}; received a "
            f"{type(data).__name__}. Pass {wanted}."
        )


def loss_of_precision(
    before: str | os.PathLike[str], after: str | os.PathLike[str], data: Data
) -> dict[str, Any]:
    """`measured` of `spec.json`: the figure of two bundles of one model on the same data.

    That is the perplexity of a text, or the accuracy on labelled texts; `on` counts what was
    predicted. Raises `KitError` for too little data and for a label that the model doesn't have.
    """
    found: dict[str, Any] = {}
    for path in (before, after):
        model = load(path)
        if isinstance(model, Classifier):
            assert not isinstance(data, str)
            texts, labels = data
            right = _right(model, texts, labels)
            found |= {"figure": "accuracy", "on": len(right)}
            found[model.bundle.spec.precision] = float(np.mean(right))
        else:
            assert isinstance(data, str)
            scores = model.score(data)
            found |= {"figure": "perplexity", "on": len(scores)}
            with np.errstate(over="ignore"):
                found[model.bundle.spec.precision] = float(np.exp(-scores.mean()))
    if not all(np.isfinite(value) for value in found.values() if isinstance(value, float)):
        raise KitError(
            "data must be a text that the model can predict; received one of infinite perplexity. "
            "Pass a text like those that it was trained on."
        )
    return found


def _right(model: Classifier, texts: Sequence[str], labels: Sequence[str]) -> list[bool]:
    unknown = sorted(set(labels) - set(model.labels))
    if unknown or not texts or len(texts) != len(labels):
        raise KitError(
            f"data must be texts with a label each, of the model's {', '.join(model.labels)}; "
            f"received {len(texts)} texts, {len(labels)} labels"
            f"{f', {unknown[0]!r} among them' if unknown else ''}. Pass the test set."
        )
    return [one == other for one, other in zip(model.predict(texts), labels, strict=True)]
