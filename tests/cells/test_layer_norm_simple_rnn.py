"""`LayerNormSimpleRNNCell`: what the normalization takes away, and how it is computed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import LayerNormSimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import LayerNormSimpleRNN


def test_one_step_by_hand():
    cell = LayerNormSimpleRNNCell(2, activation=None, epsilon=3.0)
    cell.build((None, 1))
    kernel, recurrent = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0], [0.0, 0.0]])
    cell.set_weights([kernel, recurrent, np.array([0.5, -0.5]), np.array([2.0, 4.0])])
    names = [weight.name for weight in cell.weights]
    assert names == ["kernel", "recurrent_kernel", "bias", "gamma"]
    output, (state,) = cell(np.array([[1.0]], "float32"), [np.array([[1.0, 7.0]], "float32")])
    # a = (1, 3): the mean is 2, the variance 1, and √(1 + 3) = 2.
    np.testing.assert_allclose(output, [[-0.5 * 2 + 0.5, 0.5 * 4 - 0.5]], rtol=1e-6)
    assert state is output


def test_gamma_starts_at_one():
    cell = LayerNormSimpleRNNCell(3)
    cell.build((None, 2))
    np.testing.assert_array_equal(cell.gamma, np.ones(3))


def test_shifting_and_stretching_the_sums_changes_nothing():
    cell = LayerNormSimpleRNNCell(6, epsilon=1e-12, dtype="float64")
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=(4, 3)), rng.normal(size=(4, 6))
    output = np.asarray(cell(x, [h])[0])
    kernel, recurrent, bias, gamma = cell.get_weights()
    for factor, shift in ((7.0, 0.0), (1.0, rng.normal(size=(3, 1)))):
        cell.set_weights([factor * kernel + shift, factor * recurrent, bias, gamma])
        np.testing.assert_allclose(cell(x, [h])[0], output, rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [1e-3, 300.0])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_normalizes_in_single(policy, size):
    # Squares of 300 are beyond float16, and the square of 1e-3 is less than half of its least
    # normal number.
    x = size * np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    keras.utils.set_random_seed(1)
    cell = LayerNormSimpleRNNCell(4, epsilon=1e-8, kernel_initializer="identity", dtype=policy)
    plain = LayerNormSimpleRNNCell(4, epsilon=1e-8, kernel_initializer="identity")
    zeros = [np.zeros((5, 4), "float32")]
    output, wanted = cell(x, zeros)[0], plain(x, zeros)[0]
    assert output.dtype == cell.compute_dtype
    # Inputs and results are rounded to 8 bits, or 11; results are of size 1.
    close = 2**-6 if policy == "mixed_bfloat16" else 2**-9
    np.testing.assert_allclose(tf.cast(output, "float32"), wanted, rtol=0, atol=close)


def test_where_all_sums_are_equal_values_and_gradients_are_finite():
    layer = LayerNormSimpleRNN(4, return_sequences=True)
    x = tf.zeros((2, 3, 5))
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
    gradients = tape.gradient(outputs, [x, *[weight._value for weight in layer.weights]])
    np.testing.assert_array_equal(outputs, np.zeros((2, 3, 4)))
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("epsilon", [0.0, -1e-5])
def test_epsilon_is_positive(epsilon):
    with pytest.raises(
        KitError, match="epsilon must be a positive, finite number; received epsilon="
    ):
        LayerNormSimpleRNNCell(4, epsilon=epsilon)
