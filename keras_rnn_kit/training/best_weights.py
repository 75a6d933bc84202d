"""Keeps the best weights seen, and a training that is stopped by hand worth something."""

from typing import Any

import keras

from keras_rnn_kit.errors import KitError


class BestWeights(keras.callbacks.Callback):
    """Remembers the weights of the epoch with the lowest (or highest) `monitor`.

    Unlike `keras.callbacks.EarlyStopping(restore_best_weights=True)`, `restore()` may be called
    whenever one likes, so also after Ctrl-C. `patience` epochs without a better one stop training.

    Args:
        monitor: the key in the logs; an accuracy is maximized, anything else minimized.
        patience: epochs to wait for a better one; `None` never stops.

    Raises `KitError` at the end of an epoch that has no such figure.

    Attributes:
        epoch: the best epoch, counted from 1; `None` before the first has ended.
        epochs: how many epochs have ended.

    Example:

    >>> import keras, numpy as np
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> best = BestWeights("loss")
    >>> _ = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[best])
    >>> best.restore(), best.epochs
    (True, 2)
    """

    def __init__(self, monitor: str = "val_loss", patience: int | None = None):
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.epoch: int | None = None
        self.epochs = 0
        self._sign = -1.0 if "acc" in monitor else 1.0
        self._best = float("inf")
        self._weights: list[Any] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.epoch, self.epochs, self._best, self._weights = None, 0, float("inf"), None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epochs = epoch + 1
        if self.monitor not in (logs := logs or {}):
            raise KitError(
                f"monitor must be one of the figures of an epoch, {', '.join(logs) or 'none'}; "
                f"received monitor={self.monitor!r}. Pass validation_data to fit for the val_ ones."
            )
        value = self._sign * float(logs[self.monitor])
        if value < self._best:  # false for NaN
            self._best, self.epoch = value, epoch + 1
            self._weights = self.model.get_weights()
        elif self.patience is not None and epoch + 1 - (self.epoch or 0) >= self.patience:
            self.model.stop_training = True

    def restore(self) -> bool:
        """Sets the best weights; false, and nothing done, where no epoch has ended well."""
        if self._weights is None:
            return False
        self.model.set_weights(self._weights)
        return True
