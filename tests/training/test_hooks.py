from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.training.hooks import TrainingHooks, is_wrapped
from tests.training.models import saves_models


class Thing:
    def name(self, suffix: str = "") -> str:
        return "thing" + suffix


@pytest.fixture
def model() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def planned(model: keras.Model, target: Any, letter: str) -> TrainingHooks:
    hooks = TrainingHooks(model, letter)
    hooks.wrap(target, "name", lambda original, *args: f"{letter}({original(*args)})")
    return hooks


@pytest.mark.parametrize("first_off", ["a", "b"])
def test_two_hooks_on_one_method_come_off_in_any_order(model: keras.Model, first_off: str) -> None:
    thing = Thing()
    hooks = {letter: planned(model, thing, letter) for letter in "ab"}
    for each in hooks.values():
        each.install()
    assert thing.name("!") == "b(a(thing!))"

    hooks.pop(first_off).remove()
    ((left, other),) = hooks.items()
    assert thing.name() == f"{left}(thing)"
    other.remove()
    assert thing.name() == "thing"
    assert vars(thing) == {}
    assert not is_wrapped(model, "fit")


def test_an_instance_method_that_was_there_before_comes_back(model: keras.Model) -> None:
    thing = Thing()
    own = vars(thing)["name"] = lambda: "own"
    hooks = planned(model, thing, "a")
    hooks.install()
    assert thing.name() == "a(own)"
    hooks.remove()
    assert thing.name is own


def test_steps_are_built_anew_on_both_sides(model: keras.Model) -> None:
    x = np.ones((2, 1), "float32")
    model.fit(x, x, verbose=0)
    without = model.train_function
    hooks = TrainingHooks(model, "test")
    hooks.wrap_logs("train_step", lambda: {"seven": 7.0})
    hooks.install()
    assert model.train_function is not without
    assert model.train_on_batch(x, x, return_dict=True)["seven"] == 7.0
    hooks.remove()
    assert "seven" not in model.train_on_batch(x, x, return_dict=True)


def test_the_fit_after_an_interrupted_one_starts_clean(model: keras.Model) -> None:
    class Hooked(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.hooks = TrainingHooks(self.model, "test")
            self.hooks.wrap_logs("train_step", lambda: {"seven": 7.0})
            self.hooks.install()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    x = np.ones((2, 1), "float32")
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, x, callbacks=[Hooked()], verbose=0)
    assert is_wrapped(model, "train_step")
    assert sorted(model.fit(x, x, verbose=0).history) == ["loss"]
    assert not is_wrapped(model, "train_step")


@saves_models
def test_a_model_is_saved_as_ever_while_hooked(model: keras.Model, tmp_path: Any) -> None:
    hooks = TrainingHooks(model, "test")
    hooks.wrap(model.optimizer, "_clip_gradients", lambda original, g: original(g))
    hooks.install()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    assert not is_wrapped(again, "fit")
    hooks.remove()
