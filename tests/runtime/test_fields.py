import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.fields import choice, field, typed


def test_a_bool_is_no_number():
    with pytest.raises(KitError, match=r"s: a\.b must be a whole number; received True"):
        field({"b": True}, "b", int, "s", "a")


def test_choice_names_the_choices():
    assert choice({"k": "x"}, "k", ("x", "y"), "s") == "x"
    with pytest.raises(KitError, match=r"s: a\.k must be one of \['x', 'y'\]; received 'z'"):
        choice({"k": "z"}, "k", ("x", "y"), "s", "a")


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(KitError) as error:
        typed("x" * 10_000, list, "s", "a")
    assert len(str(error.value)) < 300
