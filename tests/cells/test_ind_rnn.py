"""`IndRNNCell`: each unit for itself, and the bound that keeps its gradient in hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.cells import IndRNNCell, SimpleRNNCell
from keras_rnn_kit.constraints import MaxAbsolute
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import IndRNN

WIDE = 1000


def built(**arguments):
    cell = IndRNNCell(WIDE, **arguments)
    cell.build((None, 3))
    return cell, np.asarray(cell.recurrent_kernel)


def test_one_step_by_hand():
    cell = IndRNNCell(2)
    cell.build((None, 1))
    cell.set_weights([np.array([[1.0, 2.0]]), np.array([0.5, -2.0]), np.array([0.1, 0.2])])
    assert [weight.name for weight in cell.weights] == ["kernel", "recurrent_kernel", "bias"]
    output, (state,) = cell(np.array([[3.0]], "float32"), [np.array([[4.0, 5.0]], "float32")])
    # 3 · 1 + 0.5 · 4 + 0.1, and 3 · 2 − 2 · 5 + 0.2 < 0.
    np.testing.assert_allclose(output, [[5.1, 0.0]], rtol=1e-6)
    assert state is output


def test_it_is_a_simple_rnn_with_a_diagonal_matrix():
    cell, stock = IndRNNCell(4, dtype="float64"), SimpleRNNCell(4, "relu", dtype="float64")
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=(5, 3)), rng.normal(size=(5, 4))
    cell.build(x.shape)
    stock.build(x.shape)
    kernel, u, bias = cell.get_weights()
    stock.set_weights([kernel, np.diag(u), bias])
    np.testing.assert_allclose(cell(x, [h])[0], stock(x, [h])[0], rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "lowest", "highest"),
    [
        ({}, 0, 1),
        ({"max_steps": 2}, 0, 2**0.5),
        ({"max_steps": 4, "growth": 16.0}, 0, 2),
        ({"max_steps": 4, "growth": 16.0, "long_memory": True}, 0.5, 2),
    ],
)
def test_u_starts_evenly_up_to_the_bound(arguments, lowest, highest):
    cell, u = built(**arguments)
    assert lowest <= u.min()
    assert u.max() <= highest
    # Of 1000 draws none in the outer twentieth once in 10^22 times.
    assert u.min() < lowest + 0.05 * (highest - lowest)
    assert u.max() > highest - 0.05 * (highest - lowest)
    if arguments:
        assert cell.recurrent_constraint.bound == pytest.approx(highest)
    else:
        assert cell.recurrent_constraint is None


def test_training_keeps_u_within_the_bound_and_the_gradient_below_its_growth():
    steps, growth = 6, 3.0
    layer = IndRNN(8, max_steps=steps, growth=growth, return_state=True)
    states, x = keras.Input((8,)), keras.Input((steps, 2))
    _, final = layer(x, initial_state=states)
    model = keras.Model([x, states], final)
    # All that the loss wants is a larger state.
    model.compile(keras.optimizers.SGD(10.0), loss=lambda y, h: -keras.ops.mean(h))
    data = [np.ones((4, steps, 2), "float32"), np.ones((4, 8), "float32")]
    model.fit(data, np.zeros((4, 8)), epochs=5, verbose=0)
    u = np.asarray(layer.cell.recurrent_kernel)
    assert np.abs(u).max() == pytest.approx(growth ** (1 / steps))
    with tf.GradientTape() as tape:
        start = tf.constant(data[1])
        tape.watch(start)
        final = model([tf.constant(data[0]), start])
    gradient = np.asarray(tape.gradient(final, start))
    # u^T where relu lets it through; six float32 products.
    assert np.abs(gradient).max() == pytest.approx(growth, rel=1e-5)


def test_ones_own_initializer_and_constraint_come_first():
    own = MaxAbsolute(0.25)
    cell, u = built(max_steps=4, recurrent_initializer="ones", recurrent_constraint=own)
    assert np.all(u == 1)
    assert cell.recurrent_constraint is own
    again = IndRNNCell.from_config(cell.get_config())
    assert again.recurrent_constraint.bound == 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_steps": 0}, "max_steps must be a positive integer; received max_steps=0"),
        ({"max_steps": 2.5}, "max_steps must be a positive integer"),
        ({"growth": 0.9}, r"growth must be 1 or more; received growth=0\.9"),
        ({"long_memory": True}, "long_memory needs the length .* received max_steps=None"),
        ({"recurrent_dropout": 0.1}, r"IndRNNCell has no recurrent_dropout; received .*=0\.1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(KitError, match=message):
        IndRNNCell(4, **arguments)


def test_the_layer_has_no_recurrent_dropout_either():
    assert "recurrent_dropout" not in IndRNN(4).get_config()
    with pytest.raises(ValueError, match="recurrent_dropout"):
        IndRNN(4, recurrent_dropout=0.1)
