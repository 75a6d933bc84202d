"""What `WeightedCell` gives a cell: its weights, and plain words for wrong arguments."""

from typing import ClassVar

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import WeightedCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.named import arguments_of


class TwoGates(WeightedCell):
    gates: ClassVar[int] = 2

    def update(self, projected, recurrent, states):
        h = self.activation(projected[:, : self.units])
        return h, [h]


class OneRecurrentGate(TwoGates):
    recurrent_gates: ClassVar[int | None] = 1


class NoProduct(TwoGates):
    recurrent_gates: ClassVar[int | None] = 0
    lacks: ClassVar[tuple[str, ...]] = ("recurrent_initializer", "recurrent_dropout")


@pytest.mark.parametrize(
    ("cell_class", "recurrent"), [(TwoGates, (4, 8)), (OneRecurrentGate, (4, 4)), (NoProduct, None)]
)
def test_the_weights_are_as_wide_as_the_gates_say(cell_class, recurrent):
    cell = cell_class(4)
    cell.build((None, 3))
    shapes = {weight.name: tuple(weight.shape) for weight in cell.weights}
    wanted = {"kernel": (3, 8), "recurrent_kernel": recurrent, "bias": (8,)}
    assert shapes == {name: shape for name, shape in wanted.items() if shape}
    assert (cell.recurrent_kernel is None) == (recurrent is None)


def test_each_weight_has_its_own_initializer_regularizer_and_constraint():
    cell = TwoGates(
        4,
        kernel_initializer="ones",
        recurrent_initializer="identity",
        bias_initializer=keras.initializers.Constant(3.0),
        kernel_regularizer="l1",
        recurrent_regularizer="l2",
        bias_regularizer=keras.regularizers.L1L2(),
        kernel_constraint="non_neg",
        recurrent_constraint="unit_norm",
        bias_constraint="max_norm",
    )
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.kernel, np.ones((3, 8)))
    np.testing.assert_array_equal(cell.recurrent_kernel, np.eye(4, 8))
    np.testing.assert_array_equal(cell.bias, np.full(8, 3.0))
    regularizers = [type(weight.regularizer).__name__ for weight in cell.weights]
    assert regularizers == ["L1", "L2", "L1L2"]
    constraints = [type(weight.constraint).__name__ for weight in cell.weights]
    assert constraints == ["NonNeg", "UnitNorm", "MaxNorm"]


def test_without_a_bias_there_is_none():
    cell = TwoGates(4, use_bias=False, kernel_initializer="ones")
    cell.build((None, 3))
    assert cell.bias is None
    np.testing.assert_array_equal(cell.project(np.ones((2, 3), "float32")), np.full((2, 8), 3.0))


@pytest.mark.parametrize("units", [0, -1, 2.5, True])
def test_units_are_a_positive_integer(units):
    with pytest.raises(KitError, match="units must be a positive integer; received units="):
        TwoGates(units)


@pytest.mark.parametrize("name", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize("rate", [1, -0.1])
def test_rates_are_below_one(name, rate):
    with pytest.raises(
        KitError, match=rf"{name} must be a number in \[0, 1\); received {name}={rate}"
    ):
        TwoGates(4, **{name: rate})


def test_what_a_cell_lacks_it_does_not_take():
    cell = NoProduct(4)
    assert not cell.get_config().keys() & set(NoProduct.lacks)
    assert not {argument.name for argument in arguments_of(NoProduct)} & set(NoProduct.lacks)
    assert NoProduct.from_config(cell.get_config()).get_config() == cell.get_config()
    with pytest.raises(KitError, match=r"NoProduct has no recurrent_dropout; received .*=0\.2"):
        NoProduct(4, recurrent_dropout=0.2)
    with pytest.raises(KitError, match="NoProduct has no recurrent_initializer; received"):
        NoProduct(4, recurrent_initializer="ones")
