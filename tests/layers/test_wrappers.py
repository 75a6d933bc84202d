"""Cells that wrap another, on the engine and in Keras's loop: outputs and all gradients."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_rnn_kit.cells import (
    DropoutCell,
    GRUCell,
    LSTMCell,
    ResidualCell,
    SimpleRNNCell,
    ZoneoutCell,
)
from keras_rnn_kit.layers import RNN, SimpleRNN
from tests.catalogue import CATALOGUE, Entry, cases_of
from tests.cells.own import OWN_CELLS, CoupledCell, DeepCell, LateCell
from tests.layers.running import (
    WAYS,
    Differentiated,
    assert_same,
    by_reference,
    problem,
    twin,
)
from tests.references.wrappers import ResidualReference, ZoneoutReference

# float64 sums of at most some hundred terms of size 1, one after the other through 6 steps, are
# good to 1e-13; what is wrong is wrong from 1e-3 on.
EXACT = 1e-10
UNITS = 4
WHOLE = {"return_sequences": True, "return_state": True, "dtype": "float64"}


def made(cell, features, seed=2):
    """`cell` over time, its weights at values of their own."""
    layer = RNN(cell, **WHOLE)
    layer.build((None, None, features))
    rng = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return layer


# Out of training.


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in CATALOGUE])
def test_wrapped_the_results_are_those_of_the_equation(entry: Entry):
    keras.utils.set_random_seed(5)
    inner = entry.cell(**entry.small, dtype="float64")
    rates = [0.3, 0.6, 0.2][: len(inner.state_sizes)]
    layer = RNN(ResidualCell(ZoneoutCell(inner, rates)), **WHOLE)
    layer.build((None, None, inner.output_size))
    bare = entry.reference_of(inner, entry.small)
    reference = ResidualReference(ZoneoutReference(bare, rates, inner.state_sizes))
    for masked in (False, True):
        given = problem(inner, 5, 4, inner.output_size, masked=masked)
        wanted = by_reference(reference, given)
        assert_same(Differentiated(layer, **WAYS["plain"])(given), wanted, EXACT)
        stock = twin(layer, keras.layers.RNN)
        assert_same(Differentiated(stock, **WAYS["plain"])(given), wanted, EXACT)


# Zoneout in training: the draws are drawn again afterwards, and given to the reference.

NESTS = {
    "zoneout": lambda cell, rates: ZoneoutCell(cell, rates),
    "residual of zoneout": lambda cell, rates: ResidualCell(ZoneoutCell(cell, rates)),
    "zoneout of residual": lambda cell, rates: ZoneoutCell(ResidualCell(cell), rates),
}
REFERENCES = {
    "zoneout": lambda cell, sizes: ZoneoutReference(cell, [], sizes, drawn=True),
    "residual of zoneout": lambda cell, sizes: ResidualReference(
        ZoneoutReference(cell, [], sizes, drawn=True)
    ),
    "zoneout of residual": lambda cell, sizes: ZoneoutReference(
        ResidualReference(cell), [], sizes, drawn=True
    ),
}


def zoneout_of(cell):
    while not isinstance(cell, ZoneoutCell):
        cell = cell.cell
    return cell


def drawn_again(cell, seed_state, inputs):
    """`[B, T, ΣH]`: what `cell`, a ZoneoutCell, drew for `inputs [B, T, E]` at that state."""
    cell.seed_generator.state.assign(seed_state)
    flat = ops.reshape(ops.convert_to_tensor(inputs), (-1, inputs.shape[-1]))
    draws = np.array(cell.project_in_training(flat))[:, -sum(cell.state_sizes) :]
    assert set(np.unique(draws)) <= {0, 1}
    assert 0.2 < draws.mean() < 0.7
    return draws.reshape(*inputs.shape[:2], -1)


def called(name, nest, way):
    keras.utils.set_random_seed(5)
    entry = next(entry for entry in CATALOGUE if entry.name == name)
    inner = entry.cell(**entry.small, dtype="float64")
    rates = [0.3, 0.6][: len(inner.state_sizes)]
    layer = made(NESTS[nest](inner, rates), UNITS)
    bare = entry.reference_of(inner, entry.small)
    return Differentiated(layer, **WAYS[way]), REFERENCES[nest](bare, inner.state_sizes)


DRAWN = [
    ("SimpleRNN", "zoneout", "eager"),
    ("SimpleRNN", "zoneout", "compiled"),
    *[("LSTM", nest, "compiled, unknown sizes") for nest in NESTS],
]


@pytest.mark.parametrize(("name", "nest", "way"), DRAWN)
def test_in_training_zoneout_is_its_equation_with_the_draws(name, nest, way):
    function, reference = called(name, nest, way)
    cell = zoneout_of(function.layer.cell)
    for rows, length, masked in ((9, 6, True), (9, 6, False)):
        given = problem(cell, rows, length, UNITS, masked=masked)
        seed_state = np.array(cell.seed_generator.state)
        got = function(given)
        draws = drawn_again(cell, seed_state, given.inputs)
        given.inputs = np.concatenate([given.inputs, draws], axis=-1)
        wanted = by_reference(reference, given)
        wanted["gradient of inputs"] = wanted["gradient of inputs"][..., :UNITS]
        assert_same(got, wanted, EXACT)


class Told(ZoneoutCell):
    """Takes the draws from behind the inputs: what Keras's loop draws anew cannot be told it."""

    def project_in_training(self, inputs):
        draws = sum(self.state_sizes)
        x, draws = ops.split(inputs, [inputs.shape[-1] - draws], axis=-1)
        return ops.concatenate([self.cell.project_in_training(x), draws], axis=-1)


