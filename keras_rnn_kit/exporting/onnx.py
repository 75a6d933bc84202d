"""A trained model to a bundle: ONNX files, vocabulary and spec, checked against Keras."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from keras_rnn_kit.exporting import parity
from keras_rnn_kit.exporting.conversion import graph_to_onnx
from keras_rnn_kit.exporting.generation_graph import INPUTS, OUTPUTS, generation_graph
from keras_rnn_kit.exporting.generation_graph import NAME as GENERATE
from keras_rnn_kit.exporting.graphs import Port, check_ready, graphs_of, kind_of
from keras_rnn_kit.exporting.model_card import MODEL_CARD, model_card
from keras_rnn_kit.folders import whole_folder
from keras_rnn_kit.models.copying import inference_copy
from keras_rnn_kit.runtime.bundle import write_spec
from keras_rnn_kit.runtime.check import RECORDS
from keras_rnn_kit.runtime.spec import VOCABULARY
from keras_rnn_kit.text import TextEncoder

_WROTE_IT = ("keras-rnn-kit", "tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy")


def export_onnx(
    model: Any,
    out: str | os.PathLike[str],
    encoder: TextEncoder,
    *,
    target: str = "cpu",
    opset: int = 18,
    metrics: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> list[parity.Difference]:
    """Writes a bundle that `keras_rnn_kit.runtime.load` reads; returns what the check found.

    Args:
        model: a built `LanguageModel` (gives `model.onnx` and `step.onnx`, states in and out,
            and `generate.onnx`, the whole sampling loop) or `TextClassifier` (gives `model.onnx`);
            batch and time are free axes.
        out: the folder to make.
        encoder: what turned the training texts into ids.
        target: `"cpu"` or `"cuda"`: which form of the recurrence is written. Both run anywhere.
        opset: the ONNX opset, 15 to 18.
        metrics: figures of the training run, for `spec.json`.
        overwrite: whether a folder that is there is replaced.

    Every graph is run in onnxruntime against Keras at two batch sizes and two lengths. Raises
    `KitError` where an output differs, the model is of another kind or doesn't fit the encoder,
    or the folder can't be written; then nothing is left behind.

    Example:

    >>> import tempfile
    >>> from keras_rnn_kit.models import LanguageModel
    >>> from keras_rnn_kit.text import TextEncoder
    >>> from keras_rnn_kit.runtime import load
    >>> encoder = TextEncoder.build(["to be or not to be"])
    >>> model = LanguageModel(len(encoder.vocabulary), units=8, embedding=4)
    >>> model.build((None, None))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     differences = export_onnx(model, folder, encoder)
    ...     text = load(folder).generate("to ", 5, seed=0)
    >>> len(text), max(d.value for d in differences) < 1e-5
    (5, True)
    """
    kind = kind_of(model)
    check_ready(model, encoder)
    plain = inference_copy(model)
    differences = []
    with whole_folder(out, overwrite) as folder:
        encoder.save(folder / VOCABULARY)
        about = {"kind": kind, "vocabulary": (folder / VOCABULARY).read_text(encoding="utf-8")}

        def write(name: str, exported: onnx.ModelProto) -> None:
            onnx.helper.set_model_props(exported, about)
            onnx.save(exported, folder / f"{name}.onnx")

        graphs = graphs_of(plain)
        described: dict[str, Any] = {}
        records: dict[str, Any] = {}
        for graph in graphs.values():
            exported = graph_to_onnx(graph, target, opset)
            differences += parity.check(graph, exported, records)
            write(graph.name, exported)
            described[graph.name] = _ports_json(graph.name, graph.inputs, graph.outputs)
        specials = len(encoder.vocabulary.specials)
        if kind == "language_model" and len(encoder.vocabulary) > specials:
            exported = generation_graph(plain, specials, target=target, opset=opset)
            differences += parity.check_generation(plain, specials, exported, records)
            write(GENERATE, exported)
            described[GENERATE] = _ports_json(GENERATE, INPUTS, OUTPUTS)
        spec = {
            "kind": kind,
            "target": target,
            "opset": opset,
            "versions": _versions(),
            "graphs": described,
            "labels": list(getattr(model, "classes", [])),
            "metrics": _finite(metrics or {}),
        }
        np.savez_compressed(folder / RECORDS, **records)
        (folder / MODEL_CARD).write_text(model_card(spec, encoder), encoding="utf-8")
        write_spec(folder, {**spec, "files": [MODEL_CARD, RECORDS]})
    return differences


def _ports_json(name: str, inputs: Sequence[Port], outputs: Sequence[Port]) -> dict[str, Any]:
    return {
        "file": f"{name}.onnx",
        "inputs": [port.to_json() for port in inputs],
        "outputs": [port.to_json() for port in outputs],
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in _WROTE_IT:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # run from a checkout, or onnxruntime-gpu in onnxruntime's place
    return versions


def _finite(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Without infinities and NaN, which JSON can't spell."""
    return {
        name: value
        for name, value in metrics.items()
        if not isinstance(value, float) or abs(value) < float("inf")
    }
