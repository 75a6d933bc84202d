from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers import PerGate, SpectralRadius

UNITS, GATES = 16, 4
SHAPE = (UNITS, GATES * UNITS)


def values(initializer: Any, shape: tuple[int, ...] = SHAPE, dtype: str = "float32") -> np.ndarray:
    return keras.ops.convert_to_numpy(initializer(shape, dtype=dtype))


def blocks(initializer: Any) -> list[np.ndarray]:
    return np.split(values(initializer), GATES, axis=1)


def all_differ(arrays: list[np.ndarray]) -> bool:
    return len({array.tobytes() for array in arrays}) == len(arrays)


def test_every_gate_is_orthogonal_where_keras_makes_none_so() -> None:
    for block in blocks(PerGate(keras.initializers.Orthogonal(gain=2.0, seed=1))):
        np.testing.assert_allclose(block @ block.T, 4 * np.eye(UNITS), atol=1e-5)
    for block in blocks(keras.initializers.Orthogonal(seed=1)):
        assert np.linalg.norm(block @ block.T - np.eye(UNITS)) > 1


def test_every_gate_is_the_identity_where_keras_fills_one() -> None:
    np.testing.assert_array_equal(values(PerGate("identity")), np.tile(np.eye(UNITS), GATES))
    assert not values(keras.initializers.get("identity"))[:, UNITS:].any()


@pytest.mark.parametrize(
    "initializer",
    [
        keras.initializers.Orthogonal(seed=1),
        keras.initializers.Orthogonal(),
        keras.initializers.GlorotUniform(seed=-1),
        SpectralRadius(0.9, keras.initializers.RandomNormal(seed=1)),
        SpectralRadius(0.9),
    ],
)
def test_the_blocks_differ_and_every_call_gives_them(initializer: Any) -> None:
    gates = PerGate(initializer)
    assert all_differ(blocks(gates))
    np.testing.assert_array_equal(values(gates), values(gates))
    alone = values(initializer, (UNITS, UNITS))
    np.testing.assert_array_equal(blocks(gates)[0], alone)
    np.testing.assert_array_equal(values(gates, (UNITS, UNITS)), alone)


def test_kernels_of_neighbouring_seeds_share_no_block() -> None:
    kernels = [PerGate(keras.initializers.Orthogonal(seed=seed)) for seed in range(5)]
    assert all_differ([block for kernel in kernels for block in blocks(kernel)])


def test_a_seed_generator_goes_on_drawing() -> None:
    gates = PerGate(keras.initializers.Orthogonal(seed=keras.random.SeedGenerator(1)))
    assert all_differ(blocks(gates) + blocks(gates))


def test_a_function_is_called_for_each_block() -> None:
    asked: list[tuple[tuple[int, ...], str]] = []

    def count(shape: tuple[int, ...], dtype: str) -> Any:
        asked.append((shape, dtype))
        return keras.ops.full(shape, len(asked), dtype=dtype)

    drawn = values(PerGate(count), dtype="float64")
    np.testing.assert_array_equal(drawn, np.repeat([[1.0, 2, 3, 4]] * UNITS, UNITS, axis=1))
    assert asked == [((UNITS, UNITS), "float64")] * GATES


def test_the_global_seed() -> None:
    drawn = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        drawn.append(values(PerGate("orthogonal")))
    np.testing.assert_array_equal(*drawn)
    assert (values(PerGate("orthogonal")) != drawn[0]).any()


@pytest.mark.parametrize(
    "initializer",
    [
        "identity",
        keras.initializers.Orthogonal(gain=0.5, seed=3),
        SpectralRadius(0.7, keras.initializers.RandomNormal(seed=2)),
    ],
)
def test_serialization(initializer: Any) -> None:
    gates = PerGate(initializer)
    other = keras.initializers.deserialize(keras.initializers.serialize(gates))
    assert isinstance(other, PerGate)
    assert other.get_config() == gates.get_config()
    np.testing.assert_array_equal(values(other), values(gates))


@pytest.mark.parametrize("layer", [keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN])
def test_layers_built_before_and_while_tracing(layer: Any) -> None:
    gates = PerGate(keras.initializers.Orthogonal(seed=1))
    model = keras.Sequential([layer(UNITS, recurrent_initializer=gates, dtype="mixed_bfloat16")])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(np.ones((2, 3, 5)), np.ones((2, UNITS)), verbose=0)
    traced = model.get_weights()[1]
    eager = layer(UNITS, recurrent_initializer=gates)
    eager.build((None, None, 5))
    np.testing.assert_array_equal(traced, eager.get_weights()[1])
    for block in np.split(traced, traced.shape[1] // UNITS, axis=1):
        np.testing.assert_allclose(block @ block.T, np.eye(UNITS), atol=1e-5)


@pytest.mark.parametrize("shape", [(16,), (16, 24), (16, 8), (16, 0), (0, 4), (2, 4, 4)])
def test_a_shape_without_square_blocks_is_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(KitError, match=r"PerGate needs a matrix \[H, k · H\].*received shape \("):
        PerGate("orthogonal")(shape)


def test_no_initializer_is_told() -> None:
    with pytest.raises(
        KitError, match="PerGate needs the initializer of one gate's block; received None"
    ):
        PerGate(None)
