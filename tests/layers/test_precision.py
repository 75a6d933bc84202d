"""Mixed precision, and layers whose cell computes in another type than they do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import SimpleRNNCell
from keras_rnn_kit.layers import RNN, SimpleRNN
from tests.catalogue import CATALOGUE, THOROUGH
from tests.cells.own import GainCell, ReadoutCell
from tests.layers.running import WAYS, Differentiated, problem, twin

FEATURES = 3
# What one operation is good to. Five steps on, relative to the largest number of a result, that is
# up to fifteen times as much (measured: a SimpleRNN of Keras 1 to 5, layer normalization 15).
# A wrong term is off by more than a tenth.
POLICIES = {"mixed_bfloat16": 2**-8, "mixed_float16": 2**-11}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("cell_class", "ways"),
    [(kind, ("eager", "plain")) for kind in (SimpleRNNCell, GainCell, ReadoutCell)]
    + [
        pytest.param(entry.cell, ("plain",), marks=() if entry.stands_in_for else THOROUGH)
        for entry in CATALOGUE
        if entry.cell is not SimpleRNNCell
    ],
)
def test_results_stay_close_to_single_precision(cell_class, ways, policy):
    results = {}
    for dtype in (policy, "float32"):
        keras.utils.set_random_seed(4)
        layer = RNN(cell_class(4, dtype=dtype), True, True, dtype=dtype)
        given = problem(layer.cell, 8, 5, FEATURES, masked=True)
        for way in ways if dtype == policy else ("plain",):
            results[dtype, way] = Differentiated(layer, **WAYS[way])(given)
    wanted = results["float32", "plain"]
    for way in ways:
        for name, got in results[policy, way].items():
            close = 20 * POLICIES[policy] * np.abs(wanted[name]).max()
            np.testing.assert_allclose(got, wanted[name], rtol=0, atol=close, err_msg=name)


@pytest.mark.parametrize("policy", POLICIES)
def test_types_are_kerass(policy):
    x = np.ones((2, 3, FEATURES), "float32")
    dtypes = []
    for kind in (SimpleRNN, keras.layers.SimpleRNN):
        layer = kind(4, return_state=True, dtype=policy)
        with tf.GradientTape() as tape:
            output, state = layer(x)
        gradients = tape.gradient(output, [weight._value for weight in layer.weights])
        tensors = [output, state, *gradients, *layer.weights]
        dtypes.append([keras.backend.standardize_dtype(tensor.dtype) for tensor in tensors])
    assert dtypes[0] == dtypes[1]
    assert dtypes[0][0] == policy.removeprefix("mixed_")


@pytest.mark.parametrize(
    ("of_cell", "of_layer"),
    [("float64", "float32"), ("float32", "mixed_bfloat16"), ("mixed_float16", "float32")],
)
def test_a_cell_computes_in_its_own_type(of_cell, of_layer):
    keras.utils.set_random_seed(4)
    layer = RNN(GainCell(dtype=of_cell), return_sequences=True, return_state=True, dtype=of_layer)
    x = np.random.default_rng(0).normal(size=(3, 4, FEATURES)).astype("float32")
    layer.build(x.shape)
    for got, wanted in zip(layer(x), twin(layer, keras.layers.RNN)(x), strict=True):
        assert got.dtype == wanted.dtype == layer.compute_dtype
        # One unit in the last place of the coarser type, at most: 2⁻⁷ below 1 in bfloat16.
        np.testing.assert_allclose(
            tf.cast(got, "float32"), tf.cast(wanted, "float32"), rtol=0, atol=2**-7
        )


def test_a_scaled_loss_trains_in_half_precision():
    x = np.random.default_rng(0).normal(size=(8, 5, FEATURES)).astype("float32")
    y = x.sum((1, 2))[:, None]
    losses = []
    for kind in (SimpleRNN, keras.layers.SimpleRNN):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((5, FEATURES)),
                kind(6, dtype="mixed_float16"),
                keras.layers.Dense(1, dtype="float32"),
            ]
        )
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.05))
        model.compile(optimizer, "mse")
        history = model.fit(x, y, epochs=12, verbose=0, batch_size=8)
        losses.append(history.history["loss"])
    assert losses[0][-1] < 0.5 * losses[0][0]
    # float16 is good to 2⁻¹¹, and twelve steps of training amplify that.
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.05)


@pytest.mark.parametrize("policy", POLICIES)
def test_compiled_steps_of_half_precision_add_up_in_single(policy):
    x = np.full((8, 101, 1), 2.0**-12, "float32")
    x[:, 0] = 1

    def last(recurrence):
        ones = dict.fromkeys(("kernel_initializer", "recurrent_initializer"), "ones")
        cell = SimpleRNNCell(1, activation=None, dtype=policy, **ones)
        layer = RNN(cell, recurrence=recurrence, dtype=policy)
        traced = tf.function(lambda x: layer(x, training=True), autograph=False)
        results = [layer(x), traced(tf.constant(x))]
        assert all(result.dtype == layer.compute_dtype for result in results)
        return np.asarray(results, "float32")

    # In half precision no step gets away from 1, and the sum is rounded to it in the end.
    assert np.all(last("loop") == 1)
    exact, last_place = 1 + 100 * 2.0**-12, 2 * POLICIES[policy]
    np.testing.assert_allclose(last("compiled"), exact, rtol=0, atol=last_place / 2)
    np.testing.assert_array_equal(last("auto"), last("compiled"))
