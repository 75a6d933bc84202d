"""Small items of a stream put together, so that not each of them pays for the way of all."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def grouped(
    items: Iterable[Item], size_of: Callable[[Item], int], size: int, most: int | None = None
) -> Iterator[list[Item]]:
    """The items in lists, in order; a list ends where it has `size` together, or `most` items.

    Example:
        >>> list(grouped(["to", "be", "or not", "to be"], len, size=4))
        [['to', 'be'], ['or not'], ['to be']]
    """
    group: list[Item] = []
    together = 0
    for item in items:
        group.append(item)
        together += size_of(item)
        if together >= size or len(group) == most:
            yield group
            group, together = [], 0
    if group:
        yield group
