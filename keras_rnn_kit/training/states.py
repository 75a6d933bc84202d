"""Sets a stateful model's states to zero where a new pass over the text begins."""

from typing import Any

import keras


class ResetStates(keras.callbacks.Callback):
    """For `stateful=True` with `language_model_windows(partition="sequential")`.

    Within an epoch row b of a batch continues row b of the one before, so the states are carried;
    at the start of an epoch, a validation, an evaluation or a prediction the rows begin anew, and
    so do the states.

    Example:

    >>> import keras, numpy as np
    >>> from keras_rnn_kit.layers import SimpleRNN
    >>> model = keras.Sequential([keras.Input((3, 1), batch_size=2), SimpleRNN(1, stateful=True)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((4, 3, 1)), np.ones((4, 1))
    >>> _ = model.fit(x, y, batch_size=2, shuffle=False, verbose=0, callbacks=[ResetStates()])
    """

    def _reset(self) -> None:
        for layer in self.model._flatten_layers():
            if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
                layer.reset_state()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._reset()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._reset()

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._reset()
