"""A cell's readout: once for all steps, behind the loop, and left out where there is none."""

from typing import ClassVar

import keras
import numpy as np
from keras import ops

from keras_rnn_kit.cells import CellWrapper, SimpleRNNCell
from keras_rnn_kit.layers import RNN
from keras_rnn_kit.layers.plan import plan_of
from tests.cells.own import LateCell
from tests.layers.running import every_mask

X = np.random.default_rng(0).normal(size=(8, 5, 3))
EXACT = 1e-10  # a few products of size 1 in float64; what is wrong is wrong from 1e-3 on


def recorded(cell_class):
    """A subclass that keeps the shapes that its readout is given."""

    class Recorded(cell_class):
        shapes: ClassVar[list[tuple[int, ...]]] = []

        def readout(self, outputs):
            self.shapes.append(tuple(outputs.shape))
            return super().readout(outputs)

    return Recorded


def test_it_is_one_call_over_the_steps_of_all_rows():
    kind = recorded(LateCell)
    layer = RNN(kind(4, dtype="float64"), return_sequences=True, dtype="float64")
    assert layer(X, mask=every_mask(8, 5)).shape == (8, 5, 3)
    assert kind.shapes == [(8 * 5, 4)]


def test_a_cell_without_one_has_none_to_pay_for():
    class Shadowed(SimpleRNNCell):  # an attribute of that name is not a readout
        def build(self, input_shape):
            super().build(input_shape)
            self.readout = self.kernel

    for cell in (SimpleRNNCell(4), Shadowed(4), CellWrapper(SimpleRNNCell(4))):
        assert not cell.reads_out
        wanted = keras.layers.RNN(cell, return_sequences=True)(X)
        # Sums of some ten terms of size 1 in float32.
        np.testing.assert_allclose(RNN(cell, return_sequences=True)(X), wanted, rtol=0, atol=1e-5)
    assert LateCell(4).reads_out
    assert CellWrapper(LateCell(4)).reads_out


def test_the_loop_is_as_wide_as_the_update():
    cell = LateCell(4, dtype="float64")
    cell.build((None, 3))
    row = ops.ones((1, 4), "float64")
    plan = plan_of(cell, row, [row], ops.convert_to_tensor(cell.recurrent_kernel))
    assert (plan.output_width, cell.output_size) == (4, 3)
    assert plan.slope is not None, "the update is a plain tanh, and runs as one"
    assert plan.weights == []


def test_a_wrapper_that_changes_what_is_read_out():
    class Doubled(CellWrapper):
        def readout(self, outputs):
            return 2 * self.cell.readout(outputs)

    cell = Doubled(LateCell(4, dtype="float64"))
    mask = every_mask(8, 5)
    got = RNN(cell, return_sequences=True, dtype="float64")(X, mask=mask)
    wanted = keras.layers.RNN(cell, return_sequences=True, dtype="float64")(X, mask=mask)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=EXACT)
    plain = RNN(cell.cell, return_sequences=True, dtype="float64")(X, mask=mask)
    np.testing.assert_allclose(got, 2 * plain, rtol=0, atol=EXACT)


def test_cells_on_each_other_read_what_was_read_out():
    cells = [LateCell(4), LateCell(5)]
    mask = every_mask(8, 5)
    arguments = {"return_sequences": True, "return_state": True}
    got = RNN(cells, **arguments)(X, mask=mask)
    wanted = keras.layers.RNN(cells, **arguments)(X, mask=mask)
    for one, other in zip(keras.tree.flatten(got), keras.tree.flatten(wanted), strict=True):
        # Sums of some ten terms of size 1 in float32.
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    assert got[0].shape == (8, 5, 4)


def test_in_half_precision_it_is_in_the_cells_own():
    cell = LateCell(4, dtype="mixed_bfloat16")
    outputs = RNN(cell, return_sequences=True, dtype="mixed_bfloat16")(X, training=True)
    assert outputs.dtype.name == "bfloat16"
    assert np.all(np.isfinite(np.asarray(outputs, "float32")))
