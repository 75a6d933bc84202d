"""A layer named for its cell, made from the cell alone."""

import inspect
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
    order; by default the cell's.
    """

    cell_class: ClassVar[type[ProjectedCell]]
    positional: ClassVar[tuple[str, ...]] = ()
    _cell_arguments: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        parameters = inspect.signature(cls.cell_class.__init__).parameters.values()
        own = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"]
        cls._cell_arguments = tuple(parameter.name for parameter in own)
        for name in cls._cell_arguments:
            setattr(cls, name, _forwarded(name))
        cls.positional = cls.positional or cls._cell_arguments
        of_rnn = [
            p
            for p in inspect.signature(keras.layers.RNN.__init__).parameters.values()
            if p.default is not p.empty
        ]
        known = {parameter.name: parameter for parameter in (*own, *of_rnn)}
        of_layer = inspect.Parameter("_", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
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
        shared = {name: kwargs[name] for name in ("dtype", "trainable") if name in kwargs}
        cell_name = keras.src.utils.naming.to_snake_case(self.cell_class.__name__)
        super().__init__(self.cell_class(**of_cell, **shared, name=cell_name), **kwargs)
        self.input_spec = [keras.layers.InputSpec(ndim=3)]

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
