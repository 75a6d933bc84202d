import math
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training import BestWeights


def model_of(weight: float = 0.0) -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.full((1, 1), weight, np.float32)])
    return model


def epochs(best: BestWeights, values: list[float], name: str) -> list[int]:
    """Ends an epoch with each value, the weight being its number; the epochs that stopped."""
    model = model_of()
    best.set_model(model)
    best.on_train_begin()
    stopped = []
    for epoch, value in enumerate(values):
        model.stop_training = False
        model.set_weights([np.full((1, 1), epoch + 1, np.float32)])
        best.on_epoch_end(epoch, {name: value, "other": -value})
        if model.stop_training:
            stopped.append(epoch + 1)
    return stopped


def weight_of(model: keras.Model) -> float:
    return float(model.get_weights()[0].item())


@pytest.mark.parametrize(
    ("monitor", "values", "expected"),
    [
        ("val_loss", [3.0, 1.0, 2.0], 2),
        ("val_loss", [3.0, 2.0, 1.0], 3),
        ("val_loss", [1.0, 1.0, 1.0], 1),
        ("val_loss", [math.nan, 3.0, math.nan], 2),
        ("val_loss", [math.inf, 3.0], 2),
        ("perplexity", [9.0, 7.0, 8.0], 2),
        ("val_accuracy", [0.1, 0.8, 0.5], 2),
        ("acc", [0.9, 0.8], 1),
    ],
)
def test_the_best_epoch_s_weights_come_back(
    monitor: str, values: list[float], expected: int
) -> None:
    best = BestWeights(monitor)
    assert epochs(best, values, monitor) == []
    assert (best.epoch, best.epochs) == (expected, len(values))
    assert weight_of(best.model) == len(values)
    assert best.restore() is True
    assert weight_of(best.model) == expected


def test_kept_weights_are_a_copy() -> None:
    best = BestWeights("loss")
    epochs(best, [1.0, 2.0], "loss")
    best.restore()
    best.model.set_weights([np.full((1, 1), 99, np.float32)])
    best.restore()
    assert weight_of(best.model) == 1


@pytest.mark.parametrize("values", [[], [math.nan, math.nan], [math.inf]])
def test_without_a_good_epoch_nothing_is_done(values: list[float]) -> None:
    best = BestWeights("loss")
    epochs(best, values, "loss")
    assert best.epoch is None
    assert best.restore() is False
    assert weight_of(best.model) == len(values)


def test_before_any_training() -> None:
    best = BestWeights()
    assert (best.restore(), best.epoch, best.epochs) == (False, None, 0)


@pytest.mark.parametrize(
    ("patience", "values", "stopped"),
    [
        (None, [1.0, 2.0, 2.0, 2.0], []),
        (1, [1.0, 2.0, 0.5, 0.7], [2, 4]),
        (2, [1.0, 2.0, 0.5, 0.7, 0.6, 0.4], [5]),
        (2, [math.nan, math.nan], [2]),
    ],
)
def test_patience(patience: int | None, values: list[float], stopped: list[int]) -> None:
    assert epochs(BestWeights("loss", patience), values, "loss") == stopped


def test_a_second_training_begins_anew() -> None:
    best = BestWeights("loss")
    epochs(best, [0.1, 0.2], "loss")
    epochs(best, [5.0, 4.0, 6.0], "loss")
    assert (best.epoch, best.epochs) == (2, 3)
    best.restore()
    assert weight_of(best.model) == 2


@pytest.mark.parametrize("interrupted", [False, True])
def test_in_a_training(interrupted: bool) -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if interrupted and self.model.optimizer.iterations == 3:
                raise KeyboardInterrupt

    # Steps that are too long: away from the goal, further each epoch.
    model, best = model_of(2.0), BestWeights("val_loss")
    model.compile(keras.optimizers.SGD(1.5), "mse")
    data = (np.ones((1, 1), np.float32), np.ones((1, 1), np.float32))
    after_first = 1 + (1 - 2 * 1.5) * (2.0 - 1)
    try:
        callbacks = [best, Stop()]
        model.fit(*data, validation_data=data, epochs=4, verbose=0, callbacks=callbacks)
    except KeyboardInterrupt:
        assert interrupted
    assert (best.epoch, best.epochs) == (1, 2 if interrupted else 4)
    assert weight_of(model) != pytest.approx(after_first)
    assert best.restore()
    assert weight_of(model) == pytest.approx(after_first)


def test_a_figure_that_is_not_there() -> None:
    model, best = model_of(), BestWeights("val_loss")
    model.compile("sgd", "mse")
    one = np.ones((1, 1), np.float32)
    message = r"figures of an epoch, loss; received monitor='val_loss'\. Pass validation_data"
    with pytest.raises(KitError, match=message):
        model.fit(one, one, verbose=0, callbacks=[best])
