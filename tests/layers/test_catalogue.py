"""What holds for every public layer: it is on the list, and its arguments and files are kept."""

import inspect

import keras
import numpy as np
import pytest

import keras_rnn_kit.cells
import keras_rnn_kit.layers
from keras_rnn_kit.layers import RNN
from keras_rnn_kit.layers.named import arguments_of
from tests.catalogue import (
    APART,
    CATALOGUE,
    FEATURES,
    LAYER_ARGUMENTS,
    NOT_STATEFUL,
    Entry,
)

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
    assert entry.arguments.keys() == {parameter.name for parameter in arguments_of(entry.cell)}
    of_layer = entry.arguments.keys() | NOT_STATEFUL.keys() | entry.unsaved.keys()
    assert _arguments_of(entry.layer) <= of_layer
    default = entry.cell(**entry.small).get_config()
    config = entry.cell(**entry.arguments).get_config()
    for name in entry.arguments:
        assert config[name] != default.get(name), name
    default = entry.layer(**entry.small).get_config()
    config = entry.layer(**entry.small, **LAYER_ARGUMENTS).get_config()
    for name in LAYER_ARGUMENTS:
        assert config[name] != default.get(name), name
    config = entry.layer(**entry.small, **NOT_STATEFUL).get_config()
    for name in NOT_STATEFUL.keys() - LAYER_ARGUMENTS.keys():
        assert config[name] != default.get(name), name


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("of_layer", [LAYER_ARGUMENTS, NOT_STATEFUL], ids=["stateful", "not"])
def test_every_argument_survives_a_config(entry: Entry, of_layer):
    cell = entry.cell(**entry.arguments)
    whole = {**entry.arguments, **of_layer}
    for made in (cell, RNN(cell, **of_layer), entry.layer(**whole)):
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
    assert entry.layer(**{**whole, **NOT_STATEFUL}).initial_state == "learned"
    assert layer.dtype == layer.cell.dtype == LAYER_ARGUMENTS["dtype"]
    assert layer.cell.trainable is LAYER_ARGUMENTS["trainable"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_a_config_leaves_out_is_as_good_as_its_default(entry: Entry):
    plain, layer = entry.layer(**entry.small), entry.layer(**entry.small, **entry.unsaved)
    for name, value in entry.unsaved.items():
        assert getattr(layer, name) == value != getattr(plain, name)
        assert name not in layer.get_config()
    plain.build(X.shape)
    layer.build(X.shape)
    layer.set_weights(plain.get_weights())
    np.testing.assert_array_equal(layer(X), plain(X))


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
    states = np.size(model.layers[-1].state_size)
    assert len(outputs) == (1 + states if whole else 1)
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
def test_the_signature_is_that_of_the_layer_it_stands_in_for(entry: Entry):
    stock = inspect.signature(entry.stands_in_for).parameters
    ours = inspect.signature(entry.layer).parameters
    for name, parameter in stock.items():
        assert ours[name].default == parameter.default
        assert ours[name].kind == parameter.kind
    assert list(ours)[: len(stock) - 1] == list(stock)[:-1]
    # In Keras the first is one of **kwargs; there is no other.
    assert ours.keys() - stock.keys() == {"zero_output_for_mask", "initial_state", "recurrence"}


@pytest.mark.parametrize("entry", STAND_INS)
def test_arguments_without_a_name_come_in_the_order_of_the_layer_it_stands_in_for(entry: Entry):
    assert entry.stands_in_for is not None
    known = {**entry.arguments, **LAYER_ARGUMENTS, **entry.unsaved}
    order = list(inspect.signature(entry.stands_in_for).parameters)[:-1]
    values = [known[name] for name in order]
    config = entry.layer(*values, name="chosen").get_config()
    assert (
        config == entry.layer(**dict(zip(order, values, strict=True)), name="chosen").get_config()
    )
    stock = entry.stands_in_for(*values, name="chosen").get_config()
    # Keras 3.15 takes it and, in SimpleRNN, leaves it out of the config.
    stock["activity_regularizer"] = config["activity_regularizer"]
    assert {name: config[name] for name in stock} == stock


@pytest.mark.parametrize("entry", STAND_INS)
def test_attributes_are_those_of_the_layer_it_stands_in_for(entry: Entry):
    assert entry.stands_in_for is not None
    layer, stock = entry.layer(4), entry.stands_in_for(4)
    layer(X)
    stock(X)
    lacking = {name for name in dir(stock) if hasattr(stock, name) and not hasattr(layer, name)}
    assert lacking == set()
    assert [spec.ndim for spec in layer.input_spec] == [
        spec.ndim for spec in keras.tree.flatten(stock.input_spec)
    ]
    assert layer.state_size == stock.state_size
    assert layer.count_params() == stock.count_params()


@pytest.mark.parametrize("entry", STAND_INS)
def test_the_config_is_that_of_the_layer_it_stands_in_for(entry: Entry):
    assert entry.stands_in_for is not None
    whole = {**entry.arguments, **LAYER_ARGUMENTS}
    # Keras 3.15 takes it and, in SimpleRNN, leaves it out of the config.
    del whole["recurrence"]  # of ours alone
    del whole["activity_regularizer"]
    layer, stock = entry.layer(**whole), entry.stands_in_for(**whole)
    config, wanted = layer.get_config(), stock.get_config()
    assert {name: config[name] for name in wanted} == wanted
    forgotten = dict.fromkeys(config.keys() - wanted.keys())
    assert forgotten.keys() <= {"seed"}
    assert entry.layer.from_config(wanted).get_config() == {**config, **forgotten}
    assert entry.stands_in_for.from_config(config).get_config() == wanted
