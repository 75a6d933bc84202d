"""Ctrl-C ends a training between two batches, not in the middle of one."""

import signal
import sys
import threading
from typing import Any, TextIO

import keras


class StopOnInterrupt(keras.callbacks.Callback):
    """On the first Ctrl-C, lets the batch end, validates, and stops; the second breaks off at once.

    Python raises `KeyboardInterrupt` wherever it happens to be: inside TensorFlow's native code
    that can leave weights half-updated, and `fit` without its `on_train_end`. The signal's former
    handler is put back when training ends. Outside the main thread, where Python takes no signals,
    it does nothing.

    Args:
        stream: where the one line goes that tells what happens; `None` is standard output.

    Attributes:
        interrupted: whether the last training was stopped so.

    Example:

    >>> import keras, numpy as np, signal
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> stop = StopOnInterrupt()
    >>> ctrl_c = keras.callbacks.LambdaCallback(
    ...     on_epoch_begin=lambda epoch, logs: epoch == 2 and signal.raise_signal(signal.SIGINT)
    ... )
    >>> x = np.ones((4, 1))
    >>> history = model.fit(x, x, epochs=99, verbose=0, callbacks=[stop, ctrl_c])
    Interrupted: training ends after this batch; press Ctrl-C again to break off.
    >>> stop.interrupted, len(history.epoch)
    (True, 3)
    """

    def __init__(self, stream: TextIO | None = None):
        super().__init__()
        self.interrupted = False
        self._stream = stream
        self._former: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.interrupted = False
        if threading.current_thread() is threading.main_thread():
            self._former = signal.signal(signal.SIGINT, self._interrupt)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.interrupted:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.interrupted:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._put_back()

    def _interrupt(self, number: int, frame: Any) -> None:
        self.interrupted = True
        self._put_back()  # a second Ctrl-C finds the former handler
        print(
            "Interrupted: training ends after this batch; press Ctrl-C again to break off.",
            file=self._stream or sys.stdout,
            flush=True,
        )

    def _put_back(self) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)
            self._former = None
