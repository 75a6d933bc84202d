import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation.checks import check_ids, id_array


def test_id_array_refuses_floats_and_ragged_rows():
    with pytest.raises(KitError, match="integer ids; received float64"):
        id_array("prompt", [1.0])
    with pytest.raises(KitError, match="rows of one length"):
        id_array("prompt", [[1], [1, 2]])


@pytest.mark.parametrize("wrong", [-1, 5])
def test_check_ids_names_the_id_and_v(wrong):
    with pytest.raises(KitError, match=rf"id {wrong} for a vocabulary of V=5"):
        check_ids("tokens", np.array([0, wrong, 1]), 5)
