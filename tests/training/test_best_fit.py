"""A training that keeps its best weights, whatever ends it."""

import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.training.best_fit import BestFit, fit_best

X = np.linspace(-1, 1, 8, dtype="float32")[:, None]
BATCHES = tf.data.Dataset.from_tensor_slices((X, 2 * X)).batch(2)


def line(start=0.0, learning_rate=0.1):
    """y = w x, to learn w = 2."""
    layer = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input((1,)), layer])
    layer.set_weights([np.full((1, 1), start, "float32")])
    model.compile(keras.optimizers.SGD(learning_rate), "mse", metrics=["mae"])
    return model


def weight(model):
    return float(model.get_weights()[0][0, 0])


def test_keeps_the_weights_of_the_best_epoch():
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                self.model.set_weights([np.full((1, 1), -50, "float32")])

    model = line()
    fit = fit_best(model, BATCHES, BATCHES, epochs=3, clip_norm=1.0, callbacks=[Spoil()])
    assert (fit.epochs, fit.steps, fit.best_epoch, fit.status) == (3, 12, 2, 0)
    assert fit.best("val_loss") == min(fit.history["val_loss"])
    assert model.evaluate(BATCHES, verbose=0)[0] == pytest.approx(fit.best("val_loss"))
    assert fit.figures()["train_loss_nats"] == fit.history["loss"][-1]


def test_patience_ends_it_and_the_monitor_says_what_is_best():
    # Without a step no epoch is better than the first.
    model = line(learning_rate=0.0)
    fit = fit_best(model, BATCHES, BATCHES, epochs=9, clip_norm=1.0, monitor="val_mae", patience=2)
    assert (fit.epochs, fit.best_epoch) == (3, 1)


def test_the_gradient_is_clipped():
    model = line(start=1000.0)
    fit_best(model, BATCHES.take(1), BATCHES, epochs=1, clip_norm=0.5)
    # One step of 0.1 times a gradient of norm 0.5; single precision near 1,000 has steps of 6e-5.
    assert 1000 - weight(model) == pytest.approx(0.05, abs=1e-4)


def test_a_loss_that_is_no_number_ends_it():
    model = line(start=float("nan"))
    fit = fit_best(model, BATCHES, BATCHES, epochs=3, clip_norm=1.0)
    assert (fit.diverged, fit.status, fit.best("val_loss")) == (True, 1, None)
    assert fit.figures()["train_loss_nats"] is None


def test_after_an_interrupt_what_was_reached_is_kept():
    class PressCtrlC(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 6:
                signal.raise_signal(signal.SIGINT)

    model = line()
    fit = fit_best(model, BATCHES, BATCHES, epochs=9, clip_norm=1.0, callbacks=[PressCtrlC()])
    assert (fit.interrupted, fit.status) == (True, 130)
    assert fit.steps < 36
    assert 0 < weight(model) < 2


def test_more_arguments_go_to_fit(capsys):
    fit_best(line(), BATCHES, BATCHES, epochs=1, clip_norm=1.0, verbose=2)
    assert "val_loss" in capsys.readouterr().out


def test_nothing_is_known_of_a_training_without_an_epoch():
    fit = BestFit({}, 0, None, 0.1, interrupted=True, diverged=False)
    assert fit.best("val_loss") is None
    assert fit.figures()["epochs"] == 0
