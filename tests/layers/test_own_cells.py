"""Cells of a person's own on the engine: as the same cell has it in Keras's loop."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import RNN
from keras_rnn_kit.layers.plan import plan_of
from tests.catalogue import cases_of
from tests.cells.own import (
    OWN_CELLS,
    DeepCell,
    GainCell,
    LateCell,
    OwnCell,
    ReadoutCell,
    TwoStateCell,
)
from tests.layers.running import WAYS, Differentiated, assert_same, problem, twin

FEATURES = 3
# float64 sums of at most some hundred terms of size 1, one after the other through 6 steps, are
# good to 1e-13; what is wrong is wrong from 1e-3 on.
EXACT = 1e-10


def own(cell_class, seed=2, **arguments):
    keras.utils.set_random_seed(seed)
    cell = cell_class(dtype="float64")
    layer = RNN(cell, return_sequences=True, return_state=True, dtype="float64", **arguments)
    layer.build((None, None, FEATURES))
    return layer


# Products of the step's own, two states, an output that is none of them: what the loops differ by.
@pytest.mark.parametrize("cell_class", cases_of(OWN_CELLS, (DeepCell, LateCell, TwoStateCell)))
def test_results_are_those_of_kerass_loop(cell_class):
    layer = own(cell_class)
    stock = Differentiated(twin(layer, keras.layers.RNN), **WAYS["plain"])
    assert type(stock.layer) is keras.layers.RNN
    assert stock.layer.cell is layer.cell
    for masked in (False, True):
        # 9 rows are padded to 10 where the number is unknown, and the loop runs in two halves.
        given = problem(layer.cell, 9, 6, FEATURES, masked=masked)
        wanted = stock(given)
        assert all(np.abs(gradient).max() > 1e-3 for gradient in wanted.values())
        for way in ("compiled, unknown sizes", "plain"):
            assert_same(Differentiated(layer, **WAYS[way])(given), wanted, EXACT)


@pytest.mark.parametrize("cell_class", [GainCell, TwoStateCell, ReadoutCell, LateCell])
def test_called_eagerly_and_backwards_too(cell_class):
    layer = own(cell_class, go_backwards=True)
    stock = Differentiated(twin(layer, keras.layers.RNN), **WAYS["plain"])
    function = Differentiated(layer, **WAYS["eager"])
    for rows, length in ((5, 3), (1, 1)):
        given = problem(layer.cell, rows, length, FEATURES, masked=True)
        assert_same(function(given), stock(given), EXACT)


@pytest.mark.parametrize("cell_class", [ReadoutCell, LateCell, TwoStateCell])
def test_masked_steps_are_zeroed_on_demand(cell_class):
    given = problem(cell_class(), 9, 6, FEATURES, masked=True)
    for return_sequences in (True, False):
        layer = own(cell_class)
        layer.zero_output_for_mask, layer.return_sequences = True, return_sequences
        stock = twin(layer, keras.layers.RNN)
        results = zip(
            layer(given.inputs, mask=given.mask), stock(given.inputs, mask=given.mask), strict=True
        )
        for got, wanted in results:
            np.testing.assert_allclose(got, wanted, rtol=0, atol=EXACT)


@pytest.mark.parametrize("cell_class", OWN_CELLS)
def test_a_model_of_it_is_saved_and_loaded(cell_class, tmp_path):
    inputs = keras.Input((None, FEATURES))
    model = keras.Model(inputs, RNN(cell_class(), return_sequences=True)(inputs))
    x = np.random.default_rng(0).normal(size=(4, 5, FEATURES)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[-1]) is RNN
    assert type(loaded.layers[-1].cell) is cell_class
    np.testing.assert_array_equal(loaded(x), model(x))


LOOKS = [
    # Whether output and first state are one; whether ∂/∂projected = ∂/∂recurrent; what is read.
    ("GainCell", True, True, ["gain"]),
    ("ReadoutCell", False, True, ["readout"]),
    ("LateCell", True, True, []),
    ("TwoStateCell", True, True, []),
    ("DiagonalCell", True, False, ["diagonal"]),
    ("GatedCell", True, False, []),
    ("AntisymmetricCell", True, True, []),
    ("DeepCell", True, True, ["deep"]),
    ("NormedCell", True, True, []),
]


@pytest.mark.parametrize(("name", "output_is_state", "additive", "weights"), LOOKS)
def test_the_engine_sees_what_a_cell_does(name, output_is_state, additive, weights):
    layer = own(next(cell for cell in OWN_CELLS if cell.__name__ == name))
    given = problem(layer.cell, 2, 1, FEATURES, masked=False)
    projected = layer.cell.project(keras.ops.convert_to_tensor(given.inputs[:, 0]))
    states = [keras.ops.convert_to_tensor(state) for state in given.initial]
    matrix = layer.cell.recurrent_matrix()
    matrix = None if matrix is None else keras.ops.convert_to_tensor(matrix)
    plan = plan_of(layer.cell, projected, states, matrix)
    assert (plan.output_is_state, plan.additive) == (output_is_state, additive)
    assert [weight.name for weight in plan.weights] == weights
    assert plan_of(layer.cell, projected, states, matrix) is plan


def test_the_same_equation_without_the_engines_products_gives_the_same():
    class PlainCell(DeepCell):
        def product(self, values, matrix):
            return keras.ops.matmul(values, matrix)

    given = problem(DeepCell(), 9, 6, FEATURES, masked=True)
    known, computed = (
        Differentiated(own(cell), **WAYS["compiled, unknown sizes"])
        for cell in (DeepCell, PlainCell)
    )
    assert_same(known(given), computed(given), EXACT)


@pytest.mark.parametrize("of", ["projected", "recurrent", "states"])
def test_a_product_with_a_matrix_of_the_step_itself_is_refused(of):
    # Its gradient would be computed with another step's.
    class OuterCell(OwnCell):
        def update(self, projected, recurrent, states):
            one = {"projected": projected, "recurrent": recurrent, "states": states[0]}[of]
            outer = keras.ops.matmul(keras.ops.transpose(one), one)
            h = keras.ops.tanh(projected + self.product(recurrent, outer))
            return h, [h]

    layer = own(OuterCell)
    given = problem(layer.cell, 2, 3, FEATURES, masked=False)
    with pytest.raises(KitError, match=r"OuterCell\.update makes of its arguments\. Take keras"):
        layer(given.inputs)
