"""A cell in a few lines: its equation, its weights, and how many parameters that makes."""

import math
import textwrap
from typing import Any

from keras_rnn_kit.errors import KitError

_WIDTH = 100
_KERASES = {"kernel", "recurrent_kernel", "bias"}


def equation_of(docstring: str | None) -> str:
    """The first paragraph of a cell's docstring, as one line; empty where there is none.

    Example:

    >>> equation_of("`h_t = φ(x_t W)`,\\n    no state.\\n\\n    Args: ...")
    'h_t = φ(x_t W), no state.'
    """
    paragraph = textwrap.dedent(docstring or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.replace("`", "").split())


def summary_of(cell: Any) -> str:
    """Several lines: the equation, each weight with its shape and size, the parameters in all.

    Raises `KitError` for a cell that isn't built.
    """
    if not cell.built:
        raise KitError(
            "a cell has its weights from the time when it is built; received a "
            f"{type(cell).__name__} that is not. Call it or its layer once, or "
            "cell.build((None, E)) for inputs of width E."
        )
    lines = [_named(cell)]
    inner = getattr(cell, "cell", None)
    while hasattr(inner, "equation"):
        lines.append(f"around {_named(inner)}")
        inner = getattr(inner, "cell", None)
    lines = [
        textwrap.fill(line, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        for line in lines
    ]
    rows = [(w.name, str([*w.shape]), f"{math.prod(w.shape):,}") for w in cell.weights]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(3)]
    for name, shape, size in rows:
        lines.append(f"  {name:{widths[0]}}  {shape:{widths[1]}}  {size:>{widths[2]}}")
    return "\n".join([*lines, _count(cell.weights)])


def _named(cell: Any) -> str:
    name = type(cell).__name__
    return f"{name}: {cell.equation}" if cell.equation else name


def _count(weights: list[Any]) -> str:
    """All parameters, as a formula of E and H where they are those of Keras's cells."""
    sizes = [math.prod(weight.shape) for weight in weights]
    total = f"{sum(sizes):,} parameters"
    formula = _formula({weight.name: tuple(weight.shape) for weight in weights})
    if formula:
        return f"{formula} = {total}"
    return f"{' + '.join(f'{size:,}' for size in sizes)} = {total}" if len(sizes) > 1 else total


def _formula(shapes: dict[str, tuple[int, ...]]) -> str | None:
    """`H(H + E) + H = 4·(4 + 3) + 4`, times the gates; `None` for other weights."""
    if not {"kernel", "recurrent_kernel"} <= shapes.keys() <= _KERASES:
        return None
    if not len(shapes["kernel"]) == len(shapes["recurrent_kernel"]) == 2:
        return None
    (features, width), (units, of_state) = shapes["kernel"], shapes["recurrent_kernel"]
    biases, rest = divmod(math.prod(shapes["bias"]) if "bias" in shapes else 0, width)
    if width != of_state or width % units or rest:
        return None
    gates = width // units
    letters, numbers = "H(H + E)", f"{units}·({units} + {features})"
    if biases:
        times = f"{biases}·" if biases > 1 else ""
        letters, numbers = f"{letters} + {times.rstrip('·')}H", f"{numbers} + {times}{units}"
    if gates > 1:
        letters, numbers = f"{gates}({letters})", f"{gates}·({numbers})"
    return f"{letters} = {numbers}"
