"""The cells set up for long memories: that they keep what their sources say they keep."""

import math

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import GRUCell
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN
from keras_rnn_kit.models.cells import cell_names
from keras_rnn_kit.models.long_memory import _SETTINGS, long_memory

STEPS = 50


def built(name, units=64):
    """The last cell of the settings, with weights for two features."""
    keras.utils.set_random_seed(0)
    cell = long_memory(name, units, STEPS).cells[-1]
    cell.build((None, 2))
    return cell


def test_every_cell_has_settings_or_its_defaults():
    assert set(_SETTINGS) <= set(cell_names())
    for name in cell_names():
        found = long_memory(name, 4, STEPS)
        assert all(cell.units == 4 for cell in found.cells)
        assert 1e-4 <= found.learning_rate <= 0.05
        assert found.settings
        assert found.source
        assert (found.source == "-") == (name not in _SETTINGS)


@pytest.mark.parametrize(
    ("name", "begin", "sign"),
    [
        ("LSTM", 64, 1),
        ("GRU", 0, 1),
        ("MGU", 0, -1),
        ("MinimalRNN", 64, 1),
        ("UGRNN", 0, 1),
        ("FastGRNN", 0, 1),
        ("LinearRecurrent", 0, -1),
        ("AntisymmetricRNN", 0, -1),
    ],
)
def test_the_gate_that_keeps_starts_between_2_and_t_steps(name, begin, sign):
    cell = built(name)
    bias = np.asarray(cell.bias)
    bias = bias[0] if bias.ndim == 2 else bias
    gate = sign * bias[begin : begin + 64] + getattr(cell, "forget_bias", 0.0)
    kept = 1 / (1 - 1 / (1 + np.exp(-gate)))  # steps over which a state fades
    assert kept.min() >= 2 - 1e-3
    assert kept.max() <= STEPS + 1e-3
    # Uniform: 64 draws from [2, 50] leave neither end empty.
    assert kept.min() < 12
    assert kept.max() > 40


def test_a_gated_state_outlives_that_of_the_defaults():
    inputs = np.zeros((2, STEPS, 2), "float32")
    inputs[0, 0] = 1.0  # one input, then none; the other row has none at all
    changes = []
    for cell in (built("GRU"), GRUCell(64)):
        output = np.asarray(RNN(cell, recurrence="loop")(inputs))
        changes.append(np.abs(output[0] - output[1]).max())
    assert changes[0] > 3 * changes[1]


def test_scalars_follow_the_length():
    fast = built("FastRNN")
    assert 1 / (1 + math.exp(-float(fast.alpha))) == pytest.approx(1 / STEPS, rel=1e-5)
    assert 1 / (1 + math.exp(-float(fast.beta))) == pytest.approx(1 - 1 / STEPS, rel=1e-5)
    assert math.exp(float(built("FastGRNN").nu)) == pytest.approx(STEPS**-2, rel=1e-5)


def test_ind_rnn_forgets_nothing_in_its_last_layer():
    u = np.abs(np.asarray(built("IndRNN").recurrent_kernel))
    assert (u**STEPS >= 0.5 - 1e-4).all()
    assert (u**STEPS <= 2 + 1e-4).all()
    assert len(long_memory("IndRNN", 4, STEPS).cells) == 2


def test_a_short_sequence_asks_for_no_more_than_chrono_gives():
    assert long_memory("GRU", 4, 1).cells[0].bias_initializer.max_steps == 3


def test_what_is_no_cell_or_number_is_told():
    with pytest.raises(KitError, match=r"cell must be one of AntisymmetricRNN.*received 'GRUU'"):
        long_memory("GRUU", 4, 10)
    with pytest.raises(KitError, match="units must be a positive integer"):
        long_memory("GRU", 0, 10)
    with pytest.raises(KitError, match="steps must be a positive integer"):
        long_memory("GRU", 4, 0)