@pytest.mark.parametrize(
    "cell_class",
    # Two states, one product of the step's own among them; an output that is none of them.
    cases_of(OWN_CELLS, (CoupledCell, DeepCell, LateCell)),
)
def test_in_training_zoneout_of_any_cell_is_as_in_kerass_loop(cell_class):
    layer = made(ZoneoutCell(cell_class(dtype="float64"), 0.4), 3)
    cell = layer.cell
    told = Told(cell.cell, 0.4)
    told.cell_width, told.built = cell.cell_width, True
    stock = keras.layers.RNN(told, **WHOLE)
    stock.built = True
    given = problem(cell, 9, 5, 3, masked=True)
    seed_state = np.array(cell.seed_generator.state)
    got = Differentiated(layer, **WAYS["compiled, unknown sizes"])(given)
    draws = drawn_again(cell, seed_state, given.inputs)
    given.inputs = np.concatenate([given.inputs, draws], axis=-1)
    how = {**WAYS["plain"], "training": True}
    wanted = Differentiated(stock, **how)(given)
    wanted["gradient of inputs"] = wanted["gradient of inputs"][..., :3]
    assert_same(got, wanted, EXACT)


# Dropout in training: Keras's loop draws the same.


def dropping(cell, seed=3):
    return DropoutCell(cell, 0.3, 0.4, 0.2, seed=seed)


def simple(**arguments):
    return SimpleRNNCell(UNITS, dtype="float64", **arguments)


def lstm(**arguments):
    return LSTMCell(UNITS, dtype="float64", **arguments)


def gru(**arguments):
    return GRUCell(UNITS, dtype="float64", reset_after=False, **arguments)


DROPPING = {
    "simple": lambda: dropping(simple()),
    "lstm": lambda: dropping(lstm()),
    "the mask of the state inside the step": lambda: dropping(gru()),
    "twice": lambda: dropping(dropping(gru(), seed=4)),
    "with the cell's own": lambda: dropping(lstm(dropout=0.5, recurrent_dropout=0.3, seed=1)),
    "of the cell, residual": lambda: ResidualCell(lstm(dropout=0.5, recurrent_dropout=0.3)),
    "residual of dropout": lambda: ResidualCell(dropping(lstm())),
    "residual twice": lambda: ResidualCell(ResidualCell(dropping(lstm()))),
    "with a readout": lambda: dropping(LateCell(UNITS + 1, dtype="float64")),
    "residual, with a readout": lambda: ResidualCell(
        dropping(LateCell(UNITS + 1, dtype="float64"))
    ),
    "dropout of residual": lambda: dropping(ResidualCell(lstm())),
    "dropout of residual of dropout": lambda: dropping(ResidualCell(dropping(gru(), seed=4))),
}


def with_seeds_of(layer, states, function, given):
    for variable, state in zip(seeds_of(layer), states, strict=True):
        variable.assign(state)
    return function(given)


def seeds_of(layer):
    return [v for v in layer.cell.variables if v.path.endswith("seed_generator_state")]


# One wrapper around another is in the rest of the list.
FEW = ("lstm", "the mask of the state inside the step", "residual, with a readout")


