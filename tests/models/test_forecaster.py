"""Forecasters against their equations, in NumPy and float64, and against least squares."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_rnn_kit.cells import ProjectedCell
from keras_rnn_kit.data import SeriesScaler, series_examples
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import Forecaster
from keras_rnn_kit.training import NormalLoss, PinballLoss
from tests.models.reference import TOLERANCE, dense, recurrence, saves_models, with_weights

RNG = np.random.default_rng(0)
WINDOWS = RNG.normal(size=(3, 4, 2)).astype("float32")
SCALER = SeriesScaler([5.0, -1.0], [3.0, 0.5])


def build(recurrence: Any, **arguments: Any) -> Any:
    arguments = {"window": 4, "features": 2, "units": 5, **arguments}
    model = Forecaster(recurrence, **arguments)
    model.build(model.free_shape)
    return with_weights(model)


def of_window(model: Any, window: np.ndarray) -> np.ndarray:
    """What a linear or feed-forward model makes of `[τ, C]`."""
    hidden = window.reshape(-1)
    for layer in model.hidden_layers:
        hidden = np.maximum(dense(layer, hidden), 0)
    return dense(model.output_layer, hidden)


def by_loop(model: Any, window: np.ndarray, steps: int) -> np.ndarray:
    """An iterated forecast, one step after the other: `[τ, C] -> [k, C]`."""
    made, window = [], window.astype(np.float64)
    states = [np.zeros(model.units) for _ in model.recurrent_layers]

    def read(points: np.ndarray) -> np.ndarray:
        for k, layer in enumerate(model.recurrent_layers):
            points = recurrence(layer.cell, points, states[k])
            states[k] = points[-1]
        return points[-1]

    hidden = read(window) if states else None
    for _ in range(steps):
        point = of_window(model, window) if hidden is None else dense(model.output_layer, hidden)
        made.append(point)
        if hidden is None:
            window = np.concatenate([window[1:], point[None]])
        else:
            hidden = read(point[None])  # it goes on from its state, and reads no window again
    return np.array(made)


@pytest.mark.parametrize("how", [("linear", 1), ("mlp", 2), ("SimpleRNN", 2)])
def test_an_iterated_forecast_is_a_loop_over_its_own_predictions(how: tuple[str, int]) -> None:
    model = build(how[0], layers=how[1], multi_step="iterated", horizon=3)
    # Drawn weights may make a linear model grow without end; these halve what is fed back.
    model.set_weights([0.5 * weight for weight in model.get_weights()])
    expected = np.array([by_loop(model, window, 6) for window in WINDOWS])
    received = model.forecast(WINDOWS, 6).values
    np.testing.assert_allclose(received, expected, rtol=0, atol=TOLERANCE)
    # Fewer steps are the first of more, and a call gives those of the horizon.
    np.testing.assert_allclose(model(WINDOWS), expected[:, :3], rtol=0, atol=TOLERANCE)


def test_a_direct_model_has_an_output_for_each_step() -> None:
    model = build("mlp", horizon=3, targets=1)
    expected = [of_window(model, window).reshape(3, 1) for window in WINDOWS]
    assert model.compute_output_shape((None, 4, 2)) == (None, 3, 1)
    np.testing.assert_allclose(model(WINDOWS), expected, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(
        model.forecast(WINDOWS, 2).values, np.array(expected)[:, :2], rtol=0, atol=TOLERANCE
    )


def test_one_series_is_read_from_its_end() -> None:
    model = build("linear", horizon=2)
    series = RNG.normal(size=(9, 2))
    received = model.forecast(series).values
    assert received.shape == (2, 2)
    expected = of_window(model, series[-4:]).reshape(2, 2)
    np.testing.assert_allclose(received, expected, rtol=0, atol=TOLERANCE)


def test_the_scaler_inside_is_the_scaler_outside() -> None:
    plain, scaled = (
        build("SimpleRNN", multi_step="iterated"),
        build("SimpleRNN", multi_step="iterated", scaler=SCALER),
    )
    own = SCALER.inverse_transform(WINDOWS)
    expected = SCALER.inverse_transform(plain.forecast(WINDOWS, 4).values)
    np.testing.assert_allclose(scaled.forecast(own, 4).values, expected, rtol=0, atol=3e-5)
    # Of a target alone, with its quantiles, and of a deviation, which has no center.
    for more in ({"targets": 1, "quantiles": (0.2, 0.5, 0.7)}, {"distribution": "normal"}):
        plain = build("linear", horizon=2, **more)
        scaled = build("linear", horizon=2, scaler=SCALER, **more)
        before, after = np.asarray(plain(WINDOWS)), np.asarray(scaled(own))
        assert before.shape == after.shape == plain.compute_output_shape(WINDOWS.shape)
        if "targets" in more:
            expected = before * 0.5 - 1
        else:
            mean = SCALER.inverse_transform(before[..., 0])
            expected = np.stack([mean, before[..., 1] * SCALER.scale], axis=-1)
            assert (before[..., 1] > 0).all()
        np.testing.assert_allclose(after, expected, rtol=0, atol=3e-5)


def fit(model: Any, inputs: Any, targets: Any, rate: float, steps: int, loss: Any) -> None:
    """So many steps on all examples together, in one epoch, which costs less than many."""
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    model.compile(keras.optimizers.Adam(schedule), loss)
    examples = tf.data.Dataset.from_tensors((inputs, targets)).repeat(steps)
    model.fit(examples, shuffle=False, verbose=0)


def test_an_ar_model_of_a_recurrence_without_noise_is_found_exactly() -> None:
    # x(t) = 2 cos(ω) x(t − 1) − x(t − 2) for any sine; ω is near π / 2, where the two are hardly
    # alike, and the way down is short.
    series = np.sin(1.3 * np.arange(120))
    inputs, targets = series_examples(series, window=2)
    keras.utils.set_random_seed(0)
    model = Forecaster("linear", window=2, multi_step="iterated")
    fit(model, inputs, targets, 0.1, 400, "mse")
    columns = np.column_stack([inputs[..., 0], np.ones(len(inputs))])
    best = np.linalg.lstsq(columns, targets[:, 0, 0], rcond=None)[0]
    np.testing.assert_allclose(best, [-1, 2 * np.cos(1.3), 0], rtol=0, atol=1e-6)
    found = np.concatenate([weight.ravel() for weight in model.get_weights()])
    np.testing.assert_allclose(found, best, rtol=0, atol=1e-5)
    ahead = model.forecast(series, 20).values[:, 0]
    np.testing.assert_allclose(ahead, np.sin(1.3 * np.arange(120, 140)), rtol=0, atol=1e-3)


def test_paths_are_drawn_from_the_normal_of_each_step() -> None:
    model = build("linear", features=1, window=2, multi_step="iterated", distribution="normal")
    # x(t) = 0.5 x(t − 1) + ε, ε of deviation 2: softplus(raw) + 1e-4.
    raw = np.log(np.expm1(2 - 1e-4))
    model.set_weights([np.array([[0.0, 0.0], [0.5, 0.0]]), np.array([0.0, raw])])
    paths = model.sample_paths([0.0, 8.0], 3, paths=20_000, seed=0)
    assert paths.shape == (20_000, 3, 1)
    # Means 4, 2, 1; variances 4, 4 (1 + 1/4), 4 (1 + 1/4 + 1/16). Standard errors are below 0.02.
    np.testing.assert_allclose(paths.mean(axis=0)[:, 0], [4, 2, 1], rtol=0, atol=0.08)
    np.testing.assert_allclose(paths.var(axis=0)[:, 0], [4, 5, 5.25], rtol=0.05)
    made = model.forecast([0.0, 8.0], 3, share=0.6827, paths=20_000, seed=0)
    np.testing.assert_allclose(made.values[:, 0], [4, 2, 1], rtol=0, atol=1e-4)
    assert made.lower is not None
    assert made.upper is not None
    reach = (made.upper - made.lower)[:, 0] / 2
    np.testing.assert_allclose(reach, np.sqrt([4, 5, 5.25]), rtol=0.04)


def test_one_step_of_an_iterated_model_is_that_of_its_loop() -> None:
    # A call of horizon 1 takes no loop; of two variables, so that their order is seen.
    model = build("GRU", multi_step="iterated", distribution="normal", scaler=SCALER)
    own = SCALER.inverse_transform(WINDOWS).astype("float32")
    looped = model.iterate(ops.convert_to_tensor(own), np.zeros((3, 1, 2), "float32"))
    np.testing.assert_allclose(model(own), looped, rtol=0, atol=3e-5)


def test_training_through_its_own_predictions_and_dropout() -> None:
    keras.utils.set_random_seed(0)
    series = np.sin(0.5 * np.arange(200))
    inputs, targets = series_examples(series, window=4, horizon=3)
    model = Forecaster("SimpleRNN", horizon=3, units=6, multi_step="iterated", dropout=0.1)
    before = float(np.square(model(inputs) - targets).mean())
    fit(model, inputs, targets, 0.03, 60, "mse")
    assert float(np.square(model(inputs) - targets).mean()) < 0.3 * before
    noise = np.zeros((2, 3, 1), "float32")
    windows = ops.convert_to_tensor(inputs[:2])
    drawn = [np.asarray(model.iterate(windows, noise, training=True)) for _ in range(2)]
    assert np.abs(drawn[0] - drawn[1]).max() > 1e-4
    np.testing.assert_array_equal(model(inputs[:2]), model(inputs[:2]))


def test_quantiles_are_found() -> None:
    # Whatever the window: so the quantiles of the targets themselves are the best.
    keras.utils.set_random_seed(0)
    targets = np.random.default_rng(0).exponential(size=(512, 1, 1)).astype("float32")
    model = Forecaster("linear", window=1, quantiles=(0.1, 0.5, 0.9))
    inputs = np.zeros((512, 1, 1), "float32")
    fit(model, inputs, targets, 0.05, 400, PinballLoss(model.quantiles))
    made = model.forecast([0.0])
    assert made.lower is not None
    assert made.upper is not None
    found = [made.lower[0, 0], made.values[0, 0], made.upper[0, 0]]
    np.testing.assert_allclose(found, np.quantile(targets, [0.1, 0.5, 0.9]), rtol=0, atol=0.05)
    assert made.share == 0.8


def test_a_normal_is_found() -> None:
    keras.utils.set_random_seed(0)
    targets = np.random.default_rng(0).normal(3, 2, size=(512, 1, 1)).astype("float32")
    model = Forecaster("linear", window=1, distribution="normal")
    fit(model, np.zeros((512, 1, 1), "float32"), targets, 0.1, 400, NormalLoss())
    mean, deviation = np.asarray(model(np.zeros((1, 1, 1))))[0, 0, 0]
    np.testing.assert_allclose([mean, deviation], [targets.mean(), targets.std()], atol=0.02)
    made = model.forecast([0.0], share=0.95)
    assert made.upper is not None
    np.testing.assert_allclose(made.upper[0, 0], mean + 1.959964 * deviation, rtol=1e-5)


@keras.saving.register_keras_serializable(package="tests_forecaster")
class Leaky(ProjectedCell):
    """A cell of one's own, without a recurrent product."""

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def recurrent_matrix(self) -> None:
        return None

    def project(self, inputs: Any) -> Any:
        return ops.matmul(inputs, self.kernel)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> Any:
        h = 0.5 * states[0] + ops.tanh(projected)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@saves_models
