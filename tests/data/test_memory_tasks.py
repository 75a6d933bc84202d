"""The tasks by name: shapes, baselines, and what is refused."""

import numpy as np
import pytest

from keras_rnn_kit.data import copy_memory, copy_memory_baseline, digits, memory_task
from keras_rnn_kit.data.memory_tasks import MEMORY_TASKS
from keras_rnn_kit.errors import KitError


@pytest.mark.parametrize(
    ("name", "length", "inputs", "targets"),
    [
        ("adding", 12, (5, 12, 2), (5, 1)),
        ("copy", 12, (5, 32, 10), (5, 32)),
        ("rows", 12, (5, 12, 12), (5,)),
        ("pixels", 144, (5, 144, 1), (5,)),
    ],
)
def test_each_task_draws_what_it_says(name, length, inputs, targets):
    task = memory_task(name, length)
    for draw in (task.draw, task.draw_held_out):
        x, y = draw(5, np.random.default_rng(0))
        assert (x.shape, x.dtype, y.shape) == (inputs, np.float32, targets)
    assert task.every_step == (name == "copy")
    assert task.outputs == (1 if name == "adding" else 10)
    assert 0 < task.goal < task.trivial


def test_all_names_are_tasks():
    assert {name: memory_task(name, 64).is_share for name in MEMORY_TASKS} == {
        "adding": False,
        "copy": False,
        "rows": True,
        "pixels": True,
    }


def test_copies_are_one_hot_and_solved_at_a_tenth_of_the_baseline():
    task = memory_task("copy", 7)
    x, y = task.draw(3, np.random.default_rng(1))
    inputs, targets = copy_memory(3, 7, np.random.default_rng(1))
    np.testing.assert_array_equal(x.argmax(axis=2), inputs)
    np.testing.assert_array_equal(x.sum(axis=2), 1)
    np.testing.assert_array_equal(y, targets)
    assert task.trivial == copy_memory_baseline(7) == pytest.approx(10 * task.goal)


def test_permuted_pixels_are_the_same_ones_in_one_order():
    rows = memory_task("pixels", 81).draw(4, np.random.default_rng(0))[0]
    first, second, other = (
        memory_task("pixels", 81, permutation_seed=seed).draw(4, np.random.default_rng(0))[0]
        for seed in (0, 0, 1)
    )
    images, _ = digits(4, np.random.default_rng(0), size=9)
    np.testing.assert_array_equal(rows[:, :, 0], images.reshape(4, 81))
    np.testing.assert_array_equal(first, second)
    assert (first != rows).any()
    assert (first != other).any()
    np.testing.assert_array_equal(np.sort(first, axis=1), np.sort(rows, axis=1))


def test_what_is_no_task_is_told():
    with pytest.raises(KitError, match="one of adding, copy, rows, pixels; received 'sum'"):
        memory_task("sum", 10)
    with pytest.raises(KitError, match=r"a square number; received length=99\. Pass e\.g\. 81"):
        memory_task("pixels", 99)
    with pytest.raises(KitError, match="length must be a positive integer"):
        memory_task("adding", 0)
