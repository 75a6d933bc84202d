"""The bundle of a conditional language model: `start`, and the labels of the other graphs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.generate import main as generate_command
from export.score import main as score_command
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, export_saved_model
from keras_rnn_kit.generation import generate
from keras_rnn_kit.models import score
from keras_rnn_kit.runtime import load
from keras_rnn_kit.runtime.check import check_bundle
from tests.catalogue import cases_of
from tests.exporting.models import TEXT, characters, language_model

LABELS = ["prose", "verse", "code"]
# Sums of float32 in another order, through some steps.
CLOSE = 1e-4
ENCODER = characters()


@pytest.fixture(scope="module")
def keras_model() -> Any:
    return language_model(ENCODER, labels=LABELS, label_embedding=3)


def test_texts_begin_where_they_begin_in_keras(keras_model: Any, runner: Any) -> None:
    assert runner.labels == tuple(LABELS)
    for label in ("code", 1, ["verse", "prose", "code"], [2, 0, 2]):
        expected = keras_model.initial_states(3, label)
        for one, other in zip(runner.initial_states(3, label), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=CLOSE)
    assert [state.shape for state in runner.initial_states(2, 0)] == [(2, 6), (2, 6), (2, 3)]


def test_texts_are_scored_and_written_as_by_keras(keras_model: Any, runner: Any) -> None:
    ids = ENCODER.encode(TEXT)
    specials = range(len(ENCODER.vocabulary.specials))
    written = {}
    for label in LABELS:
        expected = score(keras_model, ids, label=label)
        assert -runner.score(TEXT, label).sum() == pytest.approx(expected.nats, rel=CLOSE)
        assert runner.perplexity(TEXT, label=label) == pytest.approx(expected.perplexity, rel=CLOSE)
        rows = generate(
            keras_model.step,
            ids[:4],
            9,
            states=keras_model.initial_states(1, label),
            temperature=0,
            forbidden=specials,
        )
        written[label] = ENCODER.decode(rows[0])
        assert runner.generate(TEXT[:4], 9, temperature=0, label=label) == written[label]
        assert "".join(runner.stream(TEXT[:4], 9, temperature=0, label=label)) == written[label]
    assert len(set(written.values())) > 1
    # Inside the graph, each row with its own label, and all with one.
    texts = runner.generate([TEXT[:4]] * 3, 9, temperature=0, label=LABELS)
    assert texts == list(written.values())
    texts = runner.generate([TEXT[:4]] * 2, 9, temperature=0, label="verse")
    assert texts == [written["verse"]] * 2


def test_a_bundle_is_checked_again_where_it_serves(folder: Path) -> None:
    assert {found.graph for found in check_bundle(folder)} == {"model", "step", "start", "generate"}


def test_the_command_takes_a_label(folder: Path, runner: Any, capsys: Any) -> None:
    given = [str(folder), "--prompt", "to ", "--length", "5", "--temperature", "0"]
    assert generate_command([*given, "--label", "code"]) == 0
    text = runner.generate("to ", 5, temperature=0, label="code")
    assert capsys.readouterr().out == f"to {text}\n"
    with pytest.raises(KitError, match="begins from one of its labels, prose, verse, code; rec"):
        generate_command(given)
    assert score_command([str(folder), TEXT, "--label", "code"]) == 0
    assert capsys.readouterr().out.startswith(f"{runner.perplexity(TEXT, 'code'):.4f}\t")


def test_the_model_card_gives_a_label(folder: Path) -> None:
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "generate(\"Once \", 100, temperature=0.7, label='prose')" in card
    assert "`start.onnx` | ids of labels, or lengths, to the states" in card


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("poem", r"a label must be one that the model knows, 'prose' \(0\), .*; received 'poem'"),
        (3, "received 3"),
        (None, "begins from one of its labels, prose, verse, code; received none"),
        (["prose", "verse"], r"labels must be one for all of the 1 texts.*the shape \[2\]"),
    ],
)
def test_a_label_that_is_not_known(runner: Any, label: Any, message: str) -> None:
    with pytest.raises(KitError, match=message):
        runner.generate("to ", 3, label=label)
    with pytest.raises(KitError, match=message):
        runner.stream("to ", 3, label=label)
    with pytest.raises(KitError, match=message):
        runner.score(TEXT, label)


def test_a_step_has_no_beginning_of_its_own(runner: Any) -> None:
    with pytest.raises(KitError, match=r"states=model\.initial_states"):
        runner.step([5])


def test_a_saved_model_takes_labels(keras_model: Any, tmp_path: Path) -> None:
    signatures = export_saved_model(keras_model, tmp_path / "saved", ENCODER)
    assert signatures == ["serve", "serve_text", "step", "start"]
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures
    tokens, labels = tf.constant([ENCODER.encode("to be")] * 2), tf.constant([2, 0])
    expected = keras_model((tokens, labels))
    given = {"tokens": tokens, "labels": labels}
    np.testing.assert_allclose(served["serve"](**given)["logits"], expected, atol=CLOSE)
    given = {"texts": tf.constant(["to be"] * 2), "labels": labels}
    np.testing.assert_allclose(served["serve_text"](**given)["logits"], expected, atol=CLOSE)
    start = served["start"](labels=labels)
    for k, state in enumerate(keras_model.initial_states(2, [2, 0])):
        np.testing.assert_allclose(start[f"state_{k}"], state, atol=CLOSE)


@pytest.mark.parametrize("context", cases_of(["input", "state"], ["input"]))
def test_the_other_contexts_in_whole_numbers(context: str, tmp_path: Path) -> None:
    model = language_model(ENCODER, labels=LABELS, context=context, layers=1, embedding=None)
    export_onnx(model, tmp_path / "bundle", ENCODER, precision="int8", data=TEXT)
    runner = load(tmp_path / "bundle")
    # Eight bits a weight: a hundredth of what is added up.
    expected = score(model, ENCODER.encode(TEXT), label="code").nats
    assert -runner.score(TEXT, "code").sum() == pytest.approx(expected, rel=0.05)
    assert runner.bundle.spec.measured["on"] == 3 * (len(TEXT) - 1)
