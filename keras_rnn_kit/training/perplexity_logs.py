"""Perplexity in the logs of a model that was compiled without it."""

from collections.abc import Callable
from typing import Any

import keras

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training.hooks import TrainingHooks
from keras_rnn_kit.training.perplexity import BitsPerCharacter, Perplexity, nll_and_count

_SPARSE_LOSSES = ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")


class PerplexityLogs(keras.callbacks.Callback):
    """Puts `perplexity` and `bits_per_character`, with `val_` too, into the logs.

    They are sums over the real tokens of the whole epoch (see `Perplexity`): masks, weights and
    unequal batches are counted right, which the exponential of Keras's loss does not do. Both are
    counted in the step itself, in `compute_metrics`, from the predictions that are there anyway.
    Works in `fit` and in `evaluate(..., callbacks=[...])`. A callback that monitors
    `val_perplexity` needs `mode="min"`, since Keras knows the direction of compiled metrics alone.

    Args:
        from_logits: whether the model predicts logits; None takes it from the compiled loss.
        ignore_id: target that is not counted; None takes the compiled loss's `ignore_class`.

    Raises:
        KitError: at the start, where the compiled loss doesn't say what the predictions are; at
            the end of the first epoch, where the model's own step leaves out `compute_metrics`.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Embedding(4, 4)])
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> model.compile("sgd", loss)
        >>> ids = np.zeros((2, 3), "int32")
        >>> history = model.fit(ids, ids, callbacks=[PerplexityLogs()], verbose=0)
        >>> sorted(history.history)
        ['bits_per_character', 'loss', 'perplexity']
    """

    def __init__(self, from_logits: bool | None = None, ignore_id: int | None = None) -> None:
        super().__init__()
        self._given = (from_logits, ignore_id)
        self._metrics = (Perplexity(), BitsPerCharacter())
        self._hooks: TrainingHooks | None = None
        self._in_fit = False
        self._counted = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._in_fit = True
        self._start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._check_that_counted()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._in_fit = False
        self._stop()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        # An interrupted fit has not said that it ended.
        self._in_fit = self._in_fit and self._hooks is not None and self._hooks.installed
        if not self._in_fit:
            self._start()
        self._reset()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._stop()
            self._check_that_counted()

    def _start(self) -> None:
        self._stop()
        from_logits, ignore_id = self._given
        if from_logits is None:
            from_logits, loss_ignores = _told_by_loss(self.model.loss)
            ignore_id = loss_ignores if ignore_id is None else ignore_id
        self._counted = False

        def count(
            original: Callable[..., Any], x: Any, y: Any, y_pred: Any, sample_weight: Any = None
        ) -> Any:
            if y is None or isinstance(y_pred, (list, tuple, dict)):
                raise KitError(
                    "PerplexityLogs needs one output with target ids; received "
                    f"{'no targets' if y is None else f'outputs in a {type(y_pred).__name__}'}. "
                    "Compile the model with Perplexity() as the metric of its logits instead."
                )
            total, number = nll_and_count(y, y_pred, sample_weight, from_logits, ignore_id)
            for metric in self._metrics:
                metric.add(total, number)
            self._counted = True
            return original(x, y, y_pred, sample_weight=sample_weight)

        hooks = TrainingHooks(self.model, "PerplexityLogs")
        hooks.wrap(self.model, "compute_metrics", count)
        hooks.wrap_logs("train_step", self._results)
        hooks.wrap_logs("test_step", self._results)
        hooks.install()
        self._hooks = hooks

    def _stop(self) -> None:
        if self._hooks is not None:
            self._hooks.remove()
            self._hooks = None

    def _reset(self) -> None:
        for metric in self._metrics:
            metric.reset_state()

    def _results(self) -> dict[str, Any]:
        return {metric.name: metric.result() for metric in self._metrics}

    def _check_that_counted(self) -> None:
        if not self._counted:
            raise KitError(
                "PerplexityLogs counts in compute_metrics; received a model "
                f"({type(self.model).__name__}) whose own step does not call it. Return "
                "self.compute_metrics(x, y, y_pred, sample_weight) from the step."
            )


def _told_by_loss(loss: Any) -> tuple[bool, int | None]:
    """(from_logits, ignored id) of the loss a model was compiled with."""
    if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        config = loss.get_config()
        return config["from_logits"], config["ignore_class"]
    if loss in _SPARSE_LOSSES or loss is keras.losses.sparse_categorical_crossentropy:
        return False, None
    raise KitError(
        "PerplexityLogs reads from a sparse categorical cross-entropy whether the model predicts "
        f"logits; received loss={loss!r}. Pass from_logits=True or from_logits=False."
    )
