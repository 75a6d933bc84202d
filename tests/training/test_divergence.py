import io
import math
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.training import StopOnNaN
from tests.training.models import compiled, padded_batch, saves_models, token_model


def line() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    return model


class PoisonAt(keras.callbacks.Callback):
    """Makes a weight NaN before the first batch of an epoch, or after the last."""

    def __init__(self, epoch: int, value: float = math.nan, after: bool = False) -> None:
        super().__init__()
        self.epoch, self.value, self.after = epoch, value, after
        self.before: list[np.ndarray] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            self.before = self.model.get_weights()
            if not self.after:
                self.poison()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.after and self.params["steps"] == batch + 1 and self.epoch == self.current:
            self.poison()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.current = int(self.model.optimizer.iterations.numpy()) // self.params["steps"]

    def poison(self) -> None:
        kernel = self.model.trainable_variables[0]
        kernel.assign(kernel * self.value)


DATA = np.ones((4, 1), "float32"), np.full((4, 1), 3.0, "float32")


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("epoch", [0, 2])
def test_it_goes_back_to_the_last_good_epoch(value: float, epoch: int) -> None:
    model, stream = line(), io.StringIO()
    guard, poison = StopOnNaN(stream), PoisonAt(epoch, value)
    history = model.fit(*DATA, batch_size=2, epochs=9, callbacks=[poison, guard], verbose=0)

    assert guard.diverged
    assert len(history.epoch) == epoch + 1
    for now, then in zip(model.get_weights(), poison.before, strict=True):
        np.testing.assert_array_equal(now, then)
    place = "the start of training" if epoch == 0 else "the end of epoch 2"
    start = f"Training loss became {value} in epoch {epoch + 1}, batch 1: training stopped"
    assert stream.getvalue() == f"{start}, weights of {place} restored.\n"


def test_weights_broken_by_the_last_update_of_an_epoch_are_not_good() -> None:
    model, stream = line(), io.StringIO()
    guard, poison = StopOnNaN(stream), PoisonAt(1, after=True)
    history = model.fit(*DATA, batch_size=2, epochs=9, callbacks=[poison, guard], verbose=0)
    assert guard.diverged
    assert np.isfinite(history.history["loss"]).all()
    assert len(history.epoch) == 2
    for now, then in zip(model.get_weights(), poison.before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert stream.getvalue().startswith("Weights became NaN or infinite at the end of epoch 2:")
    assert "weights of the end of epoch 1 restored" in stream.getvalue()


def test_the_optimizer_goes_back_too_so_that_training_can_go_on() -> None:
    model = line()
    guard = StopOnNaN(io.StringIO())
    model.fit(*DATA, epochs=9, callbacks=[PoisonAt(2), guard], verbose=0)
    assert guard.diverged
    assert int(model.optimizer.iterations.numpy()) == 2
    history = model.fit(*DATA, epochs=2, callbacks=[guard], verbose=0)
    assert not guard.diverged
    assert np.isfinite(history.history["loss"]).all()


@saves_models
def test_validation_and_checkpoints_see_good_weights(tmp_path: Any) -> None:
    model = line()
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "m.keras")
    callbacks = [checkpoint, PoisonAt(1), StopOnNaN(io.StringIO())]
    history = model.fit(*DATA, validation_data=DATA, epochs=9, callbacks=callbacks, verbose=0)
    assert np.isfinite(history.history["val_loss"]).all()
    assert len(history.history["val_loss"]) == 2
    assert all(np.isfinite(w).all() for w in keras.models.load_model(tmp_path / "m.keras").weights)


def test_a_model_that_was_not_built_has_nothing_to_go_back_to() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    guard = StopOnNaN(stream := io.StringIO())
    model.fit(DATA[0] * math.nan, DATA[1], callbacks=[guard], verbose=0)
    assert guard.diverged
    assert "no good weights to go back to" in stream.getvalue()


def test_a_good_training_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = padded_batch(6)
    guard = StopOnNaN()
    weights = []
    for callbacks in ([], [guard]):
        model = compiled(token_model(), keras.optimizers.Adam(0.1))
        model.fit(x, y, epochs=3, batch_size=3, shuffle=False, callbacks=callbacks, verbose=0)
        weights.append(model.get_weights())
    assert not guard.diverged
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_half_precision(policy: str) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, dtype=policy)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    guard = StopOnNaN(io.StringIO())
    model.fit(*DATA, epochs=5, callbacks=[poison := PoisonAt(2), guard], verbose=0)
    assert guard.diverged
    for now, then in zip(model.get_weights(), poison.before, strict=True):
        np.testing.assert_array_equal(now.astype("float32"), then.astype("float32"))


def test_the_loss_scale_of_float16_goes_back_with_its_optimizer() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1), initial_scale=4.0)
    model.compile(scaled, "mse")
    guard = StopOnNaN(io.StringIO())
    model.fit(*DATA, epochs=5, callbacks=[PoisonAt(2), guard], verbose=0)
    assert guard.diverged
    # The step on NaN halved the scale, which was not the scale's fault.
    assert float(scaled.dynamic_scale.value.numpy()) == 4.0
