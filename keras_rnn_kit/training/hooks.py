"""Replaces methods of one model, or of its optimizer, for the time of one fit.

A Keras callback sees neither gradients nor predictions: they live inside a traced step. What can
reach them is a method of the instance that the step calls while it is traced. `TrainingHooks`
puts wrappers around such methods, has the model trace its steps anew, and takes both back.

Three facts about Keras's TensorFlow trainer that this rests on:

- `fit` builds `train_function` before `on_train_begin` but traces it at the first batch, and reads
  `model.train_function` anew at each batch, so `on_train_begin` is in time to replace it.
- A traced step stays in `model.train_function` across fits; it is dropped on both sides of the
  hooks, so that neither a step without them nor one with them is reused.
- `on_train_end` is not called when a fit is interrupted. So the hooks wrap `model.fit` too: the
  next fit first takes back what an interrupted one has left.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from keras_rnn_kit.errors import KitError

Wrapper = Callable[..., Any]  # wrapper(original, *args, **kwargs)


class TrainingHooks:
    """Wrappers around methods of a model and its optimizer, put on and taken off together.

    Several hooks may wrap one method, and may be taken off in any order.

    Args:
        model: the compiled model whose steps are to be traced anew.
        owner: who wraps, for the errors.

    Raises:
        KitError: the model trains on several replicas, where each would count for itself.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> hooks = TrainingHooks(model, "an example")
        >>> hooks.wrap(model, "count_params", lambda original: original() + 40)
        >>> hooks.install()
        >>> model.count_params()
        42
        >>> hooks.remove()
        >>> model.count_params()
        2
    """

    def __init__(self, model: keras.Model, owner: str) -> None:
        replicas = model.distribute_strategy.num_replicas_in_sync
        if replicas > 1:
            raise KitError(
                f"{owner} works on one replica; received a model that trains on {replicas}. "
                "Build and compile the model outside the distribution strategy's scope."
            )
        self._model = model
        self._planned: list[tuple[Any, str, Wrapper]] = []
        self._installed: list[tuple[Any, str, Wrapper]] = []
        self.wrap(model, "fit", self._fit_after_interruption)

    @property
    def installed(self) -> bool:
        """Whether the wrappers are on: a fit after an interrupted one takes them off."""
        return bool(self._installed)

    def wrap(self, target: Any, name: str, wrapper: Wrapper) -> None:
        """Plans `wrapper(original, *args, **kwargs)` around `target.name`."""
        self._planned.append((target, name, wrapper))

    def wrap_logs(self, step: str, results: Callable[[], Mapping[str, Any]]) -> None:
        """Plans to add `results()` to the logs that `train_step` or `test_step` returns.

        What a step returns reaches the progress bar, History and every other callback, whatever
        their order, and costs no work on the host between two batches.
        """

        def with_results(original: Callable[[Any], Any], data: Any) -> Any:
            logs = original(data)
            return {**logs, **results()} if isinstance(logs, Mapping) else logs

        self.wrap(self._model, step, with_results)

    def install(self) -> None:
        """Puts the wrappers on and has the model build its steps anew."""
        for target, name, wrapper in self._planned:
            _wrappers(target, name).append(wrapper)
            self._installed.append((target, name, wrapper))
        self._model.make_train_function(force=True)
        self._model.make_test_function(force=True)

    def remove(self) -> None:
        """Takes the wrappers off; the model builds its steps anew when they are next needed."""
        if not self._installed:
            return
        for target, name, wrapper in self._installed:
            wrappers = _wrappers(target, name)
            wrappers.remove(wrapper)
            if not wrappers:
                _unwrap(target, name)
        self._installed.clear()
        self._model.train_function = None
        self._model.test_function = None

    def _fit_after_interruption(self, original: Wrapper, *args: Any, **kwargs: Any) -> Any:
        self.remove()
        return original(*args, **kwargs)


def is_wrapped(target: Any, name: str) -> bool:
    """Whether some hooks wrap this method of this instance just now."""
    return hasattr(vars(target).get(name), "kit_wrappers")


def innermost_optimizer(optimizer: Any) -> Any:
    """The optimizer that applies the gradients: without the loss scaling of float16 around it."""
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer


def runs_in_graph(model: keras.Model) -> bool:
    """Whether the model's steps are traced, so that every branch of theirs is seen at once."""
    return not (model.run_eagerly or tf.config.functions_run_eagerly())


def _wrappers(target: Any, name: str) -> list[Wrapper]:
    """The list of wrappers around `target.name`; the method is made to go through it if need be.

    The instance's dictionary is written directly: Keras's own `__setattr__` would track the value.
    """
    if not is_wrapped(target, name):
        original = getattr(target, name)
        wrappers: list[Wrapper] = []

        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            call = original
            for wrapper in tuple(wrappers):
                call = functools.partial(wrapper, call)
            return call(*args, **kwargs)

        method.kit_wrappers = wrappers  # type: ignore[attr-defined]
        method.kit_previous = vars(target).get(name)  # type: ignore[attr-defined]
        vars(target)[name] = method
    return vars(target)[name].kit_wrappers


def _unwrap(target: Any, name: str) -> None:
    previous = vars(target)[name].kit_previous
    if previous is None:
        del vars(target)[name]
    else:
        vars(target)[name] = previous
