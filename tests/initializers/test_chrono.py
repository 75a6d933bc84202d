import json
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers import Chrono

T, UNITS = 784, 4000


def values(initializer: Any, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    return keras.ops.convert_to_numpy(initializer(shape, dtype=dtype)).astype("float64")


def memory(bias: np.ndarray) -> np.ndarray:
    """1 / (1 − σ(b)), in steps."""
    return 1 + np.exp(bias)


def test_lstm() -> None:
    i, f, c, o = np.split(values(Chrono.lstm(T, UNITS, seed=1), (4 * UNITS,)), 4)
    np.testing.assert_array_equal(i, -f)
    assert not np.any([c, o])
    steps = memory(f)
    # float32 keeps the logarithm to 1e-7 of its size, and so the steps to 1e-6 of theirs.
    assert steps.min() >= 2 * (1 - 1e-6)
    assert steps.max() <= T * (1 + 1e-6)
    # Uniform in [2, T]: the distance of Kolmogorov and Smirnov is above 1.95 / √n for one seed in a
    # thousand, and this one is fixed.
    expected = np.linspace(2, T, UNITS)
    assert np.abs(np.sort(steps) - expected).max() < 1.95 / np.sqrt(UNITS) * (T - 2)


@pytest.mark.parametrize("shape", [(3 * UNITS,), (2, 3 * UNITS)])
def test_gru_keeps_by_z_in_one_row(shape: tuple[int, ...]) -> None:
    bias = values(Chrono.gru(T, UNITS, seed=1), shape)
    assert bias.shape == shape
    rows = np.atleast_2d(bias)
    z, r, h = np.split(rows[0], 3)
    np.testing.assert_array_equal(
        z, np.split(values(Chrono.lstm(T, UNITS, seed=1), (4 * UNITS,)), 4)[1]
    )
    assert not np.any([r, h])
    assert not rows[1:].any()


def test_a_layer_forgets_as_slowly_as_its_bias_says() -> None:
    """An impulse fades by σ(b) a step, in Keras's own GRU and LSTM."""
    units, steps = 6, 9
    zeros = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    x = np.zeros((1, steps, 2), "float32")

    gru = keras.layers.GRU(units, bias_initializer=Chrono.gru(50, units, seed=2), **zeros)
    state = gru(x, initial_state=np.ones((1, units), "float32"))
    z = gru.get_weights()[-1][0, :units]
    keep = 1 - 1 / memory(z)
    np.testing.assert_allclose(state[0], keep**steps, rtol=1e-5)

    bias = Chrono.lstm(50, units, seed=2)
    lstm = keras.layers.LSTM(
        units, bias_initializer=bias, unit_forget_bias=False, return_state=True, **zeros
    )
    ones = [np.ones((1, units), "float32")] * 2
    _, _, carry = lstm(x, initial_state=ones)
    np.testing.assert_allclose(carry[0], keep**steps, rtol=1e-5)


def test_a_cell_of_ones_own() -> None:
    both = values(Chrono(9, 5, "cf", keep="f", seed=3), (10,))
    assert not both[:5].any()
    assert (both[5:] > 0).all()
    np.testing.assert_array_equal(
        values(Chrono(9, 5, "zc", write="z", seed=3), (10,))[:5], -both[5:]
    )
    np.testing.assert_array_equal(values(Chrono(9, 5, "f", keep="f", seed=3), (5,)), both[5:])


def test_three_steps_are_the_fewest() -> None:
    bias = values(Chrono(3, UNITS, "f", keep="f"), (UNITS,))
    assert (bias >= 0).all()
    assert (bias < np.log(2)).all()
    assert bias.max() > 0.9 * np.log(2)


def test_seeds() -> None:
    shape = (4 * 8,)
    first = Chrono.lstm(T, 8, seed=1)
    np.testing.assert_array_equal(values(first, shape), values(first, shape))
    np.testing.assert_array_equal(values(first, shape), values(Chrono.lstm(T, 8, seed=1), shape))
    assert (values(first, shape) != values(Chrono.lstm(T, 8, seed=2), shape))[:16].all()
    assert (values(Chrono.gru(T, 8), (24,)) != values(Chrono.gru(T, 8), (24,)))[:8].all()

    generator = Chrono.lstm(T, 8, seed=keras.random.SeedGenerator(1))
    assert (values(generator, shape) != values(generator, shape))[:16].all()

    drawn = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        drawn.append(values(Chrono.lstm(T, 8), shape))
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_dtypes_differ_by_rounding(dtype: str) -> None:
    initializer = Chrono.lstm(T, 500, seed=1)
    drawn = initializer((2000,), dtype=dtype)
    assert keras.backend.standardize_dtype(drawn.dtype) == dtype
    # Half the distance between neighbours, relative to the smaller.
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(drawn).astype("float64"),
        values(initializer, (2000,)),
        rtol={"bfloat16": 2**-8, "float16": 2**-11}.get(dtype, 0),
    )


