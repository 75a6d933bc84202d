"""A layer named for its cell, made from the cell alone."""

import inspect
import textwrap
from typing import Any, ClassVar

import keras

from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.layers.recurrent import RNN

_OF_EVERY_LAYER = ("name", "trainable", "dtype")


class NamedRNN(RNN):
    """Base of the layers that are one cell over time: a subclass sets `cell_class`.

    Arguments that the cell's constructor names go to the cell and can be read from the layer
    (`layer.units`); all others go to `RNN`. The cell owns its arguments: their meaning, defaults
    and errors are documented there. `positional` names those that may come without a name, in
    order; by default the cell's. `unsaved` names, with their defaults, arguments of the layer's own
    that its config leaves out.
    """

    cell_class: ClassVar[type[ProjectedCell]]
    positional: ClassVar[tuple[str, ...]] = ()
    unsaved: ClassVar[dict[str, Any]] = {}
    stands_in_for: ClassVar[type[keras.layers.RNN] | None] = None
    _cell_arguments: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "cell_class"):
            return  # itself a base
        own = arguments_of(cls.cell_class)
        cls._cell_arguments = tuple(parameter.name for parameter in own)
        for name in cls._cell_arguments:
            setattr(cls, name, _forwarded(name))
        cls.positional = cls.positional or cls._cell_arguments
        of_rnn = [
            p
            for p in inspect.signature(RNN.__init__).parameters.values()
            if p.default is not p.empty
        ]
        of_layer = inspect.Parameter("_", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        unsaved = [of_layer.replace(name=n, default=value) for n, value in cls.unsaved.items()]
        known = {parameter.name: parameter for parameter in (*own, *of_rnn, *unsaved)}
        first = [known.pop(name, of_layer.replace(name=name)) for name in cls.positional]
        keywords = [p.replace(kind=p.KEYWORD_ONLY) for p in known.values()]
        rest = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
        cls.__signature__ = _OfTheClass(inspect.Signature([*first, *keywords, rest]))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if len(args) > len(self.positional):
            raise TypeError(
                f"{type(self).__name__} takes at most {len(self.positional)} positional "
                f"arguments ({', '.join(self.positional)}); received {len(args)}. Pass the "
                "others by name."
            )
        for name, value in zip(self.positional, args, strict=False):
            if name in kwargs:
                raise TypeError(f"{type(self).__name__} received the argument {name!r} twice.")
            kwargs[name] = value
        of_cell = {name: kwargs.pop(name) for name in self._cell_arguments if name in kwargs}
        unsaved = {name: kwargs.pop(name, value) for name, value in self.unsaved.items()}
        shared = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        cell_name = keras.src.utils.naming.to_snake_case(self.cell_class.__name__)
        super().__init__(self.cell_class(**of_cell, **shared, name=cell_name), **kwargs)
        self.input_spec = [keras.layers.InputSpec(ndim=3)]
        for name, value in unsaved.items():
            setattr(self, name, value)

    def get_config(self) -> dict[str, Any]:
        """The cell's arguments and the layer's own, flat, as the constructor takes them."""
        config = {"activity_regularizer": None, **super().get_config()}
        del config["cell"]
        of_cell = self.cell.get_config()
        for name in _OF_EVERY_LAYER:
            of_cell.pop(name, None)
        return {**config, **of_cell}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "NamedRNN":
        """The layer again, from `get_config()`."""
        return cls(**config)


def layer_of(
    cell_class: type[ProjectedCell],
    *,
    module: str,
    name: str | None = None,
    stands_in_for: type[keras.layers.RNN] | None = None,
    base: type[NamedRNN] = NamedRNN,
    note: str = "",
) -> type[NamedRNN]:
    """The layer that runs `cell_class` over time, named as the cell without its "Cell", or `name`.

    Where it stands in for a layer of Keras, arguments without a name come in that layer's order.
    `module` is where the class will be found; `note` is a paragraph of its docstring.
    """
    name = name or cell_class.__name__.removesuffix("Cell")
    body: dict[str, Any] = {"cell_class": cell_class, "__module__": module}
    if stands_in_for is not None:
        body["stands_in_for"] = stands_in_for
        body["positional"] = tuple(inspect.signature(stands_in_for.__init__).parameters)[1:-1]
    equation = inspect.cleandoc(cell_class.__doc__ or "").partition("\n\n")[0]
    drop_in = ""
    if stands_in_for is not None:
        drop_in = f"`keras.layers.{name}` on the engine: same arguments, weights and results.\n\n"
    note = f"{textwrap.dedent(note).strip()}\n\n" if note else ""
    body["__doc__"] = f"""{drop_in}{equation}

`{cell_class.__name__}` over time: `[B, T, E]`, optionally `mask [B, T]` and `initial_state`, to the
last output `[B, H]`, or to all outputs `[B, T, H]` with `return_sequences=True`, followed by the
final states with `return_state=True`. `cells.{cell_class.__name__}` says what its arguments mean,
the source of the equation and the errors; `layers.RNN` documents the others.

{note}Example:

>>> import numpy as np
>>> from keras_rnn_kit.layers import {name}
>>> layer = {name}(4, return_sequences=True)
>>> layer(np.ones((2, 3, 5), "float32"), mask=np.array([[True, True, False]] * 2)).shape
TensorShape([2, 3, 4])
"""
    made = type(name, (base,), body)
    return keras.saving.register_keras_serializable(package="keras_rnn_kit")(made)


def arguments_of(cell_class: type[ProjectedCell]) -> list[inspect.Parameter]:
    """What the cell's constructor takes, with what it hands on to the classes that it extends."""
    found: dict[str, inspect.Parameter] = {}
    for base in cell_class.__mro__[: cell_class.__mro__.index(keras.layers.Layer)]:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        for parameter in parameters:
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name != "self":
                found.setdefault(parameter.name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    lacks = getattr(cell_class, "lacks", ())
    return [parameter for name, parameter in found.items() if name not in lacks]


def _forwarded(name: str) -> property:
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


class _OfTheClass:
    """A class's `__signature__`; its instances are called with other arguments (`tf.function`)."""

    def __init__(self, signature: inspect.Signature):
        self._signature = signature

    def __get__(self, instance: Any, owner: type) -> inspect.Signature:
        if instance is not None:
            raise AttributeError("__signature__")
        return self._signature
