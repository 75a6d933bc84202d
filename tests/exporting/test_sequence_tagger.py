"""A tagger in a bundle and in a SavedModel says what Keras says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export import tag
from keras_rnn_kit import runtime
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, export_saved_model
from keras_rnn_kit.exporting.kinds.sequence_tagger import KIND
from keras_rnn_kit.models import SequenceTagger
from keras_rnn_kit.text import Cleaning, TextEncoder
from keras_rnn_kit.text.punctuation import TAGS, restore
from tests.exporting.models import saves_models, with_weights

# Both compute in float32 and add up in another order; see `parity.TOLERANCE`.
TOLERANCE = 1e-5
TEXT = "To be, or not to be: that is the question. Whether 'tis nobler in the mind to suffer?"
TEXTS = ["to be or not to be", "Question!", "", "the mind to suffer 3.14 unseen words", "or"]


def encoder() -> TextEncoder:
    cleaning = Cleaning("lower", "punctuation")
    return TextEncoder.build([TEXT], tokenizer="words", cleaning=cleaning)


def tagger(**arguments: Any) -> Any:
    arguments = {"tags": TAGS, "units": 5, "embedding": 4, "layers": 2, **arguments}
    model = SequenceTagger(len(encoder().vocabulary), **arguments)
    model.build((None, None))
    return with_weights(model)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: Any) -> tuple[Path, Any]:
    model = tagger()
    folder = tmp_path_factory.mktemp("tagger") / "bundle"
    differences = export_onnx(model, folder, encoder())
    assert {found.graph for found in differences} == {"model"}
    return folder, model


def of_keras(model: Any, text: str) -> np.ndarray:
    logits = np.asarray(model(encoder().encode(text)[None]), np.float64)[0]
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def test_a_bundle_of_the_tagger(bundle: Any) -> None:
    folder, model = bundle
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    assert (spec["kind"], spec["labels"]) == ("sequence_tagger", list(TAGS))
    graph = spec["graphs"]["model"]
    assert graph["inputs"] == [{"name": "tokens", "shape": ["B", "T"], "dtype": "int32"}]
    assert graph["outputs"] == [{"name": "logits", "shape": ["B", "T", 21], "dtype": "float32"}]
    assert "python -m export.tag" not in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    loaded = runtime.load(folder)
    found = loaded.predict_proba(TEXTS)
    for text, (tokens, shares) in zip(TEXTS, found, strict=True):
        assert tokens == encoder().tokenize(text)
        if tokens:
            np.testing.assert_allclose(shares, of_keras(model, text), rtol=0, atol=TOLERANCE)
    tags = [TAGS[k] for k in of_keras(model, TEXTS[0]).argmax(-1)]
    assert [name for _, name in loaded.tag(TEXTS[:1])[0]] == tags


@pytest.mark.parametrize("how", [{"bidirectional": False, "layers": 1}, {"cell": "GRU"}])
def test_other_taggers_and_targets(how: dict[str, Any], tmp_path: Path) -> None:
    model = tagger(**how)
    export_onnx(model, tmp_path / "bundle", encoder(), target="cuda" if "cell" in how else "cpu")
    found = runtime.load(tmp_path / "bundle").predict_proba(TEXTS[:1])
    np.testing.assert_allclose(found[0][1], of_keras(model, TEXTS[0]), rtol=0, atol=TOLERANCE)


@saves_models
def test_a_saved_model_takes_ids_and_texts(tmp_path: Path, bundle: Any) -> None:
    model = bundle[1]
    names = export_saved_model(model, tmp_path / "saved", encoder())
    assert names == ["serve", "serve_text"]
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures
    ids = np.array([[5, 9, 4, 7, 0], [6, 0, 0, 0, 0]], np.int32)
    for row, own in zip(ids, served["serve"](tokens=tf.constant(ids))["logits"], strict=True):
        real = row[row > 0]
        np.testing.assert_allclose(own[: len(real)], model(real[None])[0], rtol=0, atol=TOLERANCE)
    logits = served["serve_text"](texts=tf.constant(TEXTS[:2]))["logits"]
    assert logits.shape == (2, 6, 21)
    expected = model(encoder().encode(TEXTS[1])[None])
    np.testing.assert_allclose(logits[1:, :1], expected, rtol=0, atol=TOLERANCE)


def test_eight_bits_are_measured_on_a_text_s_own_capitals_and_punctuation(
    tmp_path: Path, bundle: Any
) -> None:
    export_onnx(bundle[1], tmp_path / "bundle", encoder(), precision="int8", data=TEXT * 3)
    spec = json.loads((tmp_path / "bundle" / "spec.json").read_text(encoding="utf-8"))
    assert spec["measured"]["figure"] == "tag_accuracy"
    assert spec["measured"]["on"] == 3 * 18  # words
    card = (tmp_path / "bundle" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "words" in card


def test_the_command(bundle: Any, tmp_path: Path, capsys: Any) -> None:
    folder = str(bundle[0])
    pairs = runtime.load(folder).tag(["to be or", "question"])
    file = tmp_path / "texts.txt"
    file.write_text("question\n", encoding="utf-8")
    assert tag.main([folder, "to be or", "--file", str(file)]) == 0
    expected = [" ".join(f"{token}/{name}" for token, name in row) for row in pairs]
    assert capsys.readouterr().out.splitlines() == expected

    # Capitals and signs that are there are no help, and no hindrance.
    assert tag.main([folder, "To be, OR", "--restore"]) == 0
    tokens, tags = zip(*pairs[0], strict=True)
    assert capsys.readouterr().out == restore(tokens, tags) + "\n"

    assert tag.main([folder, "to be or", "", "--restore", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {
        "text": "to be or",
        "tokens": ["to", "be", "or"],
        "tags": list(tags),
        "restored": restore(tokens, tags),
    }
    assert (second["tokens"], second["restored"]) == ([], "")


def test_the_command_refuses(bundle: Any, tmp_path: Path) -> None:
    with pytest.raises(KitError, match="there must be a text to tag; received none"):
        tag.main([str(bundle[0])])
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(KitError, match=r"empty\.txt holds none"):
        tag.main([str(bundle[0]), "--file", str(tmp_path / "empty.txt")])
    model = tagger(tags=("noun", "verb"), layers=1)
    export_onnx(model, tmp_path / "bundle", encoder())
    assert tag.main([str(tmp_path / "bundle"), "to be"]) == 0
    with pytest.raises(KitError, match=r"--restore needs a tagger of capitals .* of noun, verb"):
        tag.main([str(tmp_path / "bundle"), "to be", "--restore"])
    assert KIND.measure is not None
    with pytest.raises(KitError, match=r"data must be a text with words.* noun, verb of tokens"):
        KIND.measure.figure(runtime.load(tmp_path / "bundle"), TEXT)
