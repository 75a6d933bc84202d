"""A bundle checked again where it runs: what is recorded, what is found, what is refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from export import check as command
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx
from keras_rnn_kit.runtime import write_spec
from keras_rnn_kit.runtime.check import RECORDS, check_bundle
from keras_rnn_kit.runtime.difference import TOLERANCES, likelier, relative
from tests.exporting.models import characters, classifier, language_model, words

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: Any) -> Path:
    root: Path = tmp_path_factory.mktemp("bundles")
    encoder = characters()
    export_onnx(language_model(encoder), root / "lm", encoder)
    of_words = words()
    export_onnx(classifier(of_words), root / "classifier", of_words)
    return root


@pytest.fixture
def bundle(bundles: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundles / "lm", tmp_path / "lm"))


def sign(bundle: Path) -> None:
    """New checksums, as whoever changes a file can write them."""
    spec = json.loads((bundle / "spec.json").read_text(encoding="utf-8"))
    write_spec(bundle, {**spec, "files": list(spec["files"])})


def rewrite(bundle: Path, name: str, change: Any) -> None:
    graph = onnx.load(bundle / name)
    change(graph.graph)
    onnx.save(graph, bundle / name)
    sign(bundle)


def test_a_language_model_gives_what_it_gave(bundles: Path) -> None:
    differences = check_bundle(bundles / "lm")
    assert all(difference.value < 1e-5 for difference in differences)
    found = {(d.graph, d.output) for d in differences}
    assert {
        ("model", "logits"),
        ("step", "next_state_1"),
        ("step", "logits, repeated,"),
        ("generate", "the likeliest"),
    } <= found
    assert {(d.batch, d.length) for d in differences} == {(1, 7), (3, 12)}


def test_a_classifier_does_so_without_tensorflow(bundles: Path) -> None:
    script = (
        "import sys; sys.modules['tensorflow'] = None; sys.modules['keras'] = None\n"
        "from export.check import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(bundles / "classifier")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "model.onnx: logits at batch 3, length 12" in done.stdout


@pytest.mark.parametrize("name", ["model.onnx", "step.onnx", "generate.onnx"])
def test_other_weights_are_found(bundle: Path, name: str) -> None:
    def change(graph: Any) -> None:
        weights = [t for t in graph.initializer if t.data_type == 1 and np.prod(t.dims) > 20]
        for tensor in weights:
            values = onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(-values, tensor.name))

    rewrite(bundle, name, change)
    with pytest.raises(KitError, match=rf"must give here what it gave.*{name}: "):
        command.main([str(bundle)])


def test_what_is_not_recorded_is_said(bundle: Path) -> None:
    spec = json.loads((bundle / "spec.json").read_text(encoding="utf-8"))
    (bundle / RECORDS).unlink()
    write_spec(bundle, {**spec, "files": []})
    with pytest.raises(KitError, match=r"must hold check\.npz.*from an older kit"):
        check_bundle(bundle)


@pytest.mark.parametrize("kind", ["no archive", "other names", "another graph", "pickle"])
def test_damaged_records_are_refused(bundle: Path, kind: str) -> None:
    path = bundle / RECORDS
    if kind == "no archive":
        path.write_bytes(b"PK\x03\x04 and no more")
    elif kind == "other names":
        np.savez(path, tokens=np.zeros(2))
    elif kind == "another graph":
        np.savez(path, **{"nowhere.1x7.in.tokens": np.zeros(2)})
    else:
        np.savez(path, **{"model.1x7.in.tokens": np.array([{}], dtype=object)})
    sign(bundle)
    with pytest.raises(KitError, match=r"check\.npz must hold the runs of the bundle's graphs"):
        check_bundle(bundle)


def test_differences_are_relative_to_the_largest_value() -> None:
    assert relative(np.array([2.0, 10.5]), np.array([2.0, 10.0])) == pytest.approx(0.05)
    assert relative(np.array([0.1]), np.array([0.2])) == pytest.approx(0.1)  # to 1 at least
    assert relative(np.zeros((0, 2)), np.zeros((0, 2))) == 0
    # What can't be has a score of -1e9: in both, and without hiding the others' differences.
    assert relative(np.array([-1e9, 1.0]), np.array([-1e9, 1.5])) == pytest.approx(1 / 3)
    assert relative(np.array([-1e9, 1.0]), np.array([-5.0, 1.0])) == np.inf
    assert relative(np.array([-5.0, 1.0]), np.array([-1e9, 1.0])) == np.inf
    for wrong in (np.zeros(3), np.array([np.nan, 0.0]), np.array([np.inf, 0.0])):
        assert relative(wrong, np.zeros(2)) > max(TOLERANCES.values())


def test_another_token_would_have_been_likelier() -> None:
    logits = np.array([[0.0, 4.0, -np.inf], [1.0, 1.0, 0.5]])
    assert likelier(logits, np.array([1, 0])) == likelier(logits, np.array([1, 1])) == 0
    assert likelier(logits, np.array([0, 0])) == pytest.approx(1.0)
    assert likelier(logits, np.array([2, 0])) == np.inf  # what can't come
    assert likelier(logits[:0], np.array([], int)) == 0