@pytest.mark.parametrize(
    "how",
    [
        {"recurrence": "linear", "horizon": 3, "targets": 1, "quantiles": (0.1, 0.5, 0.9)},
        {"recurrence": "mlp", "multi_step": "iterated", "layers": 2, "activation": "tanh"},
        {"recurrence": "LSTM", "multi_step": "iterated", "distribution": "normal", "dropout": 0.1},
        {"recurrence": Leaky, "multi_step": "iterated", "scaler": SCALER},
        {"recurrence": "GRU", "horizon": 2, "dtype": "mixed_float16"},
    ],
)
def test_a_saved_model_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = build(**how)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is Forecaster
    assert loaded.get_config() == model.get_config()
    assert loaded.dtype_policy.name == how.get("dtype", "float32")
    there, here = loaded.forecast(WINDOWS, seed=0), model.forecast(WINDOWS, seed=0)
    np.testing.assert_array_equal(there.values, here.values)


@pytest.mark.parametrize("dtype", ["mixed_float16", "float64"])
def test_other_precisions(dtype: str) -> None:
    # Beside 1000, half precision would have no digits left for what the series does.
    scaler = SeriesScaler([1000.0], [0.5])
    more = {"features": 1, "multi_step": "iterated", "scaler": scaler}
    plain, other = build("SimpleRNN", **more), build("SimpleRNN", **more, dtype=dtype)
    series = 1000 + 0.5 * RNG.normal(size=(3, 4, 1))
    expected = "float64" if dtype == "float64" else "float32"
    given = keras.KerasTensor((3, 4, 1), "float32")
    assert other.compute_output_spec(given).dtype == expected
    # Eleven bits of values of about 1, some ten of them added up twice, in units of 0.5.
    received, exact = other.forecast(series, 2).values, plain.forecast(series, 2).values
    np.testing.assert_allclose(received, exact, rtol=0, atol=0.01)


