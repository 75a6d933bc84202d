"""Scales against the formulas, constant variables, files, and the layers' equality."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from keras_rnn_kit.data import SeriesScaler, series_windows
from keras_rnn_kit.errors import KitError

VALUES = st.floats(-1e6, 1e6, width=32).filter(lambda x: x == 0 or abs(x) > 1e-6)
SERIES = arrays.arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 3)), elements=VALUES)
METHODS = st.sampled_from(["standard", "min_max"])


@given(SERIES, METHODS)
def test_the_inverse_gives_back_what_was_scaled(series, method):
    scaler = SeriesScaler.fit(series, method)
    scaled = scaler.transform(series)
    assert scaled.shape == series.shape
    back = scaler.inverse_transform(scaled)
    size = np.abs(series).max(axis=0)
    assert (np.abs(back - series) <= 1e-12 * size).all()
    changes = series.min(axis=0) < series.max(axis=0)
    assert (scaled[:, ~changes] == 0).all()
    np.testing.assert_array_equal(back[:, ~changes], series[:, ~changes])  # not a bit off
    if method == "min_max":
        assert (scaled.min(axis=0)[changes] == 0).all()
        assert (scaled.max(axis=0)[changes] == 1).all()
        assert ((scaled >= 0) & (scaled <= 1)).all()


def test_standard_by_hand():
    scaler = SeriesScaler.fit([[1, 10], [2, 10], [3, 40], [6, 40]])
    np.testing.assert_allclose(scaler.center, [3, 25], rtol=1e-15)
    np.testing.assert_allclose(scaler.scale, [np.sqrt(14 / 4), 15], rtol=1e-15)
    np.testing.assert_allclose(scaler.transform([[3, 40]]), [[0, 1]], atol=1e-15)


def test_equal_values_are_constant_though_their_mean_is_rounded():
    series = np.full(100, 0.1)
    assert series.std() > 0  # a rounding error, by which nothing should be divided
    scaler = SeriesScaler.fit(series)
    assert (scaler.center.tolist(), scaler.scale.tolist()) == ([0.1], [1.0])
    assert scaler.transform([0.1, 1.1]).tolist() == [0.0, 1.0]


def test_tiny_changes_are_no_division_by_zero():
    scaler = SeriesScaler.fit([0.0, 1e-200])
    assert np.isfinite(scaler.transform([0.0, 1e-200])).all()


def test_batches_and_forecasts_of_any_shape():
    scaler = SeriesScaler([1.0, 2.0, 3.0], [1.0, 10.0, 100.0])
    batch = np.arange(24.0).reshape(2, 4, 3)
    np.testing.assert_array_equal(
        scaler.transform(batch), (batch - [1.0, 2.0, 3.0]) / [1.0, 10.0, 100.0]
    )
    some = scaler.select([2, 0])
    assert (some.center.tolist(), some.scale.tolist()) == ([3.0, 1.0], [100.0, 1.0])
    assert scaler.select(None).center.tolist() == scaler.center.tolist()
    one = scaler.select(1)
    assert one.inverse_transform([0.0, 1.0]).tolist() == [2.0, 12.0]
    assert one.inverse_transform([[[1.0]]]).tolist() == [[[12.0]]]
    with pytest.raises(KitError, match=r"must be the 3 variables of the scaler; .* \(2,\)"):
        scaler.transform([1.0, 2.0])
    with pytest.raises(KitError, match=r"received shape \(\)"):
        scaler.inverse_transform(1.0)


@given(series=SERIES, method=METHODS)
def test_a_file_keeps_every_bit(series, method, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "scaler.json"
    scaler = SeriesScaler.fit(series, method)
    scaler.save(path)
    again = SeriesScaler.load(path)
    np.testing.assert_array_equal(again.center, scaler.center)
    np.testing.assert_array_equal(again.scale, scaler.scale)


GOOD = {"format": 1, "center": [1.0], "scale": [2.0]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", r"scaler\.json must be a scaler in JSON; received a damaged file"),
        (b"\xff", "damaged file"),
        ("[" * 100_000, "damaged file"),
        ("[]", r"must hold an object with format, center, scale; received \[\]"),
        ({"format": 1, "center": [1.0]}, "must hold an object"),
        (GOOD | {"format": 2}, r"scaler\.json: the format must be 1; received 2"),
        (GOOD | {"scale": [0.0]}, r"scaler\.json: center and scale .* above 0"),
        (GOOD | {"scale": [1.0, 2.0]}, "one number for each variable"),
        (GOOD | {"scale": [float("nan")]}, "scale must be a vector of finite numbers"),
        (GOOD | {"center": "one"}, "center must be a vector of finite numbers"),
        (GOOD | {"center": [[1], [1, 2]]}, "center must be a vector of finite numbers"),
        (GOOD | {"center": []}, "center must be a vector of finite numbers"),
    ],
)
def test_damaged_files_are_named(data, message, tmp_path):
    path = tmp_path / "scaler.json"
    text = data if isinstance(data, (str, bytes)) else json.dumps(data)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(KitError, match=message):
        SeriesScaler.load(path)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(KitError, match=r"gone\.json must be a scaler that can be read"):
        SeriesScaler.load(tmp_path / "gone.json")
    with pytest.raises(KitError, match="must be a file that can be written"):
        SeriesScaler.fit([1, 2]).save(tmp_path / "no" / "scaler.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], "robust"), "method must be 'standard' or 'min_max'; received method='robust'"),
        (([1, np.nan],), "series must hold finite numbers .* nan at time step 1, variable 0"),
        (([],), r"series must be numbers of shape \[T\] or \[T, C\]"),
    ],
)
def test_wrong_arguments_are_told(arguments, message):
    with pytest.raises(KitError, match=message):
        SeriesScaler.fit(*arguments)


@pytest.fixture
def mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


def some_series():
    """Three variables of unequal scale and one that never changes, as float32 holds them."""
    drawn = np.random.default_rng(0).normal([0, 50, -3e4, 0], [1, 2, 1e4, 0], (200, 4))
    drawn[:, 3] = 7
    return drawn.astype(np.float32)


@pytest.mark.parametrize("method", ["standard", "min_max"])
def test_the_layers_give_the_same_in_single_precision(method, mixed_precision):
    series = some_series()
    scaler = SeriesScaler.fit(series, method)
    scaled = np.asarray(scaler.layer()(series[None]))[0]
    assert scaled.dtype == np.float32
    # Of x − center a rounding of center is left: up to |center| / scale · 2⁻²⁴ in the result.
    loss = 4 * 2.0**-24 * (1 + np.abs(scaler.center) / scaler.scale)
    expected = scaler.transform(series)
    assert (np.abs(scaled - expected) <= loss * (1 + np.abs(expected))).all()
    back = np.asarray(scaler.inverse_layer()(scaled[None]))[0]
    assert (np.abs(back - series) <= 1e-6 * np.abs(series).max(axis=0)).all()
    some = np.asarray(scaler.select([2, 0]).inverse_layer()(scaled[None][..., [2, 0]]))[0]
    np.testing.assert_array_equal(some, back[:, [2, 0]])


def test_the_layers_are_saved_with_the_model(tmp_path):
    series = some_series()
    scaler = SeriesScaler.fit(series)
    model = keras.Sequential(
        [
            keras.Input((5, 4)),
            scaler.layer(),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
            keras.layers.Reshape((1, 1)),
            scaler.select(1).inverse_layer(),
        ]
    )
    model.compile("sgd", "mse")
    batches = series_windows(series, window=5, targets=1, batch_size=16, seed=0)
    model.fit(batches, verbose=0, shuffle=False)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    inputs, _ = next(batches.as_numpy_iterator())
    np.testing.assert_array_equal(
        model.predict(inputs, verbose=0), again.predict(inputs, verbose=0)
    )


def test_a_layer_refuses_scales_that_float32_can_not_square():
    scaler = SeriesScaler([0.0, 0.0], [1.0, 1e-9])
    with pytest.raises(KitError, match="received 1e-09 for variable 1"):
        scaler.layer()
    with pytest.raises(KitError, match=r"received 1e\+20 for variable 0"):
        SeriesScaler([0.0], [1e20]).inverse_layer()
    SeriesScaler([0.0], [1e-6]).layer()


def test_it_reads_like_the_call_that_makes_it():
    assert repr(SeriesScaler([1], [2])) == "SeriesScaler(center=[1.0], scale=[2.0])"
