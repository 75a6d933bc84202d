"""Arguments of `SimpleRNN`: in Keras's order, and refused where Keras refuses them."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import SimpleRNNCell
from keras_rnn_kit.layers import RNN, SimpleRNN
from keras_rnn_kit.layers.named import NamedRNN
from tests.cells.own import GainCell

X = np.ones((2, 3, 3), "float32")
BOTH = pytest.mark.parametrize("kind", [SimpleRNN, keras.layers.SimpleRNN], ids=["kit", "keras"])
KERAS = inspect.signature(keras.layers.SimpleRNN).parameters


def test_too_many_arguments_without_a_name():
    with pytest.raises(TypeError, match=r"at most 21 .*units, activation.*received 23"):
        SimpleRNN(*range(23))


def test_an_argument_given_twice():
    with pytest.raises(TypeError, match="SimpleRNN received the argument 'units' twice"):
        SimpleRNN(4, units=4)
    with pytest.raises(TypeError, match="'go_backwards' twice"):
        SimpleRNN(*[4, *[p.default for p in KERAS.values()][1:18]], go_backwards=True)


def test_an_argument_that_there_is_none_of():
    with pytest.raises(ValueError, match="unit"):
        SimpleRNN(4, unit=3)


def test_units_are_needed():
    with pytest.raises(TypeError, match="units"):
        SimpleRNN()


@BOTH
@pytest.mark.parametrize("units", [0, -1])
def test_units_are_positive(kind, units):
    with pytest.raises(ValueError, match="`units`"):
        kind(units)


@BOTH
def test_a_stateful_layer_needs_the_number_of_rows(kind):
    with pytest.raises(ValueError, match="batch size must be static"):
        kind(4, stateful=True)(keras.Input((3, 3)))


@BOTH
def test_unrolling_needs_the_number_of_steps(kind):
    call = tf.function(kind(4, unroll=True), autograph=False)
    with pytest.raises(ValueError, match="Cannot unroll a RNN"):
        call.get_concrete_function(tf.TensorSpec([2, None, 3]))


@BOTH
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3, 1)])
def test_inputs_have_three_axes(kind, shape):
    layer = kind(4)
    layer.build((None, None, 3))
    with pytest.raises(ValueError, match="expected ndim=3, found ndim="):
        layer(np.ones(shape, "float32"))


@BOTH
def test_a_wrong_initial_state_is_refused(kind):
    layer = kind(4)
    with pytest.raises(Exception, match=r"(?i)shape|dim|incompatible|broadcast"):
        layer(X, initial_state=np.ones((2, 5), "float32"))


def test_two_layers_have_names_of_their_own_and_cells_kerass():
    keras.backend.clear_session()
    assert [SimpleRNN(4).name, SimpleRNN(4).name] == ["simple_rnn", "simple_rnn_1"]
    assert SimpleRNN(4).cell.name == keras.layers.SimpleRNN(4).cell.name


def test_a_layer_is_named_for_a_cell_of_ones_own():
    class Gain(NamedRNN):
        cell_class = GainCell

    layer = Gain(6, return_sequences=True, name="mine")
    assert (layer.units, layer.cell.units, layer.name) == (6, 6, "mine")
    assert Gain.from_config(layer.get_config()).get_config() == layer.get_config()
    assert next(iter(inspect.signature(Gain).parameters)) == "units"
    stock = keras.layers.RNN(layer.cell, return_sequences=True)
    # float32 results of size 1 of the same products, in another order.
    np.testing.assert_allclose(layer(X), stock(X), rtol=0, atol=1e-5)
    with pytest.raises(TypeError, match=r"at most 1 positional arguments \(units\); received 2"):
        Gain(6, True)


def test_a_cell_must_be_one():
    with pytest.raises(ValueError, match="`call` method"):
        RNN(4)
    with pytest.raises(ValueError, match="state_size"):
        RNN(keras.layers.Dense(3))
    assert RNN(SimpleRNNCell(4)).cell.units == 4
