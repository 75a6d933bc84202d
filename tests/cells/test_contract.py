"""What the base class gives a cell: Keras's step, states, and a plain word for what is amiss."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_rnn_kit.cells import ProjectedCell
from keras_rnn_kit.layers import RNN
from tests.cells.own import OWN_CELLS, DiagonalCell, GainCell, TwoStateCell

X = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")


@pytest.mark.parametrize("cell_class", OWN_CELLS)
def test_the_step_is_projection_and_update(cell_class):
    cell = cell_class()
    cell.build(X.shape)
    sizes = np.ravel(cell.state_size)
    states = [np.full((2, size), 0.1 * k, "float32") for k, size in enumerate(sizes, 1)]
    output, new_states = cell(X, states)
    matrix = cell.recurrent_matrix()
    if matrix is not None:
        meeting = states[: cell.states_in_product(matrix)]
        matrix = ops.matmul(np.concatenate(meeting, axis=-1), matrix)
    wanted, wanted_states = cell.update(cell.project(X), matrix, states)
    wanted = cell.readout(wanted) if cell.reads_out else wanted
    np.testing.assert_array_equal(output, wanted)
    assert output.shape == (2, cell.output_size)
    for got, right, size in zip(new_states, wanted_states, sizes, strict=True):
        np.testing.assert_array_equal(got, right)
        assert got.shape == (2, size)


def test_a_state_alone_comes_back_alone():
    cell = GainCell()
    state = np.full((2, 4), 0.3, "float32")
    output, alone = cell(X, state)
    again, (in_list,) = cell(X, [state])
    np.testing.assert_array_equal(output, again)
    np.testing.assert_array_equal(alone, in_list)
    assert not isinstance(alone, (list, tuple))


def test_initial_states_are_zeros_of_each_size():
    states = TwoStateCell(4, dtype="mixed_bfloat16").get_initial_state(batch_size=3)
    assert [tuple(state.shape) for state in states] == [(3, 4), (3, 8)]
    assert all(state.dtype == "bfloat16" and not np.any(state) for state in states)
    (state,) = GainCell(4).get_initial_state(2)
    assert tuple(state.shape) == (2, 4)


@pytest.mark.parametrize("cell_class", [GainCell, DiagonalCell])
def test_dropout_is_drawn_once_for_all_steps_and_only_in_training(cell_class):
    cell = cell_class()
    cell.dropout, cell.seed_generator = 0.5, keras.random.SeedGenerator(1)
    x, states = np.ones((64, 8), "float32"), [np.zeros((64, 4), "float32")]
    first = cell(x, states, training=True)[0]
    np.testing.assert_array_equal(cell(x, states, training=True)[0], first)
    assert np.abs(cell(x, states)[0] - first).max() > 0.01
    cell.reset_dropout_mask()
    assert np.abs(cell(x, states, training=True)[0] - first).max() > 0.01


def test_what_a_cell_must_define_is_named():
    class EmptyCell(ProjectedCell):
        state_size = output_size = 4

        def build(self, input_shape):
            self.recurrent_kernel = self.add_weight(shape=(4, 4))

    cell = EmptyCell()
    cell.build((None, 3))
    with pytest.raises(NotImplementedError, match=r"EmptyCell must define project\(inputs\)"):
        cell.project(X)
    with pytest.raises(NotImplementedError, match=r"EmptyCell must define update\(projected, rec"):
        cell.update(X, None, [])
    with pytest.raises(NotImplementedError, match="EmptyCell must define project"):
        RNN(EmptyCell())(X[:, None])


@pytest.mark.parametrize("cell_class", OWN_CELLS)
def test_the_cell_runs_in_kerass_places(cell_class):
    sequences = np.random.default_rng(1).normal(size=(2, 4, 3)).astype("float32")
    stack = keras.layers.StackedRNNCells([cell_class(), cell_class(5)])
    outputs = keras.layers.RNN(stack, return_sequences=True)(sequences)
    cells = [keras.layers.RNN(cell, return_sequences=True) for cell in stack.cells]
    np.testing.assert_array_equal(outputs, cells[1](cells[0](sequences)))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_weights_are_read_in_the_cells_own_precision(policy):
    cell = GainCell(dtype=policy)
    cell.build((None, 3))
    with cell.own_precision():
        assert ops.convert_to_tensor(cell.gain).dtype == cell.compute_dtype
    assert ops.convert_to_tensor(cell.gain).dtype == cell.variable_dtype
