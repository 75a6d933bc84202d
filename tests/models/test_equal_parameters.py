"""Units of equal parameters: the nearest number, of the layer's own count."""

import pytest

from keras_rnn_kit.cells import SimpleRNNCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import LSTM, IndRNN, SimpleRNN, StackedRNN
from keras_rnn_kit.models.equal_parameters import parameters_of, units_for


@pytest.mark.parametrize("wanted", [5, 100, 101, 12345])
def test_the_units_are_the_nearest(wanted):
    def parameters(units):
        return units * units + 3 * units

    found = units_for(parameters, wanted)
    nearest = min(range(1, 200), key=lambda units: abs(parameters(units) - wanted))
    assert found == nearest


def test_one_unit_that_is_far_too_large_is_told():
    with pytest.raises(KitError, match="must fit in 10 parameters; received one of 21"):
        units_for(lambda units: 21 * units, 10)


def test_parameters_are_those_of_the_layer():
    assert parameters_of(SimpleRNN, 3, 5) == 3 * 5 + 5 * 5 + 5
    assert parameters_of(LSTM, 3, 5) == 4 * (3 * 5 + 5 * 5 + 5)
    assert parameters_of(IndRNN, 3, 5) == 3 * 5 + 5 + 5
    assert parameters_of(lambda units: StackedRNN([SimpleRNNCell(units)]), 3, 5) == 45
