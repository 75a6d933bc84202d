from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers import PerGate, SpectralRadius

UNITS = 40
SHAPE = (UNITS, UNITS)


def values(initializer: Any, shape: tuple[int, ...] = SHAPE, dtype: str = "float32") -> np.ndarray:
    return keras.ops.convert_to_numpy(initializer(shape, dtype=dtype)).astype("float64")


def radius(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def sparse(shape: tuple[int, ...], dtype: str) -> Any:
    drawn = np.random.default_rng(0)
    return keras.ops.cast(drawn.normal(size=shape) * (drawn.random(shape) < 0.1), dtype)


@pytest.mark.parametrize("initializer", ["glorot_uniform", "random_normal", "orthogonal", sparse])
@pytest.mark.parametrize("wanted", [0.1, 0.99, 3])
def test_the_radius_is_the_one_asked_for(initializer: Any, wanted: float) -> None:
    # Rounding each weight to float32 moves an eigenvalue of these by less than 1e-6.
    drawn = values(SpectralRadius(wanted, initializer))
    assert radius(drawn) == pytest.approx(wanted, rel=1e-6)


def test_it_is_what_was_drawn_times_a_number() -> None:
    base = keras.initializers.RandomNormal(seed=1)
    ratio = values(SpectralRadius(0.9, base)) / values(base)
    assert ratio.min() > 0
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)


@pytest.mark.parametrize(("dtype", "rounding"), [("float64", 1e-12), ("bfloat16", 1e-2)])
def test_dtypes(dtype: str, rounding: float) -> None:
    initializer = SpectralRadius(0.9, keras.initializers.RandomNormal(seed=1))
    assert keras.backend.standardize_dtype(initializer(SHAPE, dtype=dtype).dtype) == dtype
    assert radius(values(initializer, dtype=dtype)) == pytest.approx(0.9, rel=rounding)
    assert keras.backend.standardize_dtype(initializer(SHAPE).dtype) == "float32"


def test_seeds() -> None:
    def seeded(seed: int) -> SpectralRadius:
        return SpectralRadius(0.9, keras.initializers.RandomNormal(seed=seed))

    np.testing.assert_array_equal(values(seeded(1)), values(seeded(1)))
    assert (values(seeded(1)) != values(seeded(2))).all()
    assert (values(SpectralRadius(0.9)) != values(SpectralRadius(0.9))).all()
    drawn = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        drawn.append(values(SpectralRadius(0.9)))
    np.testing.assert_array_equal(*drawn)


def test_a_seed_set_anew_leaves_the_initializer_that_was_passed() -> None:
    base = keras.initializers.RandomNormal(seed=1)
    initializer = SpectralRadius(0.9, base)
    initializer.seed = 2
    assert (initializer.seed, base.seed) == (2, 1)
    assert not hasattr(SpectralRadius(0.9, sparse), "seed")


def test_serialization() -> None:
    initializer = SpectralRadius(0.7, keras.initializers.RandomUniform(-2.0, 1.0, seed=3))
    other = keras.initializers.deserialize(keras.initializers.serialize(initializer))
    assert isinstance(other, SpectralRadius)
    assert other.get_config() == initializer.get_config()
    assert other.radius == 0.7
    np.testing.assert_array_equal(values(other), values(initializer))


@pytest.mark.parametrize("built", ["before", "while tracing"])
def test_in_a_layer(built: str) -> None:
    initializer = SpectralRadius(0.9, keras.initializers.RandomNormal(seed=1))
    rnn = keras.layers.SimpleRNN(UNITS, recurrent_initializer=initializer, dtype="mixed_bfloat16")
    inputs = [keras.Input((3, 5))] if built == "before" else []
    model = keras.Sequential([*inputs, rnn])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(np.ones((2, 3, 5)), np.ones((2, UNITS)), verbose=0)
    np.testing.assert_array_equal(rnn.get_weights()[1], values(initializer))


def test_each_gate_of_a_gated_layer() -> None:
    gru = keras.layers.GRU(UNITS, recurrent_initializer=PerGate(SpectralRadius(0.9)))
    gru.build((None, None, 5))
    z, r, h = np.split(gru.get_weights()[1], 3, axis=1)
    assert [radius(block) for block in (z, r, h)] == pytest.approx([0.9] * 3, rel=1e-6)
    assert (z != r).all()
    assert (r != h).all()


@pytest.mark.parametrize("shape", [(4,), (4, 8), (4, 2), (2, 4, 4)])
def test_a_shape_that_is_not_square_is_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(KitError, match=r"square matrix \[H, H\]; received shape \(.*PerGate\(Spec"):
        SpectralRadius(0.9)(shape)


def nilpotent(shape: tuple[int, ...], dtype: str) -> Any:
    return keras.ops.triu(keras.ops.ones(shape, dtype), k=1)


@pytest.mark.parametrize(
    ("initializer", "message"),
    [
        ("zeros", "spectral radius 0.0 from Zeros"),
        (nilpotent, "spectral radius 0.0 from nilpotent"),
        (keras.initializers.Constant(np.inf), "spectral radius nan from Constant"),
    ],
)
@pytest.mark.parametrize("tracing", [False, True])
def test_a_matrix_that_cannot_be_scaled_is_told(
    initializer: Any, message: str, tracing: bool
) -> None:
    rnn = keras.layers.SimpleRNN(4, recurrent_initializer=SpectralRadius(0.9, initializer))
    model = keras.Sequential([rnn])
    model.compile("sgd", "mse")
    x = np.ones((2, 3, 5))
    with pytest.raises(KitError, match=f"eigenvalue other than 0; .*{message}"):
        _ = model.fit(x, np.ones((2, 4)), verbose=0) if tracing else model(x)


@pytest.mark.parametrize("wrong", [0, -1, np.nan, np.inf, None, "1", True])
def test_a_wrong_radius_is_told(wrong: Any) -> None:
    with pytest.raises(
        KitError, match="radius must be a positive, finite number; received radius="
    ):
        SpectralRadius(wrong)


def test_no_initializer_is_told() -> None:
    with pytest.raises(KitError, match="SpectralRadius needs the initializer of the matrix"):
        SpectralRadius(0.9, None)
