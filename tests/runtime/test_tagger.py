"""The tagger of the runtime, on a graph that gives each token the logits of a table."""

import json

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import (
    Tagger,
    load,
    parse_spec,
    read_bundle,
    text_model,
    write_spec,
)
from keras_rnn_kit.text import Cleaning, TextEncoder

from .conftest import VERSIONS, node, port, save

TAGS = ["lower", "Capital", "lower."]
TABLE = {"anna": [0.0, 2.0, 0.0], "runs": [1.0, 0.0, 0.0], "home": [0.0, 0.0, 3.0]}


def write_tagger(folder, table=TABLE, tags=TAGS):
    folder.mkdir()
    cleaning = Cleaning("lower", "punctuation")
    encoder = TextEncoder.build([" ".join(table)], tokenizer="words", cleaning=cleaning)
    encoder.save(folder / "vocabulary.json")
    rows = np.zeros((len(encoder.vocabulary), len(tags)), np.float32)
    for word, logits in table.items():
        rows[encoder.encode(word)[0]] = logits
    graph = {
        "file": "model.onnx",
        "inputs": [port("tokens", ["B", "T"], "int32")],
        "outputs": [port("logits", ["B", "T", len(tags)], "float32")],
    }
    save(folder / "model.onnx", [node("Gather", "table tokens", "logits")], graph, {"table": rows})
    spec = {
        "kind": "sequence_tagger",
        "target": "cpu",
        "opset": 17,
        "versions": VERSIONS,
        "graphs": {"model": graph},
        "labels": tags,
    }
    write_spec(folder, spec)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tagger(tmp_path_factory.mktemp("tagger") / "bundle")


@pytest.fixture(scope="module")
def tagger(folder):
    return load(folder)


def test_tokens_and_tags_in_the_order_of_the_texts(tagger):
    assert isinstance(tagger, Tagger)
    assert tagger.labels == tuple(TAGS)
    assert tagger.tag(["Anna runs home!", "", "HOME", "runs anna"]) == [
        [("anna", "Capital"), ("runs", "lower"), ("home", "lower.")],
        [],
        [("home", "lower.")],
        [("runs", "lower"), ("anna", "Capital")],
    ]
    assert tagger.tag([]) == []
    assert tagger.tag(["...", ""]) == [[], []]


def test_an_unknown_word_keeps_its_spelling(tagger):
    assert tagger.tag(["Otto runs"])[0][0] == ("otto", "lower")


def test_probabilities_are_the_softmax_of_each_step(tagger):
    (tokens, found), (_, none) = tagger.predict_proba(iter(["home anna", "!"]))
    assert tokens == ["home", "anna"]
    weights = np.exp([TABLE["home"], TABLE["anna"]])
    # float32 logits.
    np.testing.assert_allclose(found, weights / weights.sum(1, keepdims=True), rtol=1e-6)
    assert none.shape == (0, 3)


def test_batches_do_not_matter(tagger, monkeypatch):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list(TABLE), n)) for n in rng.integers(0, 9, 40)]
    together = tagger.tag(texts)
    monkeypatch.setattr(text_model, "_BATCH_TOKENS", 12)
    assert tagger.tag(texts) == together == [tagger.tag([text])[0] for text in texts]


def test_wrong_input_is_told(tagger):
    with pytest.raises(KitError, match="received a single str"):
        tagger.tag("anna")
    with pytest.raises(KitError, match="received a bytes at 0"):
        tagger.tag([b"anna"])


def test_a_bundle_of_another_kind_is_refused(bundle_folder):
    with pytest.raises(KitError, match="a language_model"):
        Tagger(read_bundle(bundle_folder))


def test_logits_that_are_no_numbers_are_told(tmp_path):
    broken = load(write_tagger(tmp_path / "bundle", {**TABLE, "home": [0.0, np.nan, 0.0]}))
    assert broken.tag(["anna runs"])
    with pytest.raises(KitError, match="NaN or infinity for text 1"):
        broken.tag(["anna", "runs home"])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("labels", ["a", "b"], "labels must be 3 different names"),
        ("labels", ["a", "b", "a"], "labels must be 3 different names"),
        ("outputs", [port("logits", ["B", 3], "float32")], r"outputs\[0\]"),
        ("inputs", [port("tokens", ["B"], "int32")], r"inputs\[0\]"),
        (
            "inputs",
            [port(name, ["B", "T"], "int32") for name in ("tokens", "more")],
            "logits out alone",
        ),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(folder, field, value, message):
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    assert parse_spec(spec).kind == "sequence_tagger"
    (spec if field == "labels" else spec["graphs"]["model"])[field] = value
    with pytest.raises(KitError, match=message):
        parse_spec(spec)
