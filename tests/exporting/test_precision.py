"""Bundles in half precision and in whole numbers: right, small, and what they cost is measured."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from export import to_onnx as command
from keras_rnn_kit import runtime
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, parity
from keras_rnn_kit.exporting import onnx as bundles
from keras_rnn_kit.exporting.tidying import all_nodes
from keras_rnn_kit.models import score
from keras_rnn_kit.models.cells import cell_names
from keras_rnn_kit.runs import save_run
from keras_rnn_kit.runtime.check import check_bundle
from tests.catalogue import cases_of
from tests.exporting.models import REVIEWS, TEXT, characters, classifier, language_model, words

LABELS = ["yes", "no", "so-so", "no"]
TARGETS = {"float16": "cuda", "int8": "cpu"}


def kinds(path: Path) -> set[str]:
    return {node.op_type for node in all_nodes(onnx.load(path).graph)}


@pytest.mark.parametrize(
    ("precision", "cell"),
    cases_of(
        itertools.product(TARGETS, cell_names()),
        # A Scan, and one of ONNX's operators.
        [("float16", "LSTM"), ("int8", "SimpleRNN")],
    ),
)
def test_a_language_model_of_every_cell(precision: str, cell: str, tmp_path: Path) -> None:
    encoder = characters()
    model = language_model(encoder, cell=cell, layers=1, units=16)
    model.set_weights([weight / 2 for weight in model.get_weights()])
    target, folder = TARGETS[precision], tmp_path / "bundle"
    found = export_onnx(model, folder, encoder, target=target, precision=precision, data=TEXT)
    # Above what float32 gives, so that something was rounded.
    assert max(difference.value for difference in found) > 1e-5
    if precision == "float16":
        assert max(difference.value for difference in found) < parity.TOLERANCES[precision]
    loaded: Any = runtime.load(folder)
    measured = loaded.bundle.spec.measured
    of_keras = score(model, encoder.encode(TEXT)).perplexity
    assert measured["float32"] == pytest.approx(of_keras, rel=1e-4)
    assert measured[precision] == pytest.approx(of_keras, rel=0.05)
    assert measured[precision] == loaded.perplexity(TEXT) != measured["float32"]
    assert measured["on"] == len(TEXT) - 1
    assert len(loaded.generate("to", 5, seed=0)) == 5
    assert all(d.value < 1e-2 for d in check_bundle(folder))
    states = [port.dtype for port in loaded.bundle.spec.states]
    assert set(states) == {"float16" if precision == "float16" else "float32"}
    card = (folder / "MODEL_CARD.md").read_text()
    assert f"**What {precision} costs:** perplexity {measured[precision]:.4f}" in card


@pytest.mark.parametrize(
    ("cell", "operator"),
    cases_of(
        [("LSTM", "DynamicQuantizeLSTM"), ("GRU", "Scan"), ("IRNN", "Scan")], [("GRU", "Scan")]
    ),
)
def test_matrices_and_tables_are_whole_numbers(cell: str, operator: str, tmp_path: Path) -> None:
    encoder = characters()
    model = language_model(encoder, cell=cell, units=96, embedding=48)
    model.set_weights([weight / 8 for weight in model.get_weights()])  # a ReLU's state would grow
    sizes = {}
    for precision in ("float32", "int8"):
        folder = tmp_path / precision
        export_onnx(model, folder, encoder, precision=precision, data=TEXT)
        sizes[precision] = {name: (folder / f"{name}.onnx").stat().st_size for name in NAMES}
    assert operator in kinds(tmp_path / "int8" / "model.onnx")
    for name in NAMES:
        graph = onnx.load(tmp_path / "int8" / f"{name}.onnx").graph
        floats = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
        # The output layer's matrix, the embedding and the cell's matrices: none is left.
        assert max(np.prod(tensor.dims) for tensor in floats) <= 2 * 4 * 96
        assert "MatMul" not in kinds(tmp_path / "int8" / f"{name}.onnx")
        assert sizes["int8"][name] < 0.65 * sizes["float32"][name]


NAMES = ("model", "step", "generate")


@pytest.mark.parametrize("precision", ["float16", "int8"])
@pytest.mark.parametrize("cell", ["SimpleRNN", "GRU", "LSTM"])
def test_a_classifier(cell: str, precision: str, tmp_path: Path) -> None:
    encoder = words()
    model = classifier(encoder, cell=cell, units=16, pooling="max")
    how = {"target": TARGETS[precision], "precision": precision, "data": (REVIEWS, LABELS)}
    export_onnx(model, tmp_path / "bundle", encoder, **how)
    export_onnx(model, tmp_path / "plain", encoder)
    loaded: Any = runtime.load(tmp_path / "bundle")
    plain: Any = runtime.load(tmp_path / "plain")
    np.testing.assert_allclose(
        loaded.predict_proba(REVIEWS), plain.predict_proba(REVIEWS), atol=0.1, rtol=0
    )
    right = [one == other for one, other in zip(plain.predict(REVIEWS), LABELS, strict=True)]
    assert loaded.bundle.spec.measured["float32"] == np.mean(right)
    assert loaded.bundle.spec.measured["on"] == len(REVIEWS)


def test_what_can_t_be_had(tmp_path: Path) -> None:
    encoder, of_words = characters(), words()
    model, classes = language_model(encoder), classifier(of_words)
    text, labelled = TEXT, (REVIEWS, LABELS)
    wild = language_model(encoder)
    wild.set_weights([weight * 1000 for weight in wild.get_weights()])
    for of, vocabulary, how, message in (
        (model, encoder, {"precision": "int4"}, "precision must be one of float32, float16, int8"),
        (model, encoder, {"precision": "float16"}, "float16 is for the target cuda"),
        (model, encoder, {"precision": "int8", "target": "cuda"}, "int8 is for the target cpu"),
        (model, encoder, {"precision": "int8"}, "received no data"),
        (model, encoder, {"precision": "int8", "data": labelled}, "must be a text; received a tup"),
        (classes, of_words, {"precision": "int8", "data": text}, r"must be \(texts, labels\); rec"),
        (classes, of_words, {"precision": "int8", "data": (REVIEWS, LABELS[:2])}, "2 labels"),
        (classes, of_words, {"precision": "int8", "data": ([], [])}, "0 texts"),
        (classes, of_words, {"precision": "int8", "data": (["a"], ["maybe"])}, "'maybe' among"),
        (model, encoder, {"precision": "int8", "data": "t"}, "must have two tokens or more"),
        (wild, encoder, {"precision": "int8", "data": text}, "received one of infinite perplexity"),
    ):
        with pytest.raises(KitError, match=message):
            export_onnx(of, tmp_path / "bundle", vocabulary, **how)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_graph_is_found_before_it_is_rounded(tmp_path: Path, monkeypatch: Any) -> None:
    encoder = characters()
    model = language_model(encoder, layers=1)
    real = bundles.graph_to_onnx

    def slightly_wrong(*arguments: Any) -> onnx.ModelProto:
        exported = real(*arguments)
        bias = next(
            t for t in exported.graph.initializer if list(t.dims) == [model.vocabulary_size]
        )
        values = onnx.numpy_helper.to_array(bias) + 0.003  # less than what int8 rounds
        bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
        return exported

    monkeypatch.setattr(bundles, "graph_to_onnx", slightly_wrong)
    with pytest.raises(KitError, match="an export in float32 must equal Keras to 1e-04"):
        export_onnx(model, tmp_path / "bundle", encoder, precision="int8", data=TEXT)


def test_the_command_prints_what_it_costs(tmp_path: Path, capsys: Any) -> None:
    encoder = characters()
    save_run(tmp_path / "run", language_model(encoder), encoder, {}, {})
    (tmp_path / "text.txt").write_text(TEXT * 3)
    out = tmp_path / "bundle"
    arguments = [str(tmp_path / "run"), "--out", str(out), "--precision", "int8"]
    with pytest.raises(KitError, match="received no data"):
        command.main(arguments)
    assert command.main([*arguments, "--data", str(tmp_path / "text.txt")]) == 0
    printed = capsys.readouterr().out
    assert "Measured: perplexity " in printed
    assert f"on {len(TEXT) * 3 - 1:,} tokens" in printed
    spec = json.loads((out / "spec.json").read_text())
    assert spec["precision"] == "int8"
    one_file = [arguments[0], "--out", str(tmp_path / "m.onnx"), "--precision", "int8"]
    with pytest.raises(KitError, match="are for bundles"):
        command.main(one_file)
