import itertools
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.constraints import SpectralNorm
from keras_rnn_kit.constraints.spectral_norm import largest_singular_value
from keras_rnn_kit.errors import KitError
from tests.catalogue import cases_of

# How far the estimate may lie above the norm: H^(1 / 2^16) − 1 for the widest matrix here.
ABOVE = 1e-4
ROUNDING = 1e-6


def scaled(constraint: SpectralNorm, w: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(constraint(w))


def norm(matrix: Any) -> float:
    return float(np.linalg.norm(np.asarray(matrix, "float64"), 2))


def orthogonal(size: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(0).normal(size=(size, size)))[0]


def matrices() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    rotation = orthogonal(60)
    return {
        "drawn": rng.normal(size=(60, 60)),
        "wide": rng.normal(size=(20, 80)),
        "tall": rng.normal(size=(80, 20)),
        "one row": rng.normal(size=(1, 9)),
        "one weight": np.array([[-3.0]]),
        "rank 1": np.outer(rng.normal(size=30), rng.normal(size=40)),
        # The hard cases for power iteration: many largest values, two nearly so, and a first guess
        # that lies across.
        "orthogonal": 2 * rotation,
        "nearly equal": rotation @ np.diag(np.linspace(3, 3 - 1e-3, 60)) @ rotation.T,
        "of sum zero": np.outer([1.0, -1.0], [3.0, -3.0]),
        "nilpotent": np.triu(np.ones((30, 30)), 1),
        "huge": 1e30 * rng.normal(size=(20, 20)),
        "small": 1e-12 * rng.normal(size=(20, 20)),
    }


@pytest.mark.parametrize("name", matrices())
@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_norm_is_estimated_from_above(name: str, jit_compile: bool) -> None:
    w = matrices()[name]
    estimate = tf.function(largest_singular_value, jit_compile=jit_compile)(tf.constant(w))
    assert 1 - ROUNDING < float(estimate) / norm(w) < 1 + ABOVE


def test_norms_of_several_matrices_at_once() -> None:
    stack = np.random.default_rng(0).normal(size=(3, 7, 5))
    estimates = largest_singular_value(tf.constant(stack))
    np.testing.assert_allclose(estimates, np.linalg.norm(stack, 2, axis=(1, 2)), rtol=ABOVE)


@pytest.mark.parametrize("name", matrices())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("share", [0.3, 0.999, 1.001, 5.0])
def test_a_matrix_is_scaled_to_the_bound_or_left(name: str, dtype: str, share: float) -> None:
    w = matrices()[name].astype(dtype)
    bound = share * norm(w)
    after = scaled(SpectralNorm(bound), w)
    assert after.dtype == dtype
    if share > 1:
        np.testing.assert_array_equal(after, w)
    else:
        assert 1 - ABOVE < norm(after) / bound < 1 + ROUNDING
        np.testing.assert_allclose(after, w * share, rtol=2 * ABOVE)


def test_a_second_time_changes_nothing() -> None:
    for name, w in matrices().items():
        once = scaled(SpectralNorm(0.5), w.astype("float32"))
        np.testing.assert_allclose(
            scaled(SpectralNorm(0.5), once), once, rtol=ROUNDING, err_msg=name
        )


def test_each_gate_has_its_own_bound() -> None:
    parts = [orthogonal(8) * gain for gain in (3.0, 0.5, 1.5)]
    w = np.concatenate(parts, axis=1)
    after = np.split(scaled(SpectralNorm(1.0, per_gate=True), w), 3, axis=1)
    for part, gain, block in zip(parts, (3.0, 0.5, 1.5), after, strict=True):
        np.testing.assert_allclose(block, part / max(gain, 1.0), rtol=ABOVE, atol=1e-12)
    np.testing.assert_array_equal(after[1], parts[1])
    # As a whole, the gates share one.
    np.testing.assert_allclose(scaled(SpectralNorm(1.0), w), w / norm(w), rtol=ABOVE, atol=1e-12)


def test_bfloat16_holds_to_its_rounding() -> None:
    w = keras.ops.cast(matrices()["drawn"], "bfloat16")
    after = SpectralNorm(1.0)(w)
    assert keras.backend.standardize_dtype(after.dtype) == "bfloat16"
    # A weight is rounded by up to 2^-8 of itself, and the errors of 60 · 60 don't add up.
    assert norm(keras.ops.convert_to_numpy(keras.ops.cast(after, "float64"))) < 1 + 2**-8


@pytest.mark.parametrize("per_gate", [False, True])
def test_zeros_stay_zeros(per_gate: bool) -> None:
    w = np.zeros((4, 8), "float32")
    np.testing.assert_array_equal(scaled(SpectralNorm(1.0, per_gate=per_gate), w), w)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_not_hidden(bad: float) -> None:
    w = np.eye(3)
    w[0, 0] = bad
    assert not np.isfinite(scaled(SpectralNorm(1.0), w)).all()


@pytest.mark.parametrize(
    ("layer", "per_gate"),
    [
        (keras.layers.SimpleRNN, False),
        (keras.layers.GRU, False),
        (keras.layers.GRU, True),
        (keras.layers.LSTM, True),
    ],
)
@pytest.mark.parametrize(
    ("dtype", "jit_compile"),
    cases_of(
        itertools.product(["float32", "float64", "mixed_bfloat16"], [False, True]),
        [("float32", False), ("float64", True), ("mixed_bfloat16", False)],
    ),
)
def test_it_holds_after_training(layer: Any, per_gate: bool, dtype: str, jit_compile: bool) -> None:
    rnn = layer(6, recurrent_constraint=SpectralNorm(0.3, per_gate=per_gate), dtype=dtype)
    model = keras.Sequential([keras.Input((4, 3)), rnn])
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=jit_compile)
    model.fit(np.ones((2, 4, 3)), np.ones((2, 6)), verbose=0)
    kernel, recurrent, _ = rnn.get_weights()
    parts = np.split(recurrent, recurrent.shape[1] // 6, axis=1) if per_gate else [recurrent]
    for part in parts:
        assert 1 - ABOVE < norm(part) / 0.3 < 1 + ROUNDING
    assert norm(kernel) > 0.3


def test_serialization() -> None:
    constraint = SpectralNorm(0.7, per_gate=True)
    other = keras.constraints.deserialize(keras.constraints.serialize(constraint))
    assert isinstance(other, SpectralNorm)
    assert other.get_config() == {"max_norm": 0.7, "per_gate": True}


def test_a_layer_saved_and_loaded(tmp_path: Any) -> None:
    model = keras.Sequential(
        [keras.Input((4, 3)), keras.layers.SimpleRNN(2, recurrent_constraint=SpectralNorm(0.7))]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].cell.recurrent_kernel.constraint.max_norm == 0.7


@pytest.mark.parametrize("wrong", [0, -1.0, np.nan, np.inf, None, "1", True])
def test_a_wrong_bound_is_told(wrong: Any) -> None:
    with pytest.raises(
        KitError, match="max_norm must be a positive, finite number; received max_n"
    ):
        SpectralNorm(wrong)


@pytest.mark.parametrize("shape", [(4,), (2, 4, 4)])
def test_what_is_no_matrix_is_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(KitError, match=r"SpectralNorm needs a matrix; received shape \("):
        SpectralNorm(1.0)(np.ones(shape))


def test_a_kernel_without_square_blocks_is_told() -> None:
    with pytest.raises(
        KitError, match=r"SpectralNorm\(per_gate=True\) needs .*received shape \(4, 6\)"
    ):
        SpectralNorm(1.0, per_gate=True)(np.ones((4, 6)))
