"""A model's recurrence by name: every cell of the kit, and one of a person's own."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit import cells
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel, TextClassifier
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
