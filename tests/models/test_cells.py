"""A model's recurrence by name: every cell of the kit, and one of a person's own."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit import cells
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers import PerGate
from keras_rnn_kit.models import LanguageModel, SequenceTagger, TextClassifier, TreeClassifier
from keras_rnn_kit.models.cells import cell_names
from tests.exporting.models import saves_models, with_weights

IDS = np.random.default_rng(0).integers(1, 9, (2, 6)).astype("int32")


@keras.saving.register_keras_serializable(package="tests")
class HalfCell(cells.WeightedCell):
    def update(self, projected: Any, recurrent: Any, states: Any) -> Any:
        h = 0.5 * states[0] + 0.5 * self.activation(projected + recurrent)
        return h, [h]


class Unregistered(HalfCell):
    pass


class UnregisteredInitializer(keras.initializers.Initializer):
    """Local to nobody's files: `__module__` names no module that could be imported."""

    __module__ = "nowhere"

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return keras.ops.zeros(shape, dtype)


def test_every_cell_that_its_units_make_has_a_name() -> None:
    left_out = {name.removesuffix("Cell") for name in cells.__all__} - set(cell_names())
    assert left_out == {"CellWrapper", "Dropout", "Projected", "Residual", "Weighted", "Zoneout"}


@saves_models
@pytest.mark.parametrize("cell", [*cell_names(), HalfCell])
def test_step_by_step_is_the_whole_and_a_saved_model_comes_back(cell: Any, tmp_path: Path) -> None:
    model = with_weights(LanguageModel(9, 4, cell=cell, embedding=3, layers=2))
    logits, after = model(IDS, return_states=True)
    states = None
    for t in range(IDS.shape[1]):
        now, states = model.step(IDS[:, t], states)
        np.testing.assert_allclose(now, logits[:, t], atol=1e-5, rtol=1e-5)
    assert [state.shape[1] for state in after] == model.state_sizes
    for one, other in zip(states or [], after, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-5)

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IDS), logits)
    assert type(loaded.recurrent_layers[1].cell) is type(model.recurrent_layers[1].cell)


@pytest.mark.parametrize("cell", ["GRU", cells.LSTMCell, HalfCell])
def test_a_classifier_of_any_cell(cell: Any) -> None:
    for pooling in ("last", "max"):
        model = TextClassifier(9, ("a", "b"), 4, cell=cell, embedding=3, pooling=pooling)
        model(IDS)
        again = TextClassifier.from_config(model.get_config())
        again(IDS)
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again(IDS), model(IDS))
    name = cell if isinstance(cell, str) else cell.__name__
    made = model.recurrent_layer.forward_layer.cell
    assert type(made).__name__.removesuffix("Cell") == name.removesuffix("Cell")


def test_the_activation_is_the_cell_s_own_unless_one_is_given() -> None:
    def activation(**arguments: Any) -> Any:
        return LanguageModel(9, 4, **arguments).recurrent_layers[0].cell.activation

    assert activation(cell="IRNN") is keras.activations.relu
    assert activation() is keras.activations.tanh
    assert activation(cell="GRU", activation="relu") is keras.activations.relu


@pytest.mark.parametrize("cell", ["Transformer", "Dropout", "WeightedCell", Unregistered, 3, None])
def test_a_cell_that_isn_t_known(cell: Any) -> None:
    for make in (
        lambda: LanguageModel(9, 4, cell=cell),
        lambda: TextClassifier(9, "ab", cell=cell),
    ):
        with pytest.raises(KitError, match=r"cell must be one of Anti.*UGRNN, or a Projected"):
            make()


def cells_of(model: Any) -> list[Any]:
    if isinstance(model, LanguageModel):
        return [layer.cell for layer in model.recurrent_layers]
    if isinstance(model, TreeClassifier):
        return [model.tree.cell]
    both = [(layer.forward_layer, layer.backward_layer) for layer in every_layer(model)]
    return [layer.cell for pair in both for layer in pair]


