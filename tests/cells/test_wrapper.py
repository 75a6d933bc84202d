"""What the cells that wrap another have in common."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.cells import (
    CellWrapper,
    DropoutCell,
    GRUCell,
    LSTMCell,
    ProjectedCell,
    ResidualCell,
    SimpleRNNCell,
    ZoneoutCell,
)
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import LSTM, RNN
from tests.cells.own import CoupledCell, DiagonalCell

X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


@keras.saving.register_keras_serializable(package="tests")
class Plain(CellWrapper):
    """The base class as it is: changes nothing."""


WRAPPERS = {
    "Plain": Plain,
    "ZoneoutCell": lambda cell: ZoneoutCell(cell, 0.2),
    "ResidualCell": ResidualCell,
    "DropoutCell": lambda cell: DropoutCell(cell, 0.2, output_dropout=0.1),
}
EVERY = pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
NESTED = [
    (ZoneoutCell, {"rate": 0.3, "seed": 5}),
    (ZoneoutCell, {"rate": [0.1, 0.0], "seed": None}),
    (ResidualCell, {}),
    (
        DropoutCell,
        {"dropout": 0.1, "recurrent_dropout": 0.2, "output_dropout": 0.3, "seed": 7},
    ),
]


@EVERY
def test_what_is_no_projected_cell_is_refused(wrap):
    for cell in (keras.layers.LSTMCell(4), LSTM(4), "lstm", None):
        with pytest.raises(KitError, match=r"wraps a keras_rnn_kit\.cells\.ProjectedCell; receiv"):
            wrap(cell)


def test_the_type_is_the_cells():
    cell = SimpleRNNCell(4, dtype="float64")
    assert ResidualCell(cell).dtype == "float64"
    assert ResidualCell(cell, dtype="float64").dtype == "float64"
    with pytest.raises(
        KitError, match=r"its cell, float64; received dtype='float32'\. Pass the dt"
    ):
        ResidualCell(cell, dtype="float32")
    policy = "mixed_bfloat16"
    with ResidualCell(SimpleRNNCell(4, dtype=policy)).own_precision():
        assert keras.ops.convert_to_tensor(keras.Variable(1.0)).dtype == "bfloat16"
    with ResidualCell(SimpleRNNCell(4, dtype=policy, autocast=False)).own_precision():
        assert keras.ops.convert_to_tensor(keras.Variable(1.0)).dtype == "float32"


@EVERY
@pytest.mark.parametrize("make", [SimpleRNNCell, LSTMCell, CoupledCell, DiagonalCell])
def test_states_matrix_and_step_are_the_cells(wrap, make):
    inner = make(4)
    cell = wrap(inner)
    assert isinstance(cell, ProjectedCell)
    assert (cell.state_size, cell.output_size) == (inner.state_size, inner.output_size)
    states = [np.full((3, size), 0.2, "float32") for size in cell.state_sizes]
    output, new_states = cell(X, states)
    assert output.shape == (3, 4)
    assert [state.shape for state in new_states] == [state.shape for state in states]
    matrix = cell.recurrent_matrix()
    if matrix is not None:
        np.testing.assert_array_equal(matrix, inner.recurrent_matrix())
        assert cell.states_in_product(matrix) == inner.states_in_product(matrix)
    assert [w.path for w in cell.weights] == [w.path for w in inner.weights]
    if not isinstance(cell, ZoneoutCell):
        wanted, wanted_states = inner(X, states)
        wanted = wanted + X * isinstance(cell, ResidualCell)
        np.testing.assert_array_equal(output, wanted)
        for got, right in zip(new_states, wanted_states, strict=True):
            np.testing.assert_array_equal(got, right)


@EVERY
def test_the_cells_initial_state_is_the_wrappers(wrap):
    class Ones(SimpleRNNCell):
        def get_initial_state(self, batch_size=None):
            return [keras.ops.ones((batch_size, self.units))]

    (state,) = wrap(Ones(4)).get_initial_state(batch_size=2)
    np.testing.assert_array_equal(state, np.ones((2, 4)))


@pytest.mark.parametrize(("kind", "arguments"), NESTED)
def test_arguments_survive_a_config(kind, arguments):
    cell = kind(ResidualCell(LSTMCell(4, activation="relu")), **arguments, name="chosen")
    config = cell.get_config()
    given = cell.get_config()
    again = kind.from_config(given)
    assert again.get_config() == given == config, "reading it leaves a config as it was"
    assert {name: config[name] for name in arguments} == arguments
    assert {name: getattr(again, name) for name in arguments} == arguments
    assert again.name == "chosen"
    assert type(again.cell) is ResidualCell
    assert type(again.cell.cell) is LSTMCell
    assert again.cell.cell.activation is keras.activations.relu
    serialized = keras.saving.serialize_keras_object(cell)
    assert keras.saving.deserialize_keras_object(serialized).get_config() == config


@EVERY
def test_a_model_is_saved_and_loaded(wrap, tmp_path):
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, RNN(wrap(ResidualCell(LSTMCell(4))), return_sequences=True)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    np.testing.assert_array_equal(loaded(x), model(x))


@EVERY
def test_regularizers_and_constraints_of_the_cell_act(wrap):
    inner = SimpleRNNCell(
        4, kernel_regularizer=keras.regularizers.L2(0.5), bias_constraint="non_neg"
    )
    layer = RNN(wrap(inner))
    layer(X[:, None])
    # One sum of 16 squares in float32.
    np.testing.assert_allclose(layer.losses, [0.5 * np.sum(np.square(inner.kernel))], rtol=1e-6)
    assert [w.constraint for w in layer.trainable_weights if w.name == "bias"] != [None]
    layer.trainable = False
    assert layer.trainable_weights == []


@pytest.mark.parametrize("make", [SimpleRNNCell, LSTMCell, GRUCell])
def test_masks_of_wrapper_and_cell_are_multiplied_and_forgotten(make):
    inner = make(4, dropout=0.5, recurrent_dropout=0.5, seed=1)
    cell = ZoneoutCell(DropoutCell(inner, 0.5, 0.5, 0.5, seed=2), 0.1)
    h = np.ones((64, 4), "float32")
    masks = []
    for _ in range(2):
        of_input, of_state = cell.get_dropout_mask(h), cell.get_recurrent_dropout_mask(h)
        of_output = cell.get_output_dropout_mask(h)
        assert set(np.unique(of_input)) == set(np.unique(of_state)) == {0, 4}
        assert set(np.unique(of_output)) == {0, 2}
        np.testing.assert_array_equal(cell.get_dropout_mask(h), of_input)
        np.testing.assert_array_equal(cell.get_recurrent_dropout_mask(h), of_state)
        masks.append([of_input, of_state, of_output])
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
        assert inner._dropout_mask is inner._recurrent_dropout_mask is None
    for one, other in zip(*masks, strict=True):
        assert np.any(one != other)


def test_a_wrapper_of_ones_own_has_dropout_by_its_attributes():
    class Dropping(CellWrapper):
        def __init__(self, cell, **kwargs):
            super().__init__(cell, **kwargs)
            self.recurrent_dropout = 0.5
            self.seed_generator = keras.random.SeedGenerator(1)

    layer = RNN(Dropping(GRUCell(4, reset_after=False)))
    x = np.random.default_rng(0).normal(size=(3, 4, 4)).astype("float32")
    outputs = layer(x, training=True)
    assert np.abs(outputs - layer(x, training=True)).max() > 0.01
    assert np.abs(outputs - layer(x)).max() > 0.01
