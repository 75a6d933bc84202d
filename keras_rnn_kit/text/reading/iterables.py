"""Python's iterables as sources of texts."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.reading.labelled import Pair
from keras_rnn_kit.text.reading.parts import Part

Item = TypeVar("Item")


def passes(source: Iterable[Any], read: Callable[[int, Any], Item]) -> Callable[[], Iterator[Item]]:
    """What begins a pass over the iterable, each of whose items is read by `read(number, item)`.

    Raises:
        KitError: for what is no iterable of texts; for the second pass over an iterator.

    Example:
        >>> begin = passes(["one", "two"], lambda number, item: item)
        >>> list(begin()), list(begin())
        (['one', 'two'], ['one', 'two'])
    """
    if not isinstance(source, Iterable) or isinstance(source, bytes | bytearray):
        raise KitError(
            "a source must be a path, the name of a source or an iterable of texts; received "
            f"{type(source).__name__}. Pass one of these."
        )
    taken = False

    def begin() -> Iterator[Item]:
        nonlocal taken
        items = iter(source)
        if items is source:
            if taken:
                raise KitError(
                    "a source that is read twice must be one that can be; received the iterator "
                    f"{type(source).__name__}, which is used up. Pass a list, a path, or an object "
                    "whose __iter__ begins anew."
                )
            taken = True
        return (read(number, item) for number, item in enumerate(items))

    return begin


def text_part(number: int, item: Any) -> Part:
    """An item as a document."""
    return Part(_string(f"text {number}", item), "\n")


def text_pair(number: int, item: Any) -> Pair:
    """An item as a text and its label."""
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise KitError(
            f"item {number} must be a text with its label; received {repr(item)[:60]}. "
            "Pass pairs (text, label)."
        )
    return _string(f"text {number}", item[0]), _string(f"label {number}", item[1])


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise KitError(f"{name} must be a string; received {type(value).__name__}. Pass strings.")
    return value
