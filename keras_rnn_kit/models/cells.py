"""The recurrence of a model, by the name of one of the kit's cells or as a class of one's own."""

import inspect
from collections.abc import Mapping
from typing import Any

import keras

from keras_rnn_kit import cells
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.errors import KitError

CellClass = type[ProjectedCell]

# A cell's arguments that a model has as its own.
SETTLED = ("units", "activation", "dtype", "name")


def cell_names() -> list[str]:
    """The kit's cells that are known by their units alone; no wrappers.

    Example:

    >>> cell_names()[-2:]
    ['SimpleRNN', 'UGRNN']
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


def make_cell(
    cell: str | CellClass,
    units: int,
    activation: Any,
    dtype: Any,
    cell_arguments: Mapping[str, Any] | None = None,
) -> ProjectedCell:
    """A new cell of so many units; `activation=None` is the cell's own.

    `cell_arguments` are further ones of its constructor. Each cell has objects of its own of them:
    an initializer that two cells share would draw the same for both.
    """
    given = {} if activation is None else {"activation": activation}
    further = serialized_arguments(cell, cell_arguments) or {}
    further = {
        name: keras.saving.deserialize_keras_object(value) for name, value in further.items()
    }
    made: ProjectedCell = _class_of(name_of_cell(cell))(units, **given, **further, dtype=dtype)
    return made


def serialized_arguments(
    cell: str | CellClass, cell_arguments: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """A cell's further arguments as a config has them; `KitError` for one that it doesn't take.

    Example:

    >>> serialized_arguments("GRU", {"recurrent_dropout": 0.2})
    {'recurrent_dropout': 0.2}
    """
    if cell_arguments is None:
        return None
    known = _further_arguments(_class_of(name_of_cell(cell)))
    mapping = isinstance(cell_arguments, Mapping)
    wrong = [name for name in cell_arguments if name not in known] if mapping else [cell_arguments]
    if wrong:
        raise KitError(
            f"cell_arguments must be further arguments of {name_of_cell(cell)}, by name, of "
            f"{', '.join(known)}; received {wrong[0]!r}. Leave it out; {', '.join(SETTLED)} are "
            "the model's own."
        )
    return {name: _serialized(name, value) for name, value in cell_arguments.items()}


def as_config(cell_arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The entry of a model's config; none without, as in the files of models that had none."""
    return {} if cell_arguments is None else {"cell_arguments": dict(cell_arguments)}


def serialized(activation: Any) -> Any:
    """An activation as a config has it."""
    if activation is None or isinstance(activation, str):
        return activation
    return keras.activations.serialize(keras.activations.get(activation))


def _further_arguments(cell: CellClass) -> list[str]:
    """What the cell's constructor takes beside what a model settles, and beside Keras's own."""
    found: list[str] = []
    for base in cell.__mro__:
        if base is keras.layers.Layer:
            break
        if "__init__" in vars(base):
            parameters = list(inspect.signature(base.__init__).parameters.values())[1:]  # type: ignore[misc]
            found += [one.name for one in parameters if one.kind != one.VAR_KEYWORD]
            if not any(one.kind == one.VAR_KEYWORD for one in parameters):
                break
    left_out = {*SETTLED, *getattr(cell, "lacks", ())}
    return [name for name in dict.fromkeys(found) if name not in left_out]


def _serialized(name: str, value: Any) -> Any:
    try:
        found = keras.saving.serialize_keras_object(value)
        again = keras.saving.deserialize_keras_object(found)
    except (AttributeError, ImportError, TypeError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise KitError(
            f"cell_arguments must be what a saved model can be loaded with; received {name}="
            f"{value!r}, which can't be ({reason}). Pass a name, a number, or an object whose "
            "class is registered with keras.saving.register_keras_serializable."
        ) from None
    if isinstance(value, keras.initializers.Initializer):
        _check_whole(name, value, again)
    return found


def _check_whole(name: str, given: Any, again: Any) -> None:
    """`KitError` for an initializer whose config lacks something, as Keras's Identity its gain."""
    for part, value in vars(given).items():
        drawn_anew = part in ("seed", "_init_seed")
        simple = isinstance(value, (int, float, str))
        if simple and not drawn_anew and getattr(again, part, None) != value:
            raise KitError(
                "cell_arguments must be what a saved model can be loaded with; received "
                f"{name}={given!r}, whose config lacks {part}={value!r}. Pass an initializer that "
                "has it in get_config()."
            )


def _kit_name(cell: CellClass) -> str | None:
    name = cell.__name__.removesuffix("Cell")
    return name if getattr(cells, cell.__name__, None) is cell and name in cell_names() else None


def _class_of(name: str) -> Any:
    """The class of that name; `None` where there is none."""
    if name in cell_names():
        return getattr(cells, f"{name}Cell")
    found = keras.saving.get_registered_object(name)
    return found if isinstance(found, type) and issubclass(found, ProjectedCell) else None
