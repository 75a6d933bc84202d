"""Compiled loops are shared by the cells that do the same, and by no others."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_rnn_kit.layers import RNN, SimpleRNN
from keras_rnn_kit.layers.loops import _compiled_loops, _loops_of_cell
from tests.cells.own import GainCell, OwnCell, TwoStateCell

X = np.random.default_rng(0).normal(size=(3, 4, 3)).astype("float32")
# float32 results of size 1 of the same products, in another order.
CLOSE = 1e-5


def loops_of(layer):
    (loops,) = _loops_of_cell[layer.cell].values()
    return loops


def assert_as_in_keras(layer):
    stock = keras.layers.RNN(layer.cell)
    np.testing.assert_allclose(layer(X), stock(X), rtol=0, atol=CLOSE)


class LeakyCell(OwnCell):
    def __init__(self, units=4, leak=0.5, **kwargs):
        super().__init__(units, **kwargs)
        self.leak = leak

    def update(self, projected, recurrent, states):
        h = self.leak * states[0] + (1 - self.leak) * ops.tanh(projected + recurrent)
        return h, [h]


class TwoWeightsCell(OwnCell):
    """Reads `u`, then `v`; `swapped` makes them in the other order."""

    def __init__(self, units=4, swapped=False, **kwargs):
        super().__init__(units, **kwargs)
        self.swapped = swapped

    def build(self, input_shape):
        super().build(input_shape)
        for name in "vu" if self.swapped else "uv":
            weight = self.add_weight(shape=(self.units,), initializer="normal", name="weight")
            setattr(self, name, weight)

    def update(self, projected, recurrent, states):
        h = ops.tanh(projected * self.u + recurrent + self.v)
        return h, [h]


class TableCell(OwnCell):
    """Reads a constant tensor that is no weight, and too long to be written into a graph."""

    def __init__(self, units=200, value=1.0, **kwargs):
        super().__init__(units, **kwargs)
        self.table = tf.fill([units], value)

    def update(self, projected, recurrent, states):
        h = self.table * ops.tanh(projected + recurrent)
        return h, [h]


class EitherCell(OwnCell):
    """Computes two things, one of which is the output and the other the state."""

    def __init__(self, units=4, other=False, **kwargs):
        super().__init__(units, **kwargs)
        self.other = other

    def update(self, projected, recurrent, states):
        a = ops.tanh(projected + recurrent)
        b = ops.sin(projected - recurrent)
        return (b, [a]) if self.other else (a, [b])


def test_cells_that_do_the_same_share_and_keep_their_own_weights():
    first, second = SimpleRNN(4), SimpleRNN(4)
    assert_as_in_keras(first)
    assert_as_in_keras(second)
    assert loops_of(first) is loops_of(second)
    assert_as_in_keras(first)
    assert np.abs(first(X) - second(X)).max() > 0.1


def test_weights_of_the_step_are_each_cells_own():
    first, second = RNN(GainCell()), RNN(GainCell())
    assert_as_in_keras(first)
    second.build(X.shape)
    second.cell.gain.assign(0.1)
    assert_as_in_keras(second)
    assert loops_of(first) is loops_of(second)
    first.cell.gain.assign(-2)
    assert_as_in_keras(first)


def test_weights_of_the_step_are_told_apart_by_their_use():
    first, second = RNN(TwoWeightsCell()), RNN(TwoWeightsCell(swapped=True))
    assert_as_in_keras(first)
    assert_as_in_keras(second)
    assert_as_in_keras(first)


DIFFERENT = [
    (lambda: SimpleRNN(4, activation="tanh"), lambda: SimpleRNN(4, activation="relu")),
    (lambda: RNN(LeakyCell(leak=0.5)), lambda: RNN(LeakyCell(leak=0.25))),
    (lambda: RNN(TableCell(value=1.0)), lambda: RNN(TableCell(value=0.5))),
    (lambda: RNN(EitherCell()), lambda: RNN(EitherCell(other=True))),
    (lambda: SimpleRNN(4), lambda: RNN(TwoStateCell(4))),
]


@pytest.mark.parametrize(("one", "another"), DIFFERENT)
def test_cells_that_do_something_else_do_not_share(one, another):
    first, second = one(), another()
    assert_as_in_keras(first)
    assert_as_in_keras(second)
    assert loops_of(first) is not loops_of(second)
    assert_as_in_keras(first)


def test_weights_may_be_given_from_outside():
    layer = RNN(GainCell())
    before = np.array(layer(X))
    for gain in (0.5, -2.0):  # the second must not meet what was compiled for the first
        given = [gain if weight.name == "gain" else weight for weight in layer.trainable_variables]
        outputs, _ = layer.stateless_call(given, layer.non_trainable_variables, X)
        np.testing.assert_array_equal(layer(X), before)
        layer.cell.gain.assign(gain)
        np.testing.assert_allclose(outputs, layer(X), rtol=0, atol=CLOSE)
        layer.cell.gain.assign(1)


def test_a_hyperparameter_may_be_set_anew():
    layer = RNN(LeakyCell())
    before = layer(X)
    layer.cell.leak = 0.9
    assert_as_in_keras(layer)
    layer.cell.leak = 0.5
    np.testing.assert_array_equal(layer(X), before)


def test_an_activation_may_be_set_anew_between_two_fits():
    models = []
    for kind in (SimpleRNN, keras.layers.SimpleRNN):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4, 3)), kind(2)])
        for activation in ("tanh", "relu"):
            model.layers[0].cell.activation = keras.activations.get(activation)
            model.compile(keras.optimizers.SGD(0.1), "mse")
            model.fit(X, np.ones((3, 2), "float32"), epochs=3, verbose=0)
        models.append(model)
    for got, wanted in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=CLOSE)


def test_the_loops_outlive_the_cell_that_they_were_laid_out_for_and_no_other():
    first, second = RNN(LeakyCell(leak=0.125)), RNN(LeakyCell(leak=0.125))
    first(X)
    second(X)
    kept = weakref.ref(loops_of(first))
    del first
    gc.collect()
    assert_as_in_keras(second)
    np.testing.assert_allclose(
        second(X[:, :2]), keras.layers.RNN(second.cell)(X[:, :2]), rtol=0, atol=CLOSE
    )
    (graph,) = _loops_of_cell[second.cell]
    assert graph in _compiled_loops
    del second
    gc.collect()
    gc.collect()  # the cell goes first, and lets its loops go
    assert kept() is None
    assert graph not in _compiled_loops
    assert_as_in_keras(RNN(LeakyCell(leak=0.125)))


def test_the_way_back_needs_no_layer_left():
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = RNN(LeakyCell(leak=0.375))(x)
    gc.collect()
    assert np.abs(tape.gradient(y, x)).max() > 0


def test_the_way_back_is_traced_for_its_own_cell():
    # The other one does the same, comes later, and is gone when the first goes back.
    layer, x = RNN(GainCell(5)), tf.constant(X)
    with tf.GradientTape(persistent=True) as tape:
        y, wanted = layer(x), keras.layers.RNN(layer.cell)(x)
    other = RNN(GainCell(5))
    other(x)
    del other
    gc.collect()
    gain = layer.cell.gain._value
    np.testing.assert_allclose(
        tape.gradient(y, gain), tape.gradient(wanted, gain), rtol=0, atol=10 * CLOSE
    )


def test_a_trained_model_is_let_go():
    model = keras.Sequential([keras.Input((4, 3)), SimpleRNN(3)])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((3, 3), "float32"), verbose=0)
    kept = weakref.ref(model.layers[0].cell), weakref.ref(model.layers[0].cell.kernel._value)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert [ref() for ref in kept] == [None, None]
