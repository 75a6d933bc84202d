import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training import GradientClipping
from keras_rnn_kit.training import clipping as clipping_module
from keras_rnn_kit.training.clipping import global_norm, without_repeated_rows
from keras_rnn_kit.training.hooks import is_wrapped
from tests.training.models import compiled, padded_batch, token_model

# float32 gradients of the same model taken by two graphs differ in their last bits.
TOLERANCE = 1e-5


def gradients_of(model: keras.Model, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, tf.constant(y), model(x, training=True))
    dense = [tf.convert_to_tensor(g) for g in tape.gradient(loss, model.trainable_variables)]
    return [g.numpy().astype("float64") for g in dense]


def norm_of(gradients: list[np.ndarray]) -> float:
    return math.sqrt(sum(float(np.sum(np.square(g))) for g in gradients))


def values(model: keras.Model) -> list[np.ndarray]:
    return [v.value.numpy() for v in model.trainable_variables]


def fit(model: keras.Model, x: Any, y: Any, *callbacks: Any, **arguments: Any) -> dict[str, list]:
    arguments = {"batch_size": len(x), "shuffle": False, "verbose": 0, **arguments}
    return model.fit(x, y, callbacks=list(callbacks), **arguments).history


@pytest.mark.parametrize(
    "how", [{}, {"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 2}]
)
@pytest.mark.parametrize("share", [0.25, 4.0])
def test_a_step_of_sgd_is_the_clipped_gradient(how: dict[str, Any], share: float) -> None:
    x, y = padded_batch()
    model = compiled(token_model(), keras.optimizers.SGD(1.0), **how)
    before, gradients = values(model), gradients_of(model, x, y)
    norm = norm_of(gradients)
    history = fit(model, x, y, GradientClipping(share * norm))

    assert history["gradient_norm"][0] == pytest.approx(norm, rel=TOLERANCE)
    assert history["clipped_share"][0] == (1.0 if share < 1 else 0.0)
    for old, gradient, new in zip(before, gradients, values(model), strict=True):
        np.testing.assert_allclose(new, old - min(1, share) * gradient, atol=TOLERANCE)


@pytest.mark.parametrize("dense_rows", [0, 4096])
def test_adam_gets_the_clipped_gradient_with_repeated_rows_summed(
    monkeypatch: pytest.MonkeyPatch, dense_rows: int
) -> None:
    monkeypatch.setattr(clipping_module, "_DENSE_ROWS", dense_rows)
    x, y = padded_batch()
    model, oracle = (compiled(token_model(), keras.optimizers.Adam(0.1)) for _ in range(2))
    fit(model, x, y, GradientClipping(0.05), epochs=3)
    for _ in range(3):
        gradients = gradients_of(oracle, x, y)  # dense
        factor = min(1.0, 0.05 / norm_of(gradients))
        clipped = [tf.constant(g * factor, tf.float32) for g in gradients]
        oracle.optimizer.apply(clipped, oracle.trainable_variables)
    for a, b in zip(values(model), values(oracle), strict=True):
        # Adam divides by the root of the second moment, which enlarges a last bit of a small one.
        np.testing.assert_allclose(a, b, atol=1e-3)


def test_the_norm_is_that_of_accumulated_gradients() -> None:
    x, y = padded_batch(12)
    halves = [(x[:6], y[:6]), (x[6:], y[6:])]
    model = compiled(token_model(), keras.optimizers.SGD(1.0, gradient_accumulation_steps=2))
    before = values(model)
    first, second = (gradients_of(model, *half) for half in halves)
    mean = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
    norm = norm_of(mean)
    history = fit(model, x, y, GradientClipping(norm / 2), batch_size=6)

    assert history["gradient_norm"][0] == pytest.approx(norm, rel=TOLERANCE)
    assert history["clipped_share"][0] == 1.0
    for old, gradient, new in zip(before, mean, values(model), strict=True):
        np.testing.assert_allclose(new, old - gradient / 2, atol=TOLERANCE)


def test_the_norm_is_free_of_the_loss_scale() -> None:
    x, y = padded_batch()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=2**10)
    model = compiled(token_model(), optimizer)
    before, gradients = values(model), gradients_of(model, x, y)
    norm = norm_of(gradients)
    history = fit(model, x, y, GradientClipping(norm / 2))
    assert history["gradient_norm"][0] == pytest.approx(norm, rel=TOLERANCE)
    for old, gradient, new in zip(before, gradients, values(model), strict=True):
        np.testing.assert_allclose(new, old - gradient / 2, atol=TOLERANCE)


def test_float16_trains_clipped_and_a_skipped_step_is_no_update() -> None:
    x, y = padded_batch(8)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=1e30)
    model = compiled(token_model(dtype="mixed_float16"), optimizer)
    history = fit(model, x, y, GradientClipping(0.01), epochs=1)
    assert math.isnan(history["gradient_norm"][0])  # the scale overflowed: nothing was applied
    optimizer.dynamic_scale.assign(2.0**8)
    history = fit(model, x, y, GradientClipping(0.01), epochs=3)
    assert 0.01 < history["gradient_norm"][0] < 10
    assert history["clipped_share"] == [1.0] * 3


