"""What `spec.json` says, as types; read from JSON without trusting it.

```
{"format": 1, "kind": "language_model", "target": "cpu", "precision": "int8", "opset": 18,
 "versions": {"keras": "3.15.1"},
 "files": {"model.onnx": {"sha256": "…", "bytes": 1234}, "vocabulary.json": …},
 "graphs": {"model": {"file": "model.onnx",
                      "inputs": [{"name": "tokens", "shape": ["B", "T"], "dtype": "int32"}, …],
                      "outputs": [{"name": "logits", "shape": ["B", "T", 65], "dtype": …}, …]},
            "step": …},
 "labels": null, "settings": {}, "metrics": {"perplexity": 4.2},
 "measured": {"figure": "perplexity", "on": 10000, "float32": 4.2, "int8": 4.21}}
```

`precision` is what the graphs compute in; where it is left out, float32. `measured` says what a
lower one costs, where that was measured.

What the graphs, labels and `settings` of a kind of model are, its module in `kinds` says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.fields import choice, field, file_name, typed, wrong
from keras_rnn_kit.runtime.kinds import KINDS
from keras_rnn_kit.runtime.kinds.contract import About
from keras_rnn_kit.runtime.ports import Graph, Port

FORMAT = 1
SPEC = "spec.json"
TARGETS = ("cpu", "cuda")
PRECISIONS = ("float32", "float16", "int8")
DTYPES = ("bool", "int32", "int64", "float16", "float32", "float64", "string")

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stored:
    """What a file of the bundle must be."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Spec:
    """A whole `spec.json`; see the module for the fields."""

    kind: str
    target: str
    precision: str
    opset: int
    versions: Mapping[str, str]
    files: Mapping[str, Stored]
    graphs: Mapping[str, Graph]
    labels: tuple[str, ...]
    settings: Mapping[str, Any]  # what else the kind has to know of its model
    metrics: Mapping[str, Any]
    measured: Mapping[str, Any]

    @property
    def classes(self) -> int:
        """The last axis of the logits: V of a language model, C of a classifier."""
        return int(self.graphs["model"].outputs[0].shape[-1])

    @property
    def states(self) -> tuple[Port, ...]:
        """The state inputs of a language model, in order; none for a classifier."""
        return self.graphs["model"].inputs[1:]


def parse_spec(fields: Any, source: str = SPEC) -> Spec:
    """Reads the parsed JSON of a `spec.json`.

    Args:
        fields: what `json.loads` gave.
        source: the file's name, for messages.

    Raises:
        KitError: a newer format, a missing field, a wrong type, a file name that could leave the
            folder, graphs that don't belong to the kind.

    Example:
        >>> parse_spec({"format": 2})
        Traceback (most recent call last):
        ...
        keras_rnn_kit.errors.KitError: spec.json must have format 1 or lower; received format 2, \
which a newer kit wrote. Upgrade keras-rnn-kit.
    """
    fields = typed(fields, dict, source, "the whole file")
    version = field(fields, "format", int, source)
    if version > FORMAT:
        raise KitError(
            f"{source} must have format {FORMAT} or lower; received format {version}, which a "
            "newer kit wrote. Upgrade keras-rnn-kit."
        )
    if version < 1:
        raise wrong(source, "format", f"from 1 to {FORMAT}", version)
    kind = KINDS[choice(fields, "kind", tuple(KINDS), source)]
    graphs = {
        name: _graph(graph, source, f"graphs.{name}")
        for name, graph in field(fields, "graphs", dict, source).items()
    }
    files = {
        file_name(name, f"{source}: files"): _stored(entry, source, f"files.{name}")
        for name, entry in field(fields, "files", dict, source).items()
    }
    if any(name not in graphs for name in kind.graphs):
        raise wrong(source, "graphs", f"those of a {kind.name}: {list(kind.graphs)}", list(graphs))
    for name in (*kind.vocabularies, *(graph.file for graph in graphs.values())):
        if name not in files:
            raise wrong(source, "files", f"every file of the bundle, {name} too", list(files))
    labels = tuple(
        typed(label, str, source, "labels[]")
        for label in typed(fields.get("labels") or [], list, source, "labels")
    )
    versions = field(fields, "versions", dict, source)
    spec = Spec(
        kind=kind.name,
        target=choice(fields, "target", TARGETS, source),
        precision=choice({"precision": "float32", **fields}, "precision", PRECISIONS, source),
        opset=field(fields, "opset", int, source),
        versions={k: typed(v, str, source, f"versions.{k}") for k, v in versions.items()},
        files=files,
        graphs=graphs,
        labels=labels,
        settings=typed(fields.get("settings") or {}, dict, source, "settings"),
        metrics=typed(fields.get("metrics") or {}, dict, source, "metrics"),
        measured=typed(fields.get("measured") or {}, dict, source, "measured"),
    )
    kind.check(About(graphs, labels, spec.settings, source))
    return spec


def _graph(fields: Any, source: str, where: str) -> Graph:
    fields = typed(fields, dict, source, where)
    ports = {}
    for side in ("inputs", "outputs"):
        entries = field(fields, side, list, source, where)
        ports[side] = tuple(_port(p, source, f"{where}.{side}[{i}]") for i, p in enumerate(entries))
        names = [port.name for port in ports[side]]
        if not names or len(set(names)) != len(names):
            raise wrong(source, f"{where}.{side}", "one or more, of different names", names)
    file = file_name(fields.get("file"), f"{source}: {where}.file")
    return Graph(file, ports["inputs"], ports["outputs"])


def _port(fields: Any, source: str, where: str) -> Port:
    fields = typed(fields, dict, source, where)
    shape = field(fields, "shape", list, source, where)
    for dimension in shape:
        size = isinstance(dimension, int) and not isinstance(dimension, bool) and dimension > 0
        if not size and not (isinstance(dimension, str) and dimension.isidentifier()):
            raise wrong(source, f"{where}.shape", "sizes and names of axes", shape)
    name = field(fields, "name", str, source, where)
    return Port(name, tuple(shape), choice(fields, "dtype", DTYPES, source, where))


def _stored(fields: Any, source: str, where: str) -> Stored:
    fields = typed(fields, dict, source, where)
    digest = field(fields, "sha256", str, source, where)
    size = field(fields, "bytes", int, source, where)
    if not _SHA256.fullmatch(digest):
        raise wrong(source, f"{where}.sha256", "64 lower-case hexadecimal digits", digest)
    if size < 0:
        raise wrong(source, f"{where}.bytes", "0 or more", size)
    return Stored(digest, size)
