"""The export's check once more, on the machine that serves: no Keras, no TensorFlow.

A bundle holds the inputs that it was checked with and what Keras made of them (`check.npz`). Here
they are run again, and the graphs of a language model beside each other: `model` on a whole
sequence is `step` repeated, and what `generate` takes for likeliest is so to `model`.
"""

import io
import os
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime.bundle import Bundle, read_bundle
from keras_rnn_kit.runtime.difference import TOLERANCES, Difference, least_likely, relative
from keras_rnn_kit.runtime.kinds.language_model import START
from keras_rnn_kit.runtime.session import open_session
from keras_rnn_kit.runtime.states import States

RECORDS = "check.npz"
_KEY = re.compile(r"(\w+)\.(\d+)x(\d+)\.(in|out)\.(\w+)")

Arrays = Mapping[str, npt.NDArray[Any]]


def record(graph: str, batch: int, length: int, inputs: Arrays, outputs: Arrays) -> dict[str, Any]:
    """One run of a graph as `check.npz` has it; texts as such, which need no pickle."""
    return {
        f"{graph}.{batch}x{length}.{side}.{name}": values.astype(str)
        if values.dtype == object
        else values
        for side, arrays in (("in", inputs), ("out", outputs))
        for name, values in arrays.items()
    }


def check_bundle(path: str | os.PathLike[str], provider: str = "cpu") -> list[Difference]:
    """Runs what the export recorded; returns the differences, each below what its precision allows.

    Args:
        path: the bundle's folder.
        provider: `cpu`, `cuda`, or `auto`; see `open_session`.

    Raises:
        KitError: a result that differs, naming every one; a bundle without records; and whatever
            `read_bundle` and `open_session` raise.
    """
    bundle = read_bundle(path)
    runs, sessions = _runs(bundle), _sessions(bundle, provider)
    found = []
    for (graph, batch, length), (inputs, expected) in runs.items():
        received = sessions[graph].run(list(expected), inputs)
        for name, values in zip(expected, received, strict=True):
            difference = relative(np.asarray(values), expected[name])
            found.append(Difference(graph, name, batch, length, difference))
    if _comparable(bundle):
        found += _agreement(bundle, runs, sessions)
    allowed = TOLERANCES[bundle.spec.precision]
    wrong = [str(difference) for difference in found if not difference.value <= allowed]
    if wrong:
        raise KitError(
            f"a bundle must give here what it gave when it was exported, to {allowed:.0e} of the "
            f"largest value; received {'; '.join(wrong)}. Upgrade onnxruntime, or export it again."
        )
    return found


def agreement(path: str | os.PathLike[str]) -> list[Difference]:
    """How far the graphs of a language model's bundle are from each other; nothing for others.

    Nor for whole numbers: what is rounded as one sequence is rounded otherwise step by step.
    """
    bundle = read_bundle(path)
    if not _comparable(bundle):
        return []
    return _agreement(bundle, _runs(bundle), _sessions(bundle, "cpu"))


def _comparable(bundle: Bundle) -> bool:
    return bundle.kind == "language_model" and bundle.spec.precision != "int8"


Runs = Mapping[tuple[str, int, int], tuple[dict[str, Any], dict[str, Any]]]


def _agreement(bundle: Bundle, runs: Runs, sessions: Mapping[str, Any]) -> list[Difference]:
    found: list[Difference] = []
    for (graph, batch, length), (inputs, _) in runs.items():
        if graph == "model":
            found.append(_stepwise(sessions, dict(inputs), batch, length))
        if graph == "generate":
            found.append(_likeliest(bundle, sessions, inputs, batch, length))
    return found


def _sessions(bundle: Bundle, provider: str) -> dict[str, Any]:
    return {
        name: open_session(bundle.read(graph.file), provider, name=str(bundle.path / graph.file))
        for name, graph in bundle.spec.graphs.items()
    }


def _runs(bundle: Bundle) -> Runs:
    """By graph, batch and length: the inputs and the outputs."""
    if RECORDS not in bundle.spec.files:
        raise KitError(
            f"a bundle to be checked must hold {RECORDS}; received {bundle.path} without it, from "
            "an older kit. Export it again."
        )
    runs: dict[Any, tuple[dict[str, Any], dict[str, Any]]] = {}
    try:
        with np.load(io.BytesIO(bundle.read(RECORDS)), allow_pickle=False) as arrays:
            for key in arrays.files:
                graph, batch, length, side, name = _KEY.fullmatch(key).groups()  # type: ignore[union-attr]
                bundle.spec.graphs[graph]
                run = runs.setdefault((graph, int(batch), int(length)), ({}, {}))
                values = arrays[key]
                run[side == "out"][name] = (
                    values.astype(object) if values.dtype.kind == "U" else values
                )
    except (ValueError, AttributeError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise KitError(
            f"{bundle.path / RECORDS} must hold the runs of the bundle's graphs; received another "
            f"file ({error}). Export the bundle again."
        ) from None
    return runs


def _stepwise(sessions: Any, inputs: dict[str, Any], batch: int, length: int) -> Difference:
    tokens = inputs.pop("tokens")
    (whole,) = sessions["model"].run(["logits"], {"tokens": tokens, **inputs})
    after = [f"next_{name}" for name in inputs]
    logits, states = [], list(inputs.values())
    for column in tokens.T:
        feed = {"tokens": column, **dict(zip(inputs, states, strict=True))}
        now, *states = sessions["step"].run(["logits", *after], feed)
        logits.append(now)
    difference = relative(np.stack(logits, axis=1), whole)
    return Difference("step", "logits, repeated,", batch, length, difference)


def _likeliest(
    bundle: Bundle, sessions: Any, inputs: Arrays, batch: int, length: int
) -> Difference:
    (generated,) = sessions["generate"].run(["generated"], dict(inputs))
    zeros = States(bundle.spec.states)

    def logits_of(text: npt.NDArray[np.integer], row: int) -> Any:
        states = zeros.zeros(1)
        if START in sessions:
            names = [port.name for port in sessions[START].get_inputs()]
            begin = {name: inputs[name][row : row + 1] for name in names}
            states = sessions[START].run(zeros.names, begin)
        feed = {"tokens": text, **dict(zip(zeros.names, states, strict=True))}
        return sessions["model"].run(["logits"], feed)[0]

    worst = least_likely(
        inputs["tokens"],
        inputs["lengths"],
        generated,
        len(bundle.encoder().vocabulary.specials),
        logits_of,
    )
    return Difference("generate", "the likeliest", batch, length, worst)