def every_layer(model: Any) -> list[Any]:
    return [model.recurrent_layer, *model.upper_layers]


@saves_models
@pytest.mark.parametrize(
    "make",
    [
        lambda **more: LanguageModel(9, 4, layers=2, embedding=None, **more),
        lambda **more: TextClassifier(9, ("a", "b"), 4, embedding=3, layers=2, **more),
        lambda **more: SequenceTagger(9, ("a", "b"), 4, embedding=3, **more),
        lambda **more: TreeClassifier(9, ("a", "b"), 4, **more),
    ],
)
def test_further_arguments_reach_every_cell_and_are_saved(make: Any, tmp_path: Path) -> None:
    given = {
        "recurrent_dropout": 0.25,
        "reset_after": False,
        "recurrent_initializer": PerGate("orthogonal"),
        "kernel_initializer": keras.initializers.RandomNormal(stddev=0.3),
        "bias_constraint": "non_neg",
    }
    model = make(cell="GRU", cell_arguments=given)
    logits = model(IDS)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(IDS), logits)
    assert loaded.get_config() == model.get_config()
    for one in (model, loaded):
        for cell in cells_of(one):
            assert (cell.recurrent_dropout, cell.reset_after) == (0.25, False)
            assert isinstance(cell.recurrent_initializer, PerGate)
            assert cell.kernel_initializer.stddev == 0.3
            assert isinstance(cell.bias_constraint, keras.constraints.NonNeg)
    # An object that all cells shared would draw the same for all of them.
    drawn = [np.asarray(cell.recurrent_kernel.numpy()) for cell in cells_of(model)]
    assert len({one.tobytes() for one in drawn}) == len(drawn)


def test_without_further_arguments_a_config_is_as_it_was() -> None:
    for model in (LanguageModel(9, 4), TextClassifier(9, ("a", "b"), 4)):
        assert "cell_arguments" not in model.get_config()
    assert LanguageModel(9, 4, cell_arguments={}).get_config()["cell_arguments"] == {}


def test_an_output_that_is_not_as_wide_as_the_units() -> None:
    given: Any = {"cell": "OutputFeedback", "layers": 2, "cell_arguments": {"outputs": 3}}
    assert LanguageModel(9, 4, **given)(IDS).shape == (2, 6, 9)
    assert TextClassifier(9, ("a", "b"), 4, **given).output_width == 6
    assert TextClassifier(9, ("a", "b"), 4, **given)(IDS).shape == (2, 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 3}, r"further arguments of DeepTransition, by name, of input_depth, .*'depth'"),
        (
            {"units": 3},
            r"received 'units'\. Leave it out; units, activation, dtype, name are the m",
        ),
        ([("skip", True)], r"received \[\('skip', True\)\]"),
        ({"skip": object()}, r"can be loaded with; received skip=<object"),
        ({"kernel_initializer": UnregisteredInitializer()}, "received kernel_initializer=.*Pass a"),
        (
            {"kernel_initializer": keras.initializers.Identity(0.5)},
            r"received kernel_initializer=<.*>, whose config lacks gain=0\.5",
        ),
        ({"transition_depth": 0}, "transition_depth must be a positive integer"),
    ],
)
def test_arguments_that_the_cell_does_not_take(wrong: Any, message: str) -> None:
    with pytest.raises(KitError, match=message):
        LanguageModel(9, 4, cell="DeepTransition", cell_arguments=wrong)


def test_what_a_cell_lacks_is_not_among_its_arguments() -> None:
    with pytest.raises(KitError, match="further arguments of LinearRecurrent") as error:
        LanguageModel(9, 4, cell="LinearRecurrent", cell_arguments={"nothing": 1})
    for lacking in cells.LinearRecurrentCell.lacks:
        assert f" {lacking}," not in str(error.value).partition("received")[0]
    assert "gated" in str(error.value)
