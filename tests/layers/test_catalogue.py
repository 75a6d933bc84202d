"""What holds for every public layer: it is on the list, and its arguments and files are kept."""

import inspect

import keras
import numpy as np
import pytest

import keras_rnn_kit.cells
import keras_rnn_kit.layers
from keras_rnn_kit.layers import RNN
from tests.catalogue import APART, CATALOGUE, FEATURES, LAYER_ARGUMENTS, Entry

ENTRIES = [pytest.param(entry, id=entry.name) for entry in CATALOGUE]
STAND_INS = [pytest.param(entry, id=entry.name) for entry in CATALOGUE if entry.stands_in_for]
X = np.random.default_rng(0).normal(size=(3, 5, FEATURES)).astype("float32")


def test_every_public_name_is_on_the_list():
    public = {*keras_rnn_kit.cells.__all__, *keras_rnn_kit.layers.__all__}
    listed = {kind.__name__ for entry in CATALOGUE for kind in (entry.cell, entry.layer)}
    assert public == listed | APART.keys()
    assert not listed & APART.keys()


@pytest.mark.parametrize("package", [keras_rnn_kit.cells, keras_rnn_kit.layers])
def test_every_class_without_an_underscore_that_a_package_imports_is_public(package):
    classes = {name for name, value in vars(package).items() if inspect.isclass(value)}
    assert classes == set(package.__all__)


def _arguments_of(kind):
    parameters = inspect.signature(kind).parameters.values()
    return {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_list_has_every_argument_at_a_value_of_its_own(entry: Entry):
    assert entry.arguments.keys() == _arguments_of(entry.cell)
    assert _arguments_of(entry.layer) <= entry.arguments.keys() | LAYER_ARGUMENTS.keys()
    default = entry.cell(**entry.small).get_config()
    config = entry.cell(**entry.arguments).get_config()
    for name in entry.arguments:
        assert config[name] != default[name], name
    default = entry.layer(**entry.small).get_config()
    config = entry.layer(**entry.small, **LAYER_ARGUMENTS).get_config()
    for name in LAYER_ARGUMENTS:
        assert config[name] != default[name], name


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_argument_survives_a_config(entry: Entry):
    cell = entry.cell(**entry.arguments)
    whole = {**entry.arguments, **LAYER_ARGUMENTS}
    for made in (cell, RNN(cell, **LAYER_ARGUMENTS), entry.layer(**whole)):
        config = made.get_config()
        again = type(made).from_config(made.get_config())
        assert type(again) is type(made)
        assert again.get_config() == config
        serialized = keras.saving.serialize_keras_object(made)
        assert keras.saving.deserialize_keras_object(serialized).get_config() == config


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_argument_reaches_the_cell_and_is_read_from_the_layer(entry: Entry):
    whole = {**entry.arguments, **LAYER_ARGUMENTS}
    layer = entry.layer(**whole)
    assert type(layer.cell) is entry.cell
    config = entry.cell(**entry.arguments).get_config()
    assert {name: layer.cell.get_config()[name] for name in entry.arguments} == {
        name: config[name] for name in entry.arguments
    }
    for name in entry.arguments:
        assert getattr(layer, name) is getattr(layer.cell, name)
    for name in LAYER_ARGUMENTS.keys() - {"dtype"}:
        assert getattr(layer, name) == LAYER_ARGUMENTS[name]
    assert layer.dtype == layer.cell.dtype == LAYER_ARGUMENTS["dtype"]
    assert layer.cell.trainable is LAYER_ARGUMENTS["trainable"]


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("whole", [False, True], ids=["small", "every argument"])
def test_a_saved_model_gives_equal_outputs(entry: Entry, whole, tmp_path):
    arguments = {**entry.arguments, **LAYER_ARGUMENTS} if whole else entry.small
    inputs = keras.Input(batch_shape=X.shape)
    model = keras.Model(inputs, entry.layer(**arguments)(inputs))
    if whole:
        model.layers[-1].reset_state()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[-1]) is entry.layer
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
    outputs, again = keras.tree.flatten(model(X)), keras.tree.flatten(loaded(X))
    assert len(outputs) == (2 if whole else 1)
    for got, wanted in zip(again, outputs, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_cell_steps_as_the_equation_has_it(entry: Entry):
    for variant in ({}, *entry.variants):
        cell = entry.cell(**{**entry.small, **variant}, dtype="float64")
        states = [np.full((3, size), 0.3) for size in np.ravel(cell.state_size)]
        output, new_states = cell(X[:, 0].astype("float64"), states)
        reference = entry.reference_of(cell, {**entry.small, **variant})
        wanted, wanted_states, _ = reference.step(X[:, 0].astype("float64"), states)
        # One product in float64.
        np.testing.assert_allclose(output, wanted, rtol=0, atol=1e-12)
        for got, right in zip(new_states, wanted_states, strict=True):
            np.testing.assert_allclose(got, right, rtol=0, atol=1e-12)


@pytest.mark.parametrize("entry", STAND_INS)
def test_the_config_is_that_of_the_layer_it_stands_in_for(entry: Entry):
    assert entry.stands_in_for is not None
    whole = {**entry.arguments, **LAYER_ARGUMENTS}
    del whole["activity_regularizer"]  # Keras's SimpleRNN takes it and forgets it
    layer, stock = entry.layer(**whole), entry.stands_in_for(**whole)
    config, wanted = layer.get_config(), stock.get_config()
    assert {name: config[name] for name in wanted} == wanted
    assert entry.layer.from_config(wanted).get_config() == {**config, "seed": None}
    assert entry.stands_in_for.from_config(config).get_config() == wanted
