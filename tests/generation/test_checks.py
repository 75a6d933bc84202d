import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation.checks import check_ids, finite_number, id_array, positive_integer


@pytest.mark.parametrize("value", [0, -1, 1.0, "3", True, None, np.bool_(True)])
def test_positive_integer_refuses_what_is_none(value):
    with pytest.raises(KitError, match="length must be a positive integer; received length="):
        positive_integer("length", value)


def test_positive_integer_takes_numpy_integers():
    assert positive_integer("length", np.int64(4)) == 4
    assert type(positive_integer("length", np.int64(4))) is int


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None, True])
def test_finite_number_refuses_what_is_none(value):
    with pytest.raises(KitError, match="temperature must be a number"):
        finite_number("temperature", value, "a number")


def test_id_array_refuses_floats_and_ragged_rows():
    with pytest.raises(KitError, match="integer ids; received float64"):
        id_array("prompt", [1.0])
    with pytest.raises(KitError, match="rows of one length"):
        id_array("prompt", [[1], [1, 2]])


@pytest.mark.parametrize("wrong", [-1, 5])
def test_check_ids_names_the_id_and_v(wrong):
    with pytest.raises(KitError, match=rf"id {wrong} for a vocabulary of V=5"):
        check_ids("tokens", np.array([0, wrong, 1]), 5)