@pytest.mark.parametrize("name", cases_of(DROPPING, FEW))
def test_in_training_dropout_is_as_in_kerass_loop(name):
    keras.utils.set_random_seed(4)
    layer = made(DROPPING[name](), UNITS)
    stock = Differentiated(twin(layer, keras.layers.RNN), **{**WAYS["plain"], "training": True})
    states = [np.array(variable) for variable in seeds_of(layer)]
    assert states
    given = problem(layer.cell, 9, 5, UNITS, masked=True)
    wanted = with_seeds_of(layer, states, stock, given)
    ours = Differentiated(layer, **WAYS["compiled, unknown sizes"])
    assert_same(with_seeds_of(layer, states, ours, given), wanted, EXACT)
    dry = layer(given.inputs, initial_state=given.initial, mask=given.mask)[0]
    assert np.abs(dry - wanted["outputs"]).max() > 0.1


@pytest.mark.parametrize("make", [simple, lstm, gru])
def test_dropout_around_a_cell_is_the_cells_own_dropout(make):
    layer = made(DropoutCell(make(), 0.3, 0.4, seed=3), UNITS)
    own = RNN(make(dropout=0.3, recurrent_dropout=0.4, seed=3), **WHOLE)
    own.build((None, None, UNITS))
    own.set_weights(layer.get_weights())
    given = problem(layer.cell, 5, 4, UNITS, masked=True)
    got = layer(given.inputs, mask=given.mask, training=True)
    for one, other in zip(got, own(given.inputs, mask=given.mask, training=True), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=EXACT)


# In the places of any cell.


@pytest.mark.parametrize(
    ("kind", "jit_compile"),
    cases_of(
        itertools.product((RNN, keras.layers.RNN), (True, False)),
        [(RNN, False), (keras.layers.RNN, True)],
    ),
)
def test_a_model_trains(kind, jit_compile):
    keras.utils.set_random_seed(1)
    cell = DropoutCell(ZoneoutCell(ResidualCell(LSTMCell(6)), [0.05, 0.2]), 0.1, 0.1, 0.1)
    model = keras.Sequential([keras.layers.Dense(6), kind(cell), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.02), "mse", jit_compile=jit_compile)
    x = np.random.default_rng(0).normal(size=(32, 5, 3)).astype("float32")
    y = x.mean((1, 2))[:, None]
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=20, batch_size=8, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 0.5 * before


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_results_are_in_the_cells_own_precision(policy):
    cell = DropoutCell(ResidualCell(ZoneoutCell(LSTMCell(4, dtype=policy), 0.3)), 0.2, 0.2, 0.2)
    assert cell.compute_dtype == policy.removeprefix("mixed_")
    layer = RNN(cell, return_sequences=True, return_state=True, dtype=policy)
    x = np.random.default_rng(0).normal(size=(3, 4, 4)).astype("float32")
    for training in (False, True):
        results = layer(x, training=training)
        assert {result.dtype.name for result in results} == {cell.compute_dtype}
        assert all(np.all(np.isfinite(np.array(result, "float32"))) for result in results)
    wanted = keras.layers.RNN(cell, return_sequences=True, dtype=policy)(x)
    # A few units in the last place of bfloat16, 2⁻⁷ for outputs of size 1 to 4.
    got, wanted = np.array(layer(x)[0], "float32"), np.array(wanted, "float32")
    np.testing.assert_allclose(got, wanted, rtol=0, atol=2**-4)


def test_an_attribute_of_the_cell_inside_may_be_set_anew():
    layer = made(ResidualCell(simple()), UNITS)
    x = problem(layer.cell, 3, 4, UNITS, masked=False).inputs
    before = layer(x)[0]
    layer.cell.cell.activation = keras.activations.relu
    after = layer(x)[0]
    other = made(ResidualCell(simple(activation="relu")), UNITS)
    np.testing.assert_allclose(after, other(x)[0], rtol=0, atol=EXACT)
    assert np.abs(before - after).max() > 0.1


def test_a_wrapped_cell_goes_from_its_layer_to_a_wrapper():
    # What was trained bare can be wrapped afterwards: the weights are the cell's.
    bare = SimpleRNN(UNITS)
    x = np.ones((2, 3, UNITS), "float32")
    outputs = bare(x)
    wrapped = RNN(ResidualCell(bare.cell))
    # One product in float32.
    np.testing.assert_allclose(wrapped(x), outputs + x[:, -1], rtol=0, atol=1e-5)
    assert wrapped.cell.cell.kernel is bare.cell.kernel
