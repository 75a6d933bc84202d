"""Shapes, masks and weights that the benchmarks draw."""

import numpy as np

from benchmarks import grid
from benchmarks.grid import Shape


def test_masks_are_right_padded_and_one_row_is_full():
    shape = Shape(50, 9, 2, 2)
    mask = grid.right_padded(shape, np.random.default_rng(0))
    lengths = mask.sum(axis=1)
    assert mask.shape == (50, 9)
    assert (mask == (np.arange(9) < lengths[:, None])).all()
    assert lengths.min() == 1
    assert lengths[0] == 9
    assert len(set(lengths.tolist())) > 4


def test_a_single_row_is_padded_too():
    mask = grid.right_padded(Shape(1, 9, 2, 2), np.random.default_rng(0))
    assert mask.tolist() == [[True] * 6 + [False] * 3]
    assert grid.right_padded(Shape(1, 1, 2, 2), np.random.default_rng(0)).all()


def test_weights_are_those_of_a_layer_with_a_bias():
    kernel, recurrent, bias = grid.weights(Shape(1, 1, 3, 5), np.random.default_rng(0))
    assert (kernel.shape, recurrent.shape, bias.shape) == ((3, 5), (5, 5), (5,))
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(5), atol=1e-6)  # float32 rounding
    assert {array.dtype for array in (kernel, recurrent, bias)} == {np.dtype(np.float32)}
    assert (bias != 0).all()


def test_weights_of_gates_stand_side_by_side():
    kernel, recurrent, bias = grid.weights(Shape(1, 1, 3, 5), np.random.default_rng(0), 4, biases=2)
    assert (kernel.shape, recurrent.shape, bias.shape) == ((3, 20), (5, 20), (2, 20))
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(5), atol=1e-6)  # float32 rounding


def test_the_asked_shapes_are_on_the_grid():
    assert grid.TRAINING_ASKED in grid.TRAINING
    assert grid.INFERENCE_ASKED in grid.INFERENCE
