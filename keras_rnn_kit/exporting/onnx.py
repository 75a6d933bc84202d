"""A trained model to a bundle: ONNX files, vocabulary and spec, checked against Keras."""

import functools
import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import parity
from keras_rnn_kit.exporting.conversion import graph_to_onnx
from keras_rnn_kit.exporting.graphs import Port
from keras_rnn_kit.exporting.kinds import check_built, encoders_of, graphs_of, kind_of
from keras_rnn_kit.exporting.kinds.contract import Check, Kind, Target
from keras_rnn_kit.exporting.model_card import MODEL_CARD, model_card
from keras_rnn_kit.exporting.precision import check_precision, loss_of_precision
from keras_rnn_kit.exporting.quantization import to_int8
from keras_rnn_kit.exporting.text_input import NAME as TEXT
from keras_rnn_kit.exporting.text_input import check_text_input, text_graph, with_text_input
from keras_rnn_kit.folders import whole_folder
from keras_rnn_kit.models.copying import inference_copy
from keras_rnn_kit.runtime.bundle import write_spec
from keras_rnn_kit.runtime.check import RECORDS, agreement
from keras_rnn_kit.text import TextEncoder

Ports = Sequence[Port]

_WROTE_IT = ("keras-rnn-kit", "tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "numpy")


def export_onnx(
    model: Any,
    out: str | os.PathLike[str],
    encoder: TextEncoder | Sequence[TextEncoder] | None = None,
    *,
    target: str = "cpu",
    precision: str = "float32",
    data: Any = None,
    text_input: bool = False,
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
        precision: `"float32"`; `"float16"`, for CUDA; or `"int8"`, for a CPU: matrices and their
            products in whole numbers of eight bits, a quarter of the size.
        data: what a lower precision is measured on: a text for a language model, or
            `(texts, labels)` for a classifier. `"int8"` must have it; what was found is in
            `spec.json` and on the model card.
        text_input: whether a classifier gets a `text.onnx` too, with strings for inputs. That is
            for encoders without cleaning; see `text_input.check_text_input`.
        opset: the ONNX opset, 15 to 18.
        metrics: figures of the training run, for `spec.json`.
        overwrite: whether a folder that is there is replaced.

    Every graph is run in onnxruntime against Keras at two batch sizes and two lengths, then those
    of a language model against each other. Raises `KitError` where an output differs, the model is
    of another kind or doesn't fit the encoder, or the folder can't be written; then nothing is left
    behind.

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
    files = kind.runtime.vocabularies
    encoders = dict(zip(files, encoders_of(model, encoder), strict=True))
    check_built(model)
    check_precision(precision, target, kind, data)
    if text_input:
        if kind.name != "text_classifier":
            raise KitError(
                f"text input is for text classifiers; received a {type(model).__name__}. Leave it "
                "out: the graphs take ids."
            )
        check_text_input(*encoders.values())
    plain = inference_copy(model)
    with whole_folder(out, overwrite) as folder:
        for file, one in encoders.items():
            one.save(folder / file)
        written = Target(target, opset, quantized=precision == "int8")
        described, records, differences = _write_graphs(
            plain, folder, encoders, written, precision, text_input
        )
        spec = {
            "kind": kind.name,
            "target": target,
            "precision": precision,
            "opset": opset,
            "versions": _versions(),
            "graphs": described,
            "labels": list(kind.labels(model)),
            "settings": dict(kind.settings(model)),
            "metrics": _finite(metrics or {}),
            "measured": {},
        }
        np.savez_compressed(folder / RECORDS, **records)
        _write_about(folder, spec, kind, encoders)
        across = agreement(folder)
        parity.refuse_wrong(across, precision)
        if data is not None and kind.measure is not None and precision != "float32":
            with tempfile.TemporaryDirectory() as beside:
                export_onnx(plain, beside, encoder, target=target, opset=opset)
                spec["measured"] = loss_of_precision(beside, folder, kind.measure, data)
            _write_about(folder, spec, kind, encoders)
    return differences + across


def _write_graphs(
    plain: Any,
    folder: Path,
    encoders: Mapping[str, TextEncoder],
    target: Target,
    precision: str,
    text_input: bool,
) -> tuple[dict[str, Any], dict[str, Any], list[parity.Difference]]:
    """Writes the ONNX files, each checked.

    Returns how `spec.json` has them, what was run to check them, and what it found.
    """
    kind = kind_of(plain)
    about = {"kind": kind.name}
    about |= {Path(name).stem: (folder / name).read_text(encoding="utf-8") for name in encoders}
    described: dict[str, Any] = {}
    records: dict[str, Any] = {}
    differences: list[parity.Difference] = []
    of_keras = graphs_of(plain)
    source = inference_copy(plain, "float16") if precision == "float16" else plain

    def write(
        name: str, exported: onnx.ModelProto, check: Check, inputs: Ports, outputs: Ports
    ) -> None:
        differences.extend(check(exported, records, precision=precision))
        onnx.helper.set_model_props(exported, about)
        onnx.save(exported, folder / f"{name}.onnx")
        described[name] = {
            "file": f"{name}.onnx",
            "inputs": [port.to_json() for port in inputs],
            "outputs": [port.to_json() for port in outputs],
        }

    def rounded(exported: onnx.ModelProto, check: Check) -> onnx.ModelProto:
        if not target.quantized:
            return exported
        check(exported, None, precision="float32")  # the graph is right before it is rounded
        return to_int8(exported)

    for name, graph in graphs_of(source).items():
        check = functools.partial(parity.check, of_keras[name])
        exported = graph_to_onnx(graph, target.target, target.opset, target.quantized)
        exported = rounded(exported, check)
        write(name, exported, check, graph.inputs, graph.outputs)
        if text_input:
            (encoder,) = encoders.values()
            of_texts = text_graph(of_keras[name], encoder)
            check = functools.partial(parity.check, of_texts)
            exported = with_text_input(exported, encoder)
            write(TEXT, exported, check, of_texts.inputs, graph.outputs)
    for loop in kind.loops(source, plain, list(encoders.values()), target):
        write(loop.name, rounded(loop.exported, loop.check), loop.check, loop.inputs, loop.outputs)
    return described, records, differences


def _write_about(
    folder: Path, spec: Mapping[str, Any], kind: Kind, encoders: Mapping[str, TextEncoder]
) -> None:
    (folder / MODEL_CARD).write_text(model_card(spec, kind.card, encoders), encoding="utf-8")
    write_spec(folder, {**spec, "files": [MODEL_CARD, RECORDS]})


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
