"""`model.fit`: the losses, weights and side terms that Keras's layer gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.layers import SimpleRNN

VOCABULARY = 7
RNG = np.random.default_rng(0)
IDS = RNG.integers(1, VOCABULARY, (20, 6))
IDS[np.arange(6) >= RNG.integers(1, 7, (20, 1))] = 0
LABELS = IDS.sum(1) % 2
# float32 losses of size 1 after 9 steps, each of which amplifies the rounding of the last a little.
CLOSE = 1e-4
X = RNG.normal(size=(6, 5, 3)).astype("float32")


def fitted(kind, jit_compile, batch_size, **arguments):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(VOCABULARY, 5, mask_zero=True),
            kind(4, **arguments),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", jit_compile=jit_compile)
    history = model.fit(IDS, LABELS, batch_size=batch_size, epochs=3, verbose=0)
    return model, history.history["loss"]


CASES = [
    (False, 8, {}),  # 8 rows, 8 rows, 4 rows
    (True, 10, {}),
    (
        False,
        10,
        {
            "dropout": 0.3,
            "recurrent_dropout": 0.2,
            "seed": 4,
            "kernel_regularizer": "l2",
            "recurrent_regularizer": "l1",
            "bias_regularizer": "l2",
            "kernel_constraint": keras.constraints.MaxNorm(0.5),
            "recurrent_constraint": "unit_norm",
        },
    ),
]


@pytest.mark.parametrize(("jit_compile", "batch_size", "arguments"), CASES)
def test_losses_and_weights_are_kerass(jit_compile, batch_size, arguments):
    model, losses = fitted(SimpleRNN, jit_compile, batch_size, **arguments)
    stock, wanted = fitted(keras.layers.SimpleRNN, jit_compile, batch_size, **arguments)
    np.testing.assert_allclose(losses, wanted, rtol=0, atol=CLOSE)
    for got, right in zip(model.weights, stock.weights, strict=True):
        # An Adam step is 0.01 in size whatever the gradient: a rounding can be seen in a weight.
        np.testing.assert_allclose(got, right, rtol=0, atol=10 * CLOSE, err_msg=got.path)
        assert got.path == right.path
    assert losses[-1] < losses[0]
    if not jit_compile:
        scores, right = (m.evaluate(IDS, LABELS, verbose=0) for m in (model, stock))
        np.testing.assert_allclose(scores, right, rtol=0, atol=10 * CLOSE)


def test_the_activity_regularizer_acts():
    # Keras's own layer takes the argument and forgets it.
    layer = SimpleRNN(4, activity_regularizer=keras.regularizers.L2(0.5))
    outputs = layer(X)
    # Keras divides by the number of rows. float32.
    np.testing.assert_allclose(layer.losses, [0.5 * np.sum(np.square(outputs)) / 6], rtol=1e-5)


def test_regularizers_add_to_the_losses_and_constraints_hold():
    layer = SimpleRNN(
        4,
        kernel_regularizer=keras.regularizers.L2(0.5),
        bias_regularizer=keras.regularizers.L1(2.0),
        bias_initializer="ones",
        kernel_constraint=keras.constraints.MaxNorm(0.1),
    )
    model = keras.Sequential([keras.Input((5, 3)), layer])
    model.compile("sgd", "mse")
    wanted = 0.5 * np.sum(np.square(layer.cell.kernel)), 2.0 * 4
    np.testing.assert_allclose(sorted(layer.losses), sorted(wanted), rtol=1e-6)  # float32
    model.fit(X, np.ones((6, 4)), verbose=0)
    assert np.linalg.norm(layer.cell.kernel, axis=0).max() < 0.1 + 1e-6  # float32


@pytest.mark.parametrize("frozen", ["by its argument", "later", "cell"])
def test_a_layer_that_is_not_trainable_stays_but_hands_gradients_on(frozen):
    keras.utils.set_random_seed(2)
    layer = SimpleRNN(4, trainable=frozen != "by its argument")
    below = keras.layers.Dense(3)
    model = keras.Sequential([keras.Input((5, 3)), below, layer])
    if frozen == "later":
        layer.trainable = False
    elif frozen == "cell":
        layer.cell.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 3
    before, under = layer.get_weights(), below.get_weights()
    model.compile("sgd", "mse")
    model.fit(X, np.ones((6, 4)), verbose=0)
    for got, wanted in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert np.abs(below.get_weights()[0] - under[0]).max() > 0


def test_second_derivatives_are_refused_and_unroll_has_them():
    x = tf.constant(X)

    def second(layer):
        layer.build(x.shape)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layer(x, training=True) ** 2)
            penalty = tf.reduce_sum(inner.gradient(y, x) ** 2)
        return outer.gradient(penalty, x)

    for call in (second, tf.function(second, autograph=False)):
        with pytest.raises(ValueError, match=r"gives first derivatives.*unroll=True"):
            call(SimpleRNN(4))
    layer, stock = SimpleRNN(4, unroll=True), keras.layers.SimpleRNN(4, unroll=True)
    stock.build(x.shape)
    layer.build(x.shape)
    layer.set_weights(stock.get_weights())
    np.testing.assert_array_equal(second(layer), second(stock))


def test_a_tape_around_a_tape_may_go_its_own_ways():
    layer, x = SimpleRNN(4), tf.constant(X)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(layer(x))
        first = inner.gradient(y, x)
    np.testing.assert_array_equal(outer.gradient(y, x), first)
