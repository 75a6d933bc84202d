"""Runs Keras's own test modules, out of its wheel, with a layer of ours in place of Keras's.

Keras's modules write `layers.GRU` and the like; that name `layers` is all that is changed in them.
"""

import types
from collections.abc import Iterator
from typing import Any

import keras
import pytest

from keras_rnn_kit.layers import recurrence
from keras_rnn_kit.layers.named import NamedRNN


def keras_tests_of(name: str) -> types.ModuleType:
    """Keras's tests of the layer in `layers/rnn/<name>.py`."""
    return pytest.importorskip(
        f"keras.src.layers.rnn.{name}_test", reason="this Keras comes without its tests"
    )


def put_in_place(module: types.ModuleType, layer: type[NamedRNN]) -> Any:
    """The fixture under which `module` makes `layer`, none of Keras's, and runs the engine."""
    stock = layer.stands_in_for
    assert stock is not None

    @pytest.fixture(autouse=True)
    def in_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        made, runs = [], []
        run, init = recurrence.run, layer.__init__

        def counted_init(self: Any, *args: Any, **kwargs: Any) -> None:
            made.append(type(self))
            init(self, *args, **kwargs)

        def counted_run(*args: Any, **kwargs: Any) -> Any:
            runs.append(kwargs)
            return run(*args, **kwargs)

        def barred(self: Any, *args: Any, **kwargs: Any) -> None:
            raise AssertionError(f"Keras's own {stock.__name__} was made.")

        namespace = types.SimpleNamespace(**{layer.__name__: layer})
        monkeypatch.setattr(module, "layers", namespace)
        monkeypatch.setattr(layer, "__init__", counted_init)
        monkeypatch.setattr(recurrence, "run", counted_run)
        monkeypatch.setattr(stock, "__init__", barred)
        yield
        # Every test makes ours, none else, and runs it on the engine.
        assert set(made) == {layer}
        assert runs

    return in_place


def check_collection(
    request: pytest.FixtureRequest,
    module: types.ModuleType,
    ours: type,
    layer: type[NamedRNN],
    *,
    include: set[str],
    apart: dict[str, str],
) -> None:
    """All of Keras's tests are collected in `ours`; those that Keras skips here are in `apart`.

    Called in a test of its own, under the fixture: it makes one of `layer` and runs it.
    """
    (collector,) = [n for n in request.node.parent.collect() if n.name == ours.__name__]
    items = list(collector.collect())
    (theirs,) = [base for base in ours.__bases__ if base.__module__ == module.__name__]
    assert {item.name for item in items} == {n for n in vars(theirs) if n.startswith("test_")}
    assert include <= {item.name for item in items}
    skipped = {i.name for i in items if any(m.args[0] for m in i.iter_markers("skipif"))}
    assert skipped == apart.keys()
    assert module.__file__ is not None
    assert module.__file__.startswith(keras.__file__.removesuffix("__init__.py"))
    # What the fixture asks of every test: one of ours made, and run on the engine; none of Keras's.
    layer(2)(keras.ops.ones((1, 2, 3)))
    assert layer.stands_in_for is not None
    with pytest.raises(AssertionError, match=f"Keras's own {layer.__name__} was made"):
        layer.stands_in_for(2)
