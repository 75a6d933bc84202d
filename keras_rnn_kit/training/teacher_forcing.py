"""Moves the rate of teacher forcing while a model trains: scheduled sampling."""

import math
from collections.abc import Callable
from typing import Any

import keras

from keras_rnn_kit.arguments import number, positive_number
from keras_rnn_kit.errors import KitError

# How far the rate still is from its end, 1 to 0, after i updates or epochs.
_FALLS: dict[str, Callable[[float, float], float]] = {
    "linear": lambda i, n: max(0.0, 1 - i / n),
    "exponential": lambda i, k: k**i,
    # k / (k + exp(i / k)), in a form that doesn't overflow.
    "inverse_sigmoid": lambda i, k: 1 / (1 + math.exp(min(i / k - math.log(k), 700))),
}
SCHEDULES = ("constant", *_FALLS)
_LEFT = 0.01  # of an exponential fall that takes so many steps


class TeacherForcing(keras.callbacks.Callback):
    """Sets the `teacher_forcing_rate` of a model's layers (`layers.OutputFeedbackRNN`), step by
    step, while it trains.

    The rate is the probability that a target and not the model's own output is fed back. Before
    update i, counted from 0, it is

    - `"constant"`: `start`;
    - `"linear"`: `start + (end − start) · min(1, i / steps)`, a fall by the same at every step, and
      `end` from `steps` on;
    - `"exponential"`: `end + (start − end) · kⁱ`, with k < 1;
    - `"inverse_sigmoid"`: `end + (start − end) · k / (k + exp(i / k))`, with k ≥ 1: nearly `start`
      at first, half-way at `i = k ln k`, nearly `end` later.

    The logs of each epoch get `teacher_forcing_rate`, that of its last update. Training that goes
    on with `initial_epoch` goes on in the schedule. After it the layers keep the last rate.

    Args:
        schedule: `"constant"`, `"linear"`, `"exponential"` or `"inverse_sigmoid"`.
        start, end: rates in [0, 1]; `end` may be the higher one.
        steps: how long it takes, in updates (or epochs): to the end of a linear fall, until an
            exponential one has a hundredth left, and twice as long as an inverse sigmoid takes to
            half-way. `None` is all of the training that `fit` is asked for.
        k: of `"exponential"` and `"inverse_sigmoid"`, in place of `steps`.
        every: `"batch"`, and i counts updates, or `"epoch"`, and it counts epochs.

    Raises:
        KitError: an argument is none of these; at the start of training, the model has no layer
            with a `teacher_forcing_rate`, or what is to be counted in batches has an unknown number
            of them.

    Source: Bengio et al., "Scheduled Sampling for Sequence Prediction with Recurrent Neural
    Networks", 2015, section 2.4, for start 1 and end 0. The paper's linear decay is given by its
    slope and ends above 0, which `end` is for.

    Example:

    >>> import keras, numpy as np
    >>> from keras_rnn_kit.layers import OutputFeedbackRNN
    >>> x, y = keras.Input((None, 1)), keras.Input((None, 1))
    >>> model = keras.Model([x, y], OutputFeedbackRNN(2, 1, return_sequences=True)(x, y))
    >>> model.compile("sgd", "mse")
    >>> data = np.zeros((4, 3, 1), "float32")
    >>> falling = TeacherForcing("linear", every="epoch", steps=4)
    >>> logs = model.fit([data, data], data, epochs=3, verbose=0, callbacks=[falling])
    >>> logs.history["teacher_forcing_rate"]
    [1.0, 0.75, 0.5]
    """

    def __init__(
        self,
        schedule: str = "linear",
        start: float = 1.0,
        end: float = 0.0,
        steps: float | None = None,
        k: float | None = None,
        every: str = "batch",
    ) -> None:
        super().__init__()
        if schedule not in SCHEDULES:
            raise KitError(
                f"schedule must be one of {', '.join(SCHEDULES)}; received {schedule!r}. Pass one "
                "of these."
            )
        if every not in ("batch", "epoch"):
            raise KitError(
                f"every must be 'batch' or 'epoch'; received {every!r}. Pass what the schedule "
                "counts."
            )
        for name, value in (("start", start), ("end", end)):
            number(name, value, "a number in [0, 1]", lambda rate: 0 <= rate <= 1)
        if steps is not None:
            positive_number("steps", steps)
        if k is not None and (schedule in ("constant", "linear") or steps is not None):
            raise KitError(
                "k shapes an exponential or inverse_sigmoid schedule, in place of steps; received "
                f"k={k!r}, steps={steps!r} and schedule={schedule!r}. Leave one of them out."
            )
        if k is not None and schedule == "exponential":
            needs = "a number above 0 and below 1 for an exponential schedule"
            number("k", k, needs, lambda given: 0 < given < 1)
        elif k is not None:
            needs = "a finite number of 1 or more for an inverse_sigmoid schedule"
            number("k", k, needs, lambda given: 1 <= given < math.inf)
        self.schedule = schedule
        self.start = start
        self.end = end
        self.steps = steps
        self.k = k
        self.every = every
        self._rates: list[keras.Variable] = []
        self._before: int | None = None  # updates of the epochs before; None at the start of fit
        self._in_epoch = 0  # updates of this one
        self._shape: float | None = None  # n of a linear schedule, k of another

    def rate(self, i: float) -> float:
        """The rate of update (or epoch) i; `KitError` where `steps` waits for `fit` to tell it."""
        if self.schedule == "constant":
            return float(self.start)
        shape = self._shape_of(self.steps) if self._shape is None else self._shape
        return float(self.end + (self.start - self.end) * _FALLS[self.schedule](i, shape))

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        layers = self.model._flatten_layers()
        found = [getattr(layer, "teacher_forcing_rate", None) for layer in layers]
        self._rates = list({id(rate): rate for rate in found if rate is not None}.values())
        if not self._rates:
            raise KitError(
                "TeacherForcing sets the teacher_forcing_rate of layers; received the model "
                f"{self.model.name!r}, no layer of which has one. Build it with "
                "layers.OutputFeedbackRNN, or leave the callback out."
            )
        self._before, self._in_epoch, self._shape = None, 0, None
        if self.schedule != "constant":
            length = self.steps
            if length is None and self.k is None:
                length = self.params["epochs"] * (self._batches() if self.every == "batch" else 1)
            self._shape = self._shape_of(length)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.every == "epoch":
            self._set(epoch)
        elif self._before is None:
            self._before = epoch and epoch * self._batches()
        else:
            self._before += self._in_epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.every == "batch":
            self._set((self._before or 0) + batch)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._in_epoch = batch + 1

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["teacher_forcing_rate"] = float(self._rates[0].numpy())

    def _set(self, i: int) -> None:
        rate = self.rate(i)
        for variable in self._rates:
            variable.assign(rate)

    def _shape_of(self, length: float | None) -> float:
        if self.k is not None:
            return self.k
        if length is None:
            raise KitError(
                "the length of a schedule is steps, or that of a training; received steps=None "
                "and no training yet. Pass steps or k."
            )
        if self.schedule == "exponential":
            return float(_LEFT ** (1 / length))
        return float(length) if self.schedule == "linear" else _half_way_at(length / 2)

    def _batches(self) -> int:
        """Batches of an epoch."""
        batches = self.params.get("steps")
        if batches is None:
            raise KitError(
                "a schedule by the batch needs to know how many an epoch has; received data of an "
                "unknown number. Pass steps_per_epoch to fit, or every='epoch'."
            )
        return int(batches)


def _half_way_at(i: float) -> float:
    """The k of an inverse sigmoid that is half-way after i, where `k ln k = i`."""
    k = max(math.e, i)
    for _ in range(50):  # Newton's steps; the function is convex, and k comes from above
        k = (k + i) / (1 + math.log(k))
    return k
