"""What goes in and out of an ONNX file: names, shapes and types."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """An input or output of a graph; a dimension is a size, or the name of an axis."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str


@dataclass(frozen=True)
class Graph:
    """One ONNX file and what goes in and out of it."""

    file: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
