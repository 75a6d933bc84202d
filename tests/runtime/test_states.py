import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.spec import Port
from keras_rnn_kit.runtime.states import States

STATES = States([Port("state_0", ("B", 3), "float32"), Port("state_1", ("B", 1), "int64")])


def test_zeros_have_the_shapes_and_types():
    h, count = STATES.zeros(4)
    assert (h.shape, h.dtype) == ((4, 3), np.float32)
    assert (count.shape, count.dtype) == ((4, 1), np.int64)
    assert not h.any()


def test_none_is_the_initial_states():
    np.testing.assert_array_equal(STATES.check(None, 2)[0], np.zeros((2, 3)))


def test_other_types_are_converted():
    h, count = STATES.check((np.ones((1, 3)), [[5]]), 1)
    assert h.dtype == np.float32
    assert count.tolist() == [[5]]


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([np.zeros((2, 3))], r"list of 2 arrays, \['state_0', 'state_1'\]; received 1"),
        (np.zeros((2, 2, 3)), "received ndarray"),
        ([np.zeros((1, 3)), np.zeros((2, 1))], r"state_0 must have the shape \[2, 3\].*\[1, 3\]"),
        ([np.zeros((2, 3)), np.zeros(2)], r"state_1 must have the shape \[2, 1\].*\[2\]"),
    ],
)
def test_wrong_states(states, message):
    with pytest.raises(KitError, match=message):
        STATES.check(states, 2)
