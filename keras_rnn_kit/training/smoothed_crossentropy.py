"""The cross-entropy of token ids, its targets smoothed."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.arguments import rate

# A score from here on down is that of a token that can't come (`models/endings.py`).
_IMPOSSIBLE = -1e8


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SmoothedCrossentropy(keras.losses.SparseCategoricalCrossentropy):
    """The cross-entropy of `[..., V]` with ids `[...]`, a share of each target spread evenly.

    The target is `1 − ε` on the true token and `ε` over all tokens alike, so that a model does not
    grow surer than its data are: with few sentences it translates better for it, though its
    perplexity, which `PerplexityLogs` counts without the smoothing, gains little. What
    `keras.losses.CategoricalCrossentropy(label_smoothing=ε)` gives, without one-hot vectors of V.

    Args:
        smoothing: ε, in [0, 1).
        from_logits: whether the predictions are logits, or log-probabilities; else probabilities.
        ignore_class: an id that is no target, or `None`.
        reduction, name, dtype: as in `keras.losses.Loss`.

    Raises `KitError` for a smoothing outside [0, 1).

    Source: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016,
    section 7. Tokens that can't come, whose score is -1e8 or less, get no share here.

    Example:

    >>> import numpy as np
    >>> loss = SmoothedCrossentropy(0.1)
    >>> logits = np.array([[2.0, 0.0]])  # -ln p of the two tokens is 0.1269 and 2.1269
    >>> round(float(loss(np.array([0]), logits)), 4)  # 0.95 · 0.1269 + 0.05 · 2.1269
    0.2269
    """

    def __init__(
        self,
        smoothing: float = 0.1,
        from_logits: bool = True,
        ignore_class: int | None = None,
        reduction: str = "sum_over_batch_size",
        name: str = "smoothed_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            from_logits=from_logits,
            ignore_class=ignore_class,
            reduction=reduction,
            name=name,
            dtype=dtype,
        )
        self.smoothing = rate("smoothing", smoothing)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`[...]` and `[..., V]` to `[...]`."""
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, "int32")
        entropy = super().call(y_true, y_pred)
        if not self.smoothing:
            return entropy
        # log Z cancels: (1 − ε)(log Z − s_y) + ε mean(log Z − s) = log Z − s_y + ε (s_y − mean s).
        if not self.from_logits:
            y_pred = ops.log(ops.maximum(y_pred, keras.config.epsilon()))
        possible = y_pred > _IMPOSSIBLE
        count = ops.sum(ops.cast(possible, y_pred.dtype), axis=-1)
        mean = ops.sum(ops.where(possible, y_pred, 0), axis=-1) / count
        ignored = None if self.ignore_class is None else ops.equal(y_true, self.ignore_class)
        known = y_true if ignored is None else ops.where(ignored, 0, y_true)
        true = ops.take_along_axis(y_pred, known[..., None], axis=-1)[..., 0]
        spread = self.smoothing * (true - mean)
        return entropy + (spread if ignored is None else ops.where(ignored, 0, spread))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "smoothing": self.smoothing}
