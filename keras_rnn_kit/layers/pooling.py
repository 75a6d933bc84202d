"""From one vector a step to one vector a sequence, masks respected."""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class TemporalPooling(keras.layers.Layer):
    """Mean or maximum over time of the real steps: `[B, T, H] -> [B, H]`.

    `mask [B, T]` comes by itself from a layer with `mask_zero=True`. A row without any real step
    gives zeros. (`keras.layers.GlobalMaxPooling1D` ignores masks, so that padding can win.)

    Raises `KitError` for a `mode` other than `"mean"` and `"max"`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.layers import TemporalPooling
    >>> x = np.array([[[1.0], [3.0], [9.0]]], "float32")
    >>> TemporalPooling("max")(x, mask=np.array([[True, True, False]])).numpy().tolist()
    [[3.0]]
    """

    def __init__(self, mode: str = "mean", **kwargs: Any):
        super().__init__(**kwargs)
        if mode not in ("mean", "max"):
            raise KitError(f"mode must be 'mean' or 'max'; received {mode!r}.")
        self.mode = mode
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pools `[B, T, H]` over T."""
        if mask is None:
            return ops.mean(inputs, axis=1) if self.mode == "mean" else ops.max(inputs, axis=1)
        real = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)  # [B, T, 1]
        count = ops.sum(real, axis=1)  # [B, 1]
        if self.mode == "mean":
            return ops.sum(inputs * real, axis=1) / ops.maximum(count, 1)
        # Below every activation a recurrent layer gives, and finite in float16 too.
        lowest = ops.cast(-60000.0, inputs.dtype)
        highest = ops.max(ops.where(real > 0, inputs, lowest), axis=1)
        return ops.where(count > 0, highest, ops.zeros_like(highest))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Time is gone, and the mask with it."""
        return

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        """`[B, H]`."""
        return (input_shape[0], *input_shape[2:])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}
