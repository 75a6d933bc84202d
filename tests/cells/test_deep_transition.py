"""`DeepTransitionCell`: what depth adds, and what it doesn't."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import DeepTransitionCell, SimpleRNNCell
from keras_rnn_kit.errors import KitError

X = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
H = np.full((2, 4), 0.3, "float32")


def built(**arguments):
    cell = DeepTransitionCell(4, **arguments)
    cell.build((None, 3))
    return cell


def shapes(cell):
    return {weight.name: tuple(weight.shape) for weight in cell.weights}


@pytest.mark.parametrize("skip", [True, False])
def test_at_depth_one_it_is_the_simple_cell(skip):
    cell, simple = built(transition_depth=1, skip=skip), SimpleRNNCell(4)
    simple.build((None, 3))
    assert shapes(cell) == shapes(simple)
    simple.set_weights(cell.get_weights())
    output, (state,) = cell(X, [H])
    np.testing.assert_array_equal(output, simple(X, [H])[0])
    np.testing.assert_array_equal(output, state)
    assert not cell.reads_out


def test_each_depth_adds_its_weights_and_no_others():
    plain = shapes(built(transition_depth=1))
    assert shapes(built(input_depth=3, transition_depth=1)) == {
        **plain,
        "input_kernel_1": (3, 4),
        "input_bias_1": (4,),
        "input_kernel_2": (4, 4),
        "input_bias_2": (4,),
        "kernel": (4, 4),
    }
    assert shapes(built(transition_depth=3)) == {
        **plain,
        "recurrent_kernel": (4, 8),
        "transition_kernel_2": (4, 4),
        "transition_bias_2": (4,),
        "transition_kernel_3": (4, 4),
        "transition_bias_3": (4,),
    }
    without = built(transition_depth=2, output_depth=2, skip=False, use_bias=False)
    assert shapes(without) == {
        "kernel": (3, 4),
        "recurrent_kernel": (4, 4),
        "transition_kernel_2": (4, 4),
        "output_kernel_1": (4, 4),
    }


def test_the_short_way_passes_one_matrix_alone():
    # With V_2 = 0 and an identity for S, all that is left of the transition is tanh(h).
    cell = built()
    weights = dict(zip(shapes(cell), cell.get_weights(), strict=True))
    weights["transition_kernel_2"][:] = 0
    weights["recurrent_kernel"][:, 4:] = np.eye(4)
    cell.set_weights(list(weights.values()))
    # One product with an identity in float32.
    np.testing.assert_allclose(cell(X, [H])[0], np.tanh(H), rtol=0, atol=1e-6)


def test_what_the_initializers_regularizers_and_constraints_are_of():
    cell = built(
        input_depth=2,
        output_depth=2,
        kernel_initializer="zeros",
        recurrent_initializer="ones",
        bias_initializer=keras.initializers.Constant(2.0),
        kernel_constraint="non_neg",
        recurrent_constraint="unit_norm",
    )
    for weight in cell.weights:
        value = 2 if "bias" in weight.name else int("recurr" in weight.name or "tr" in weight.name)
        np.testing.assert_array_equal(weight, np.full(weight.shape, value, "float32"))
        if "bias" not in weight.name:
            kind = keras.constraints.UnitNorm if value else keras.constraints.NonNeg
            assert type(weight.constraint) is kind


@pytest.mark.parametrize("name", ["input_depth", "transition_depth", "output_depth"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
def test_depths_that_are_none(name, value):
    with pytest.raises(KitError, match=f"{name} must be a positive integer; received {name}="):
        DeepTransitionCell(4, **{name: value})
