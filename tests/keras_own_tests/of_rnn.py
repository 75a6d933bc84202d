"""Puts our `RNN` in place of Keras's in Keras's own test modules, which give it their own cells."""

import contextlib
import types
from collections.abc import Iterator
from typing import Any

import keras
import pytest

from keras_rnn_kit.layers import RNN, recurrence


def rnn_in_place(module: types.ModuleType, **cells: type) -> Any:
    """The fixture under which `module` makes our `RNN`, and none of Keras's.

    `cells` are the cells of Keras that the module takes from `layers`, and what it gets for them.
    """

    @pytest.fixture(autouse=True)
    def in_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        made = []
        stock = keras.layers.RNN.__init__

        def counted_init(self: Any, *args: Any, **kwargs: Any) -> None:
            assert isinstance(self, RNN), "Keras's own RNN was made."
            made.append(type(self))
            stock(self, *args, **kwargs)

        names = types.SimpleNamespace(RNN=RNN, Input=keras.layers.Input, **cells)
        monkeypatch.setattr(module, "layers", names)
        monkeypatch.setattr(keras.layers.RNN, "__init__", counted_init)
        yield
        assert set(made) == {RNN}

    return in_place


@contextlib.contextmanager
def engine_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the engine is asked to run within it."""
    runs: list[Any] = []
    run = recurrence.run

    def counted_run(*args: Any, **kwargs: Any) -> Any:
        runs.append(args[0])
        return run(*args, **kwargs)

    monkeypatch.setattr(recurrence, "run", counted_run)
    yield runs