def test_a_changed_max_norm_is_obeyed_while_training() -> None:
    class Lower(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            clipping.max_norm = [1e9, 1e-6][epoch]

    x, y = padded_batch()
    clipping = GradientClipping(1.0)
    model = compiled(token_model(), keras.optimizers.SGD(1.0))
    history = fit(model, x, y, clipping, Lower(), epochs=2)
    assert history["clipped_share"] == [0.0, 1.0]
    assert clipping.max_norm == 1e-6


def test_means_run_over_the_epoch_and_reach_every_callback_in_any_order() -> None:
    seen: list[dict[str, float]] = []

    class See(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(dict(logs))

    x, y = padded_batch(9)
    model = compiled(token_model(), keras.optimizers.SGD(0.0))  # standing still, norms are known
    norms = [norm_of(gradients_of(model, x[i : i + 3], y[i : i + 3])) for i in (0, 3, 6)]
    middle = sorted(norms)[1]
    limit = (middle + max(norms)) / 2
    history = fit(model, x, y, See(), GradientClipping(limit), batch_size=3, validation_data=(x, y))
    running = np.cumsum(norms) / [1, 2, 3]
    np.testing.assert_allclose([s["gradient_norm"] for s in seen], running, rtol=TOLERANCE)
    assert history["gradient_norm"][0] == pytest.approx(running[-1], rel=TOLERANCE)
    assert history["clipped_share"][0] == pytest.approx(1 / 3)
    assert not any(name.startswith(("val_g", "val_c")) for name in history)


def test_fits_before_and_after_are_not_clipped() -> None:
    x, y = padded_batch()

    def length_of_step(model: keras.Model, *callbacks: Any) -> float:
        before = values(model)
        fit(model, x, y, *callbacks)
        return norm_of([a - b for a, b in zip(before, values(model), strict=True)])

    model = compiled(token_model(), keras.optimizers.SGD(1.0))
    assert length_of_step(model) > 0.01
    clipping = GradientClipping(1e-3)
    for _ in range(2):
        # Weights around one are float32: their difference of 1e-3 keeps four digits.
        assert length_of_step(model, clipping) == pytest.approx(1e-3, rel=1e-3)
    assert not is_wrapped(model.optimizer, "_clip_gradients")
    assert length_of_step(model) > 0.01


def test_an_interrupted_fit_does_not_clip_the_next() -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    x, y = padded_batch()
    model = compiled(token_model(), keras.optimizers.SGD(1.0))
    clipping = GradientClipping(1e-3)
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, clipping, Interrupt())
    assert fit(model, x, y, clipping)["clipped_share"] == [1.0]
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, clipping, Interrupt())
    assert "clipped_share" not in fit(model, x, y)
    assert not is_wrapped(model.optimizer, "_clip_gradients")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_norm_that_is_not_finite_clips_nothing_and_hides_nothing(
    bad: float, jit_compile: bool
) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=jit_compile)
    model.set_weights([np.ones((2, 1), "float32")])
    x = np.array([[bad, 0.0]], "float32")
    history = fit(model, x, np.zeros((1, 1), "float32"), GradientClipping(1.0))
    assert not math.isfinite(history["gradient_norm"][0])
    assert not np.isfinite(model.get_weights()[0][0, 0])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_an_exploding_gradient_whose_squares_overflow_float32_is_clipped(jit_compile: bool) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0), "mae", jit_compile=jit_compile)
    model.set_weights([np.ones((1, 1), "float32")])
    x = np.array([[1e25]], "float32")
    history = fit(model, x, np.zeros((1, 1), "float32"), GradientClipping(0.5))
    assert history["gradient_norm"][0] == pytest.approx(1e25, rel=TOLERANCE)
    assert model.get_weights()[0][0, 0] == pytest.approx(0.5, rel=TOLERANCE)


