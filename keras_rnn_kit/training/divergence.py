"""Stops a training that has diverged, with the last good weights in place."""

import math
import sys
from typing import Any, TextIO

import keras
import numpy as np


class StopOnNaN(keras.callbacks.Callback):
    """Stops when the training loss, or a weight at an epoch's end, is NaN or infinite.

    The model goes back at once to the end of the last good epoch (or to the start of training), so
    that validation and whatever saves after it see good weights. A good epoch is one with a finite
    loss *and* finite weights: the last update of an epoch can break the weights after the loss was
    taken. The optimizer's variables go back with the weights, or its moments would still hold NaN
    and the next fit would fail at its first step.

    The loss is looked at after every batch, so Keras does not run callbacks beside the training.
    A copy of the weights and of the optimizer's variables is kept in main memory.

    Args:
        stream: where the one line goes that tells what happened; None is standard output.

    Attributes:
        diverged: whether the last training was stopped.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(1e9), "mse")
        >>> guard = StopOnNaN()
        >>> x = np.ones((2, 1), "float32")
        >>> _ = model.fit(x, 5 * x, epochs=99, callbacks=[guard], verbose=0)
        ... # doctest: +ELLIPSIS
        Training loss became inf in epoch ..., batch 1: ...
        >>> guard.diverged, bool(np.isfinite(model.predict(x, verbose=0)).all())
        (True, True)
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self.diverged = False
        self._stream = stream
        self._good: dict[int, tuple[Any, np.ndarray]] | None = None  # id -> (variable, value)
        self._good_epoch: int | None = None  # None is the start of training
        self._epoch = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.diverged = False
        self._good, self._good_epoch = None, None
        if self.model.built:
            optimizer = self.model.optimizer
            if not optimizer.built:  # Else its variables would come too late for this copy.
                with keras.name_scope(optimizer.name):
                    optimizer.build(self.model.trainable_variables)
            self._remember(None)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss")
        if not self.diverged and loss is not None and not math.isfinite(loss):
            self._stop(f"Training loss became {loss} in epoch {self._epoch + 1}, batch {batch + 1}")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self.diverged and not self._remember(epoch):
            self._stop(f"Weights became NaN or infinite at the end of epoch {epoch + 1}")

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._good = None  # The copy has done its duty; the memory is the user's.

    def _remember(self, epoch: int | None) -> bool:
        """Keeps a copy of the state if its weights are finite; says whether they are."""
        variables = [*self.model.variables, *self.model.optimizer.variables]
        copy = {id(v): (v, v.value.numpy()) for v in variables}
        for weight in self.model.trainable_variables:
            # Through float64, because NumPy tests no bfloat16.
            if not np.isfinite(copy[id(weight)][1].astype("float64")).all():
                return False
        self._good, self._good_epoch = copy, epoch
        return True

    def _stop(self, what: str) -> None:
        self.diverged = True
        self.model.stop_training = True
        if self._good is None:
            outcome = "no good weights to go back to, as the model was not built before training"
        else:
            for variable, value in self._good.values():
                variable.assign(value)
            place = (
                "the start of training"
                if self._good_epoch is None
                else f"the end of epoch {self._good_epoch + 1}"
            )
            outcome = f"weights of {place} restored"
        print(f"{what}: training stopped, {outcome}.", file=self._stream or sys.stdout, flush=True)