def test_the_config_holds_every_argument() -> None:
    arguments: dict[str, Any] = {
        "recurrence": "GRU",
        "window": 3,
        "horizon": 2,
        "features": 2,
        "targets": [1],
        "units": 7,
        "layers": 2,
        "multi_step": "direct",
        "quantiles": [0.2, 0.5, 0.8],
        "distribution": None,
        "activation": "relu",
        "dropout": 0.1,
        "scaler": {"center": [5.0, -1.0], "scale": [3.0, 0.5]},
        "cell_arguments": {"recurrent_dropout": 0.25},
    }
    model = Forecaster(**arguments)
    assert [layer.cell.recurrent_dropout for layer in model.recurrent_layers] == [0.25, 0.25]
    config = model.get_config()
    assert {name: config[name] for name in arguments} == arguments
    assert Forecaster.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recurrence": "ARIMA"}, "recurrence must be 'linear', 'mlp', one of .*received 'ARIMA'"),
        ({"recurrence": 3}, "received 3"),
        ({"cell_arguments": {"use_bias": False}}, "of a cell; .* with recurrence='linear'"),
        ({"recurrence": "GRU", "cell_arguments": {"bias": 1}}, "received 'bias'"),
        ({"window": 0}, "window must be a positive integer"),
        ({"horizon": 1.5}, "received horizon=1.5"),
        ({"features": 0}, "received features=0"),
        ({"units": 0}, "received units=0"),
        ({"layers": 0}, "received layers=0"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\)"),
        ({"targets": 1}, r"numbers of variables in \[0, 1\)"),
        ({"multi_step": "both"}, "multi_step must be one of direct, iterated; received 'both'"),
        ({"distribution": "cauchy"}, "distribution must be None or 'normal'; received 'cauchy'"),
        ({"quantiles": (0.1, 0.9)}, r"with 0.5 among them; received \(0.1, 0.9\)"),
        ({"quantiles": (0.5, 0.1)}, "increasing"),
        ({"quantiles": (0.5, 0.9), "distribution": "normal"}, "quantiles or a distribution"),
        (
            {"quantiles": (0.1, 0.5, 0.9), "multi_step": "iterated"},
            "quantiles are for direct models",
        ),
        (
            {"features": 2, "targets": 1, "multi_step": "iterated"},
            r"predicts what it reads.*received targets=\[1\] of 2 features",
        ),
        ({"scaler": SCALER}, "a data.SeriesScaler of the 1 features"),
        ({"scaler": 2.0}, "received 2.0"),
    ],
)
def test_wrong_arguments(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        Forecaster(**{"recurrence": "linear", **wrong})


def test_windows_of_another_shape() -> None:
    model = build("linear")
    with pytest.raises(KitError, match=r"takes windows \[B, 4, 2\]; received \(3, 5, 2\)"):
        model(np.zeros((3, 5, 2), "float32"))
    with pytest.raises(KitError, match=r"received \(3, 4\)"):
        model(np.zeros((3, 4), "float32"))
    with pytest.raises(KitError, match="received a direct one"):
        model.iterate(np.zeros((3, 4, 2), "float32"), np.zeros((3, 1, 2), "float32"))
