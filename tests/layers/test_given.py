"""Padding to rungs: how many there are, and that what is padded can be taken off again."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.layers.given import Given, on_rungs


@tf.function(
    input_signature=[tf.TensorSpec([None, None, 1])],
    autograph=False,
)
def rungs(projected):
    """The sizes that T and B are padded to, and everything that is padded."""
    rows = projected[:, 0]
    given = on_rungs(
        Given(projected, [rows, rows], None, rows, projected[..., 0] > 0),
        fixed_rows=False,
        fixed_length=False,
    )
    return given.projected, given.states, given.state_mask, given.step_mask


def padded_size(length, rows):
    return tuple(rungs(tf.ones([rows, length, 1]))[0].shape[:2])[::-1]


def test_lengths_go_up_to_powers_of_two():
    lengths = [padded_size(length, 4)[0] for length in range(1, 34)]
    assert lengths == [1, 2, 4, 4] + [8] * 4 + [16] * 8 + [32] * 16 + [64]


def test_rows_go_up_to_even_numbers_a_quarter_of_a_power_of_two_apart():
    sizes = [padded_size(1, rows)[1] for rows in range(1, 130)]
    assert all(size % 2 == 0 for size in sizes)
    assert all(rows <= size for rows, size in enumerate(sizes, 1))
    # Never more than one row, or a quarter, for nothing.
    assert all(size <= max(rows + 1, 1.25 * rows) for rows, size in enumerate(sizes, 1))
    assert len(set(sizes)) <= 4 * 7 + 1


@pytest.mark.parametrize(("length", "rows"), [(1, 1), (3, 5), (5, 9), (4, 8), (7, 13)])
def test_padding_comes_after_what_is_there_and_repeats_rows(length, rows):
    rng = np.random.default_rng(length)
    projected = rng.normal(size=(rows, length, 1)).astype("float32")
    padded, states, state_mask, step_mask = rungs(tf.constant(projected))
    np.testing.assert_array_equal(padded[:rows, :length], projected)
    np.testing.assert_array_equal(step_mask[:rows, :length], projected[..., 0] > 0)
    for tensor in (*states, state_mask):
        np.testing.assert_array_equal(tensor[:rows], projected[:, 0])
        assert tensor.shape[0] == padded.shape[0]
        # Not zeros: an equation may have no value there.
        assert (tensor[rows:].numpy() == projected[-1, 0]).all()
    assert (padded[rows:, :length].numpy() == projected[-1:]).all()
    assert step_mask.shape == padded.shape[:2]


def test_sizes_that_are_known_stay():
    @tf.function(input_signature=[tf.TensorSpec([None, 3, 1])], autograph=False)
    def known_length(projected):
        given = Given(projected, [projected[:, 0]], None, None, None)
        given = on_rungs(given, fixed_rows=False, fixed_length=True)
        assert given.matrix is given.state_mask is given.step_mask is None
        return given.projected

    @tf.function(input_signature=[tf.TensorSpec([5, None, 1])], autograph=False)
    def known_rows(projected):
        given = Given(projected, [projected[:, 0]], None, None, None)
        return on_rungs(given, fixed_rows=True, fixed_length=False).projected

    assert known_length(tf.ones([5, 3, 1])).shape[:2] == (6, 3)
    assert known_rows(tf.ones([5, 3, 1])).shape[:2] == (5, 4)