@pytest.mark.parametrize("dense_rows", [0, 4096])
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("count", [1, 40])
def test_repeated_rows_of_a_sparse_gradient_are_summed(
    monkeypatch: pytest.MonkeyPatch, dense_rows: int, jit_compile: bool, count: int
) -> None:
    monkeypatch.setattr(clipping_module, "_DENSE_ROWS", dense_rows)
    rng = np.random.default_rng(3)
    indices = rng.integers(0, 9, count)
    rows = rng.normal(size=(count, 5)).astype("float32")
    expected = np.zeros((9, 5))
    np.add.at(expected, indices, rows)

    @tf.function(jit_compile=jit_compile)
    def summed(rows: tf.Tensor, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        shape = tf.constant([9, 5])
        once = without_repeated_rows(tf.IndexedSlices(rows, indices, shape))
        assert isinstance(once, tf.IndexedSlices) is (dense_rows == 0)
        # Squares show a row that is still there twice.
        values = once.values if dense_rows == 0 else once
        squared = tf.IndexedSlices(values**2, once.indices, shape) if dense_rows == 0 else once**2
        return tuple(map(tf.convert_to_tensor, (once, squared, global_norm([None, once]))))

    dense, squared, norm = summed(rows, indices)
    # Rows are summed in float32.
    np.testing.assert_allclose(dense, expected, atol=1e-6)
    np.testing.assert_allclose(squared, expected**2, rtol=TOLERANCE, atol=1e-6)
    assert float(norm) == pytest.approx(np.sqrt(np.sum(expected**2)), rel=1e-6)


def test_an_empty_sparse_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    for dense_rows in (0, 4096):
        monkeypatch.setattr(clipping_module, "_DENSE_ROWS", dense_rows)
        empty = tf.IndexedSlices(tf.zeros([0, 5]), tf.zeros([0], tf.int32), tf.constant([9, 5]))
        assert not tf.convert_to_tensor(without_repeated_rows(empty)).numpy().any()


def test_no_gradients_have_no_norm() -> None:
    assert float(global_norm([None, None])) == 0.0


def test_a_zero_gradient_stays_zero() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    x = np.zeros((1, 1), "float32")
    history = fit(model, x, model.predict(x, verbose=0), GradientClipping(1.0))
    assert history["gradient_norm"] == [0.0]
    assert history["clipped_share"] == [0.0]
    assert np.isfinite(model.get_weights()[0]).all()


def test_infinity_only_measures() -> None:
    x, y = padded_batch()
    history = fit(compiled(token_model()), x, y, GradientClipping(math.inf))
    assert history["clipped_share"] == [0.0]
    assert history["gradient_norm"][0] > 0


@pytest.mark.parametrize("wrong", [0, -1.0, math.nan, None, "1", True])
def test_a_wrong_max_norm_is_told(wrong: Any) -> None:
    with pytest.raises(KitError, match="max_norm must be a positive number; received max_norm="):
        GradientClipping(wrong)
    clipping = GradientClipping(2.0)
    with pytest.raises(KitError, match="max_norm must be a positive number"):
        clipping.max_norm = wrong
    assert clipping.max_norm == 2.0


@pytest.mark.parametrize("name", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_two_clippings_are_told(name: str) -> None:
    x, y = padded_batch()
    model = compiled(token_model(), keras.optimizers.SGD(0.1, **{name: 1.0}))
    with pytest.raises(KitError, match=f"clipped once; .* {name}=1.0"):
        fit(model, x, y, GradientClipping(1.0))


def test_two_callbacks_are_told() -> None:
    x, y = padded_batch()
    model = compiled(token_model())
    with pytest.raises(KitError, match="received two GradientClipping callbacks"):
        fit(model, x, y, GradientClipping(1.0), GradientClipping(2.0))
    assert "gradient_norm" not in fit(model, x, y)


def test_an_optimizer_that_hands_its_gradients_on_is_told() -> None:
    class HandsOn(keras.optimizers.SGD):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            for gradient, variable in zip(grads, trainable_variables, strict=True):
                variable.assign_sub(tf.convert_to_tensor(gradient))

    x, y = padded_batch()
    model = compiled(token_model(), HandsOn(0.1))
    before = values(model)
    with pytest.raises(KitError, match="received HandsOn, which does not"):
        fit(model, x, y, GradientClipping(1.0))
    for old, new in zip(before, values(model), strict=True):
        np.testing.assert_array_equal(old, new)
