"""Work over processes: the order, what is raised, a process that dies."""

import os

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.processes import ordered_map


def double(number):
    if number == 7:
        raise KitError("seven is refused")
    return 2 * number


def die(number):
    os._exit(1)


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order_and_errors_pass_through(workers):
    assert list(ordered_map(double, range(7), workers)) == [(n, 2 * n) for n in range(7)]
    results = ordered_map(double, range(5, 9), workers)
    assert [next(results), next(results)] == [(5, 10), (6, 12)]
    with pytest.raises(KitError, match="seven is refused"):
        next(results)


def test_nothing_to_do():
    assert list(ordered_map(double, [], workers=2)) == []


def test_a_process_that_dies_is_told():
    with pytest.raises(KitError, match=r"2 worker processes .* ended early. Pass fewer"):
        list(ordered_map(die, [1, 2], workers=2))


def test_what_the_items_raise_ends_the_processes():
    def items():
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(ordered_map(double, items(), workers=2))
