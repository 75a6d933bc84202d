"""What a bundle of one kind of model holds, and what runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_rnn_kit.runtime.fields import wrong
from keras_rnn_kit.runtime.ports import Graph, Port

VOCABULARY = "vocabulary.json"


@dataclass(frozen=True)
class About:
    """The fields of a `spec.json` that belong to its kind, each of the right JSON type."""

    graphs: Mapping[str, Graph]
    labels: tuple[str, ...]
    settings: Mapping[str, Any]
    source: str  # the file's name, for messages


@dataclass(frozen=True)
class Kind:
    """A kind of model, as the runtime knows it.

    A module of `runtime/kinds` makes one, and `runtime/kinds/__init__.py` lists it; the exporting
    side of the same name stands in `exporting/kinds`.
    """

    name: str
    graphs: tuple[str, ...]  # that every bundle of the kind has; it may have others
    check: Callable[[About], None]  # KitError for fields that do not belong to the kind
    runner: str  # "module:Class", imported where a bundle is opened: `Class(bundle, ...)`
    # The files of its vocabularies, in the order in which an export takes the encoders.
    vocabularies: tuple[str, ...] = (VOCABULARY,)
    # Of these, by file, the graph whose logits are over that vocabulary's tokens.
    predicted_by: Mapping[str, str] = field(default_factory=dict)


def check_tokens(about: About, graph: str, axes: tuple[str, ...], name: str = "tokens") -> None:
    """The graph's first input must be ids of the given axes."""
    first = about.graphs[graph].inputs[0]
    if first != Port(name, axes, "int32"):
        where = f"graphs.{graph}.inputs[0]"
        raise wrong(about.source, where, f"{name} {list(axes)} int32", first)


def check_logits(about: About, graph: str, rows: tuple[str, ...]) -> None:
    """The graph's first output must be logits of the given axes and a size."""
    first = about.graphs[graph].outputs[0]
    if (
        first.name != "logits"
        or first.shape[:-1] != rows
        or not isinstance(first.shape[-1], int)
        or not first.dtype.startswith("float")
    ):
        where = f"graphs.{graph}.outputs[0]"
        raise wrong(about.source, where, f"logits {[*rows, 'a size']} float", first)


def check_tokens_to_logits(about: About, graph: str, rows: tuple[str, ...]) -> int:
    """The graph must turn `tokens [B, T]` into logits of these axes and a size, and no more.

    Returns the size.
    """
    check_tokens(about, graph, ("B", "T"))
    check_logits(about, graph, rows)
    ports = about.graphs[graph]
    if len(ports.inputs) != 1 or len(ports.outputs) != 1:
        names = [port.name for port in (*ports.inputs, *ports.outputs)]
        raise wrong(about.source, f"graphs.{graph}", "tokens in and logits out alone", names)
    return int(ports.outputs[0].shape[-1])


def check_states(about: About, graph: str, others: tuple[str, ...] = ()) -> tuple[Port, ...]:
    """After its tokens the graph must take `state_0`, ... `[B, sizes]`, and return each as `next_`.

    `others` are the inputs that follow the states. Returns the states' ports.
    """
    where, ports = f"graphs.{graph}", about.graphs[graph]
    states = [port for port in ports.inputs[1:] if port.name not in others]
    returned = []
    for i, state in enumerate(states):
        sizes = state.shape[1:]
        if (
            state.name != f"state_{i}"
            or state.shape[:1] != ("B",)
            or any(isinstance(size, str) for size in sizes)
        ):
            rule = f"state_{i} [B, sizes] after the tokens"
            raise wrong(about.source, f"{where}.inputs", rule, state)
        returned.append(Port(f"next_{state.name}", state.shape, state.dtype))
    if ports.outputs[1:] != tuple(returned):
        raise wrong(
            about.source,
            f"{where}.outputs",
            f"the logits and {[port.name for port in returned]}, each shaped as its state",
            [(port.name, list(port.shape), port.dtype) for port in ports.outputs],
        )
    return tuple(states)


def check_labels(about: About, count: int, of: str) -> None:
    """There must be so many labels, all different, one for each of what `of` says."""
    labels = about.labels
    if len(labels) != count or len(set(labels)) != len(labels):
        raise wrong(about.source, "labels", f"{count} different names, one {of}", list(labels))
