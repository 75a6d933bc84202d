"""Perplexity and bits per character: sums over tokens first, the exponential last.

    perplexity = exp(total negative log-likelihood / number of real tokens)
    bits per character = total negative log-likelihood / (number of real tokens · ln 2)

A token is real unless a mask, a weight of zero or `ignore_id` takes it out. Keras's loss is a mean
over batches weighted by their rows and not by their real tokens, so its exponential is another
number as soon as batches are masked or unequal.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training.running_mean import RunningMean


class _TokenMean(RunningMean):
    """The mean negative log-likelihood of real tokens; what is made of it is the subclass's."""

    def __init__(
        self,
        from_logits: bool = True,
        ignore_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.from_logits = from_logits
        self.ignore_id = ignore_id
        self._direction = "down"  # What EarlyStopping and ModelCheckpoint go by.

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds the tokens of a batch.

        Args:
            y_true: ids `[B, T]` (or `[B]`, or with a last axis of one).
            y_pred: logits `[B, T, V]`, or probabilities where `from_logits` is False.
            sample_weight: weights `[B, T]` or `[B]`; a token counts by its weight.

        Raises:
            KitError: the shapes of `y_true` and `y_pred` don't belong together.
        """
        self.add(*nll_and_count(y_true, y_pred, sample_weight, self.from_logits, self.ignore_id))

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "ignore_id": self.ignore_id}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("keras_rnn_kit")
class Perplexity(_TokenMean):
    """Perplexity over all real tokens since the last reset; NaN while there was none.

    It respects Keras's automatic mask (as `metrics=[...]` and as `weighted_metrics=[...]`), and
    `ignore_id` as the target. Keras hands the `sample_weight` of a batch to `weighted_metrics`
    alone: use those where weights mark the padding.

    Args:
        from_logits: whether predictions are logits (default) or probabilities.
        ignore_id: target id that is not counted, the padding's for instance.
        name: name in the logs.
        dtype: type of the result; the sums are float64 always.

    Example:
        >>> perplexity = Perplexity(ignore_id=0)
        >>> perplexity.update_state([[1, 3, 0]], np.zeros((1, 3, 4)))
        >>> round(float(perplexity.result()), 4)  # a uniform guess among four
        4.0
    """

    def __init__(
        self,
        from_logits: bool = True,
        ignore_id: int | None = None,
        name: str | None = "perplexity",
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, ignore_id, name, dtype)

    def result(self) -> Any:
        return ops.cast(ops.exp(self.mean()), self.dtype)


@keras.saving.register_keras_serializable("keras_rnn_kit")
class BitsPerCharacter(_TokenMean):
    """Mean negative log-likelihood of a real token in bits; arguments as `Perplexity`'s.

    Example:
        >>> bits = BitsPerCharacter()
        >>> bits.update_state([1, 3], np.zeros((2, 4)))
        >>> round(float(bits.result()), 4)
        2.0
    """

    def __init__(
        self,
        from_logits: bool = True,
        ignore_id: int | None = None,
        name: str | None = "bits_per_character",
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, ignore_id, name, dtype)

    def result(self) -> Any:
        return ops.cast(self.mean() / math.log(2.0), self.dtype)


def nll_and_count(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any = None,
    from_logits: bool = True,
    ignore_id: int | None = None,
) -> tuple[Any, Any]:
    """Sums a batch: negative log-likelihood and number of its real tokens, two float64 [].

    What is not real has no say at all: neither NaN among its logits nor a target out of range
    reaches the sums.

    Args:
        y_true: ids `[B, T]` (any leading axes, or with a last axis of one).
        y_pred: `[B, T, V]`; its automatic mask is respected.
        sample_weight: None, or weights with the leading axes of `y_true`.
        from_logits: whether `y_pred` holds logits or probabilities.
        ignore_id: target that is not counted.

    Raises:
        KitError: the shapes of `y_true` and `y_pred` don't belong together.

    Example:
        >>> nll, count = nll_and_count([0, 1], np.array([[0.5, 0.5], [1.0, 0.0]]), [1, 0], False)
        >>> round(float(nll), 4), float(count)
        (0.6931, 1.0)
    """
    mask = getattr(y_pred, "_keras_mask", None)  # Lost by any operation, so read first.
    logits = ops.cast(y_pred, "float32")
    ids = ops.convert_to_tensor(y_true)
    if len(ids.shape) == len(logits.shape) and ids.shape[-1] == 1:
        ids = ops.squeeze(ids, -1)
    if len(ids.shape) != len(logits.shape) - 1 or len(ids.shape) == 0:
        raise KitError(
            "Perplexity needs target ids [B, T] and predictions [B, T, V]; received shapes "
            f"{tuple(ids.shape)} and {tuple(logits.shape)}. Pass ids and not one-hot rows, and "
            "one prediction for each id."
        )
    ids = ops.cast(ids, "int32")
    if not from_logits:
        # Log-probabilities are logits. The floor keeps a probability of zero from making NaN.
        logits = ops.log(ops.maximum(logits, np.finfo(np.float32).tiny))

    weights = ops.ones_like(ids, dtype="float64")
    if ignore_id is not None:
        weights = weights * ops.cast(ops.not_equal(ids, ignore_id), "float64")
    for given in (mask, sample_weight):
        if given is not None:
            weights = weights * _aligned(ops.cast(given, "float64"), len(ids.shape))
    is_real = ops.not_equal(weights, 0)

    nll = ops.sparse_categorical_crossentropy(ops.where(is_real, ids, 0), logits, from_logits=True)
    nll = ops.where(is_real, ops.cast(nll, "float64"), 0.0)
    return ops.sum(nll * weights), ops.sum(weights)


def _aligned(weights: Any, rank: int) -> Any:
    """Weights with as many axes as the ids: `[B]` counts for all steps of a row."""
    if len(weights.shape) == rank + 1 and weights.shape[-1] == 1:
        return ops.squeeze(weights, -1)
    while len(weights.shape) < rank:
        weights = ops.expand_dims(weights, -1)
    return weights
