"""The recurrence of a model, by the name of one of the kit's cells or as a class of one's own."""

from typing import Any

import keras

from keras_rnn_kit import cells
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError

CellClass = type[ProjectedCell]


def cell_names() -> list[str]:
    """The kit's cells that are known by their units alone; no wrappers.

    Example:

    >>> cell_names()[-3:]
    ['MultiplicativeRNN', 'SimpleRNN', 'UGRNN']
    """
    named = (name for name in cells.__all__ if name not in ("ProjectedCell", "WeightedCell"))
    found = [name for name in named if not issubclass(getattr(cells, name), cells.CellWrapper)]
    return sorted(name.removesuffix("Cell") for name in found)


def name_of_cell(cell: str | CellClass) -> str:
    """What a model's config calls the cell; `KitError` for one that loading wouldn't find."""
    name = cell
    if isinstance(cell, type):
        name = _kit_name(cell) or keras.saving.get_registered_name(cell)
    if not isinstance(name, str) or _class_of(name) is None:
        raise KitError(
            f"cell must be one of {', '.join(cell_names())}, or a ProjectedCell class registered "
            "with keras.saving.register_keras_serializable, which takes its units first; received "
            f"{cell!r}. Pass one of these."
        )
    return name


def make_cell(cell: str | CellClass, units: int, activation: Any, dtype: Any) -> ProjectedCell:
    """A new cell of so many units; `activation=None` is the cell's own."""
    given = {} if activation is None else {"activation": activation}
    made: ProjectedCell = _class_of(name_of_cell(cell))(units, **given, dtype=dtype)
    return made


def serialized(activation: Any) -> Any:
    """An activation as a config has it."""
    if activation is None or isinstance(activation, str):
        return activation
    return keras.activations.serialize(keras.activations.get(activation))


def _kit_name(cell: CellClass) -> str | None:
    name = cell.__name__.removesuffix("Cell")
    return name if getattr(cells, cell.__name__, None) is cell and name in cell_names() else None


def _class_of(name: str) -> Any:
    """The class of that name; `None` where there is none."""
    if name in cell_names():
        return getattr(cells, f"{name}Cell")
    found = keras.saving.get_registered_object(name)
    return found if isinstance(found, type) and issubclass(found, ProjectedCell) else None
