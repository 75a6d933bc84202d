"""Reading fields out of parsed JSON, each checked for its type, with errors that name it."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from keras_rnn_kit.errors import KitError

# One folder deep and plain on every system: no separator, no drive, no leading dot, no "..".
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")

_T = TypeVar("_T")


def field(fields: Mapping[str, Any], key: str, kind: type[_T], source: str, where: str = "") -> _T:
    """The field ``key`` of the object at ``where``, which must be there and of the type.

    Example:
        >>> field({"opset": 17}, "opset", int, "spec.json")
        17
    """
    name = f"{where}.{key}" if where else key
    if key not in fields:
        raise wrong(source, name, "there", "nothing")
    return typed(fields[key], kind, source, name)


def typed(value: Any, kind: type[_T], source: str, where: str) -> _T:
    """Returns ``value`` if it is of the JSON type ``kind``."""
    # bool is an int to Python, not to JSON.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}
        raise wrong(source, where, words[kind], value)
    return value


def choice(
    fields: Mapping[str, Any], key: str, choices: tuple[str, ...], source: str, where: str = ""
) -> str:
    """The string field ``key``, which must be one of ``choices``."""
    value = field(fields, key, str, source, where)
    if value not in choices:
        name = f"{where}.{key}" if where else key
        raise wrong(source, name, f"one of {list(choices)}", value)
    return value


def file_name(name: Any, source: str) -> str:
    """Returns ``name`` if it can only be a file right in the bundle's folder.

    Example:
        >>> file_name("../model.onnx", "spec.json")
        Traceback (most recent call last):
        ...
        keras_rnn_kit.errors.KitError: spec.json must name plain files in the bundle's own folder; \
received '../model.onnx'. Don't use this bundle unless you know who changed it.
    """
    if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
        raise KitError(
            f"{source} must name plain files in the bundle's own folder; received {name!r}. "
            "Don't use this bundle unless you know who changed it."
        )
    return name


def wrong(source: str, where: str, rule: str, received: Any) -> KitError:
    """The error for a field that breaks its rule."""
    shown = repr(received)
    if len(shown) > 200:
        shown = shown[:200] + "…"
    return KitError(f"{source}: {where} must be {rule}; received {shown}. Export the bundle again.")
