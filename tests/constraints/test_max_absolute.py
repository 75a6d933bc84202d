from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.constraints import MaxAbsolute
from keras_rnn_kit.errors import KitError


def test_every_element_is_clipped() -> None:
    w = np.random.default_rng(0).normal(size=(5, 7))
    clipped = keras.ops.convert_to_numpy(MaxAbsolute(0.6)(w))
    np.testing.assert_array_equal(clipped, np.where(abs(w) > 0.6, np.sign(w) * 0.6, w))
    assert (abs(w) > 0.6).any()


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_dtypes(dtype: str) -> None:
    w = keras.ops.convert_to_tensor([-2.0, 0.25, 2.0], dtype)
    clipped = MaxAbsolute(0.5)(w)
    assert keras.backend.standardize_dtype(clipped.dtype) == dtype
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(clipped), [-0.5, 0.25, 0.5])


def test_nan_is_not_hidden() -> None:
    assert np.isnan(keras.ops.convert_to_numpy(MaxAbsolute(1.0)(np.array([np.nan, 2.0])))[0])


@pytest.mark.parametrize(("steps", "growth"), [(1, 2.0), (784, 2.0), (100, 10), (50, 0.5)])
def test_over_the_steps_it_grows_to_what_was_allowed(steps: int, growth: float) -> None:
    bound = MaxAbsolute.for_steps(steps, growth).bound
    assert bound**steps == pytest.approx(growth, rel=1e-12)
    assert MaxAbsolute.for_steps(steps).bound ** steps == pytest.approx(2, rel=1e-12)


def test_serialization() -> None:
    constraint = MaxAbsolute.for_steps(784)
    other = keras.constraints.deserialize(keras.constraints.serialize(constraint))
    assert isinstance(other, MaxAbsolute)
    assert other.bound == constraint.bound


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_it_holds_after_training(dtype: str, jit_compile: bool) -> None:
    rnn = keras.layers.SimpleRNN(6, recurrent_constraint=MaxAbsolute(0.2), dtype=dtype)
    model = keras.Sequential([keras.Input((4, 3)), rnn])
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=jit_compile)
    model.fit(np.ones((2, 4, 3)), np.ones((2, 6)), verbose=0)
    kernel, recurrent, _ = rnn.get_weights()
    assert abs(recurrent).max() == recurrent.dtype.type(0.2)
    assert abs(kernel).max() > 0.2


@pytest.mark.parametrize("wrong", [0, -1.0, np.nan, np.inf, None, "1", True])
def test_a_wrong_number_is_told(wrong: Any) -> None:
    with pytest.raises(KitError, match="bound must be a positive, finite number; received bound="):
        MaxAbsolute(wrong)
    with pytest.raises(
        KitError, match="growth must be a positive, finite number; received growth="
    ):
        MaxAbsolute.for_steps(10, wrong)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, None])
def test_wrong_steps_are_told(wrong: Any) -> None:
    with pytest.raises(KitError, match="steps must be a positive integer; received steps="):
        MaxAbsolute.for_steps(wrong)