@pytest.mark.parametrize("seed", [None, 4, keras.random.SeedGenerator(4)])
def test_serialization(seed: Any) -> None:
    initializer = Chrono(30, 5, "zrh", keep="z", write="h", seed=seed)
    other = keras.initializers.deserialize(keras.initializers.serialize(initializer))
    assert isinstance(other, Chrono)
    assert other.get_config() == initializer.get_config()
    assert {k: v for k, v in initializer.get_config().items() if k != "seed"} == {
        "max_steps": 30,
        "units": 5,
        "order": "zrh",
        "keep": "z",
        "write": "h",
    }
    if seed is not None:
        np.testing.assert_array_equal(values(other, (15,)), values(initializer, (15,)))


def test_numbers_of_numpy_are_written_as_json() -> None:
    config = Chrono.lstm(np.int64(T), np.int32(4)).get_config()
    assert json.loads(json.dumps(config)) == Chrono.lstm(T, 4).get_config()


def test_a_model_saved_and_trained(tmp_path: Any) -> None:
    bias = Chrono.lstm(T, 4, seed=1)
    lstm = keras.layers.LSTM(4, bias_initializer=bias, unit_forget_bias=False)
    model = keras.Sequential([keras.layers.Bidirectional(lstm), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 3, 5)), np.ones((2, 1)), verbose=0)  # builds it while tracing
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].forward_layer.cell.bias_initializer.max_steps == T
    np.testing.assert_allclose(
        loaded.predict(np.ones((1, 3, 5)), verbose=0), model(np.ones((1, 3, 5))), rtol=1e-5
    )


def test_built_while_tracing_the_bias_is_the_same() -> None:
    bias = Chrono.lstm(T, 4, seed=1)
    model = keras.Sequential(
        [
            keras.layers.LSTM(
                4, bias_initializer=bias, unit_forget_bias=False, dtype="mixed_bfloat16"
            )
        ]
    )
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(np.ones((2, 3, 5)), np.ones((2, 4)), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[-1], values(bias, (16,)).astype("float32"))


@pytest.mark.parametrize("units", [4, 8])
def test_an_lstm_that_fills_its_forget_gate_itself_is_told(units: int) -> None:
    layer = keras.layers.LSTM(units, bias_initializer=Chrono.lstm(T, units))
    with pytest.raises(
        KitError,
        match=rf"width {4 * units}, .* received shape \({units},\)\. .*unit_forget_bias=False",
    ):
        layer.build((None, None, 3))


@pytest.mark.parametrize("shape", [(15,), (3, 16), (1, 16), (16, 1), (), (2, 2, 16)])
def test_a_wrong_shape_is_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        KitError, match="a bias of width 16, 4 units for each gate of 'ifco'; received shape"
    ):
        Chrono.lstm(T, 4)(shape)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_steps": 2}, "max_steps must be 3 or more; received max_steps=2"),
        ({"max_steps": 0}, "max_steps must be a positive integer; received max_steps=0"),
        ({"max_steps": 9.5}, "max_steps must be a positive integer; received max_steps=9.5"),
        ({"units": 0}, "units must be a positive integer; received units=0"),
        ({"order": ""}, "distinct letters, one a gate; received order=''"),
        ({"order": "iff"}, "distinct letters, one a gate; received order='iff'"),
        ({"order": 4}, "distinct letters, one a gate; received order=4"),
        ({"keep": None, "write": None}, "received keep=None and write=None"),
        ({"keep": "f", "write": "f"}, "received keep='f' and write='f'"),
        ({"keep": "z"}, "one or two gates of order='ifco'; received keep='z' and write='i'"),
        ({"keep": 1}, "received keep=1 and write='i'"),
    ],
)
def test_a_wrong_argument_is_told(wrong: dict[str, Any], message: str) -> None:
    right: dict[str, Any] = {"max_steps": 9, "units": 4, "order": "ifco", "keep": "f", "write": "i"}
    with pytest.raises(KitError, match=message):
        Chrono(**(right | wrong))
