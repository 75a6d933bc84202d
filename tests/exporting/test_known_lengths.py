"""The bundle of a language model that counts down a text's length: `start`, and what is drawn."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.generate import main as generate_command
from export.score import main as score_command
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, export_saved_model
from keras_rnn_kit.models import score
from keras_rnn_kit.runtime import load
from keras_rnn_kit.runtime.check import check_bundle
from tests.exporting.models import TEXT, characters, language_model

LABELS, LONGEST, EOS = ["prose", "verse"], 40, 3
# Sums of float32 in another order, through some steps.
CLOSE = 1e-4
ENCODER = characters()
SHORT = TEXT[:20]


@pytest.fixture(scope="module", params=[None, LABELS], ids=["no labels", "labels"])
def keras_model(request: Any) -> Any:
    return language_model(
        ENCODER, labels=request.param, termination="length", max_length=LONGEST, layers=1
    )


@pytest.fixture(scope="module")
def label(keras_model: Any) -> dict[str, str]:
    return {} if keras_model.labels is None else {"label": "verse"}


def test_texts_begin_where_they_begin_in_keras(keras_model: Any, runner: Any, label: Any) -> None:
    assert runner.max_length == LONGEST
    labels = label.get("label")
    for lengths in (None, 7, [7, 1, LONGEST]):
        expected = keras_model.initial_states(3, labels, lengths)
        for one, other in zip(runner.initial_states(3, labels, lengths), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=CLOSE)
    expected = keras_model.log_lengths(2, labels)
    np.testing.assert_allclose(runner.log_lengths(2, labels), expected, atol=CLOSE)


def test_a_text_has_the_length_that_is_asked_for(runner: Any, label: Any) -> None:
    assert len(runner.generate("to", 99, text_length=9, seed=1, **label)) == 7
    assert runner.generate("to", 99, text_length=2, **label) == ""
    assert len(runner.generate("to", 3, text_length=9, **label)) == 3  # as many as wanted
    inside = runner.generate(["to", "be", "t"], 99, text_length=[9, 2, 5], seed=1, **label)
    assert [len(text) for text in inside] == [7, 0, 4]
    assert len("".join(runner.stream("to", 99, text_length=9, **label))) == 7


def test_lengths_are_drawn_by_their_probability(runner: Any, label: Any) -> None:
    chances = np.exp(runner.log_lengths(1, label.get("label"))[0].astype("float64"))
    chances[:2] = 0  # the prompt is there
    chances /= chances.sum()
    for rows in (1, 400):  # one by one, and inside of the graph
        found = Counter(
            len(text) + 2
            for seed in range(400 // rows)
            for text in runner.generate(["to"] * rows, LONGEST, seed=seed, top_k=3, **label)
        )
        shares = np.array([found[n] / 400 for n in range(LONGEST + 1)])
        # Four standard deviations of a share of 400.
        assert (np.abs(shares - chances) < 4 * np.sqrt(chances / 400) + 1e-9).all()
    likeliest = int(chances.argmax())
    assert len(runner.generate("to", 99, temperature=0, **label)) == likeliest - 2
    texts = runner.generate(["to"] * 2, 99, temperature=0, **label)
    assert [len(text) for text in texts] == [likeliest - 2] * 2
    assert runner.generate("to", 99, seed=4, **label) == runner.generate("to", 99, seed=4, **label)


def test_a_whole_text_is_scored_with_its_length(keras_model: Any, runner: Any, label: Any) -> None:
    ids = [*ENCODER.encode(SHORT), EOS]
    expected = score(keras_model, ids, **label)
    for given in (SHORT, ids):
        scores = runner.score(given, **label)
        assert len(scores) == len(SHORT)
        assert -scores.sum() == pytest.approx(expected.nats, rel=CLOSE)
    log_lengths = runner.log_lengths(1, label.get("label"))
    assert scores[-1] == pytest.approx(log_lengths[0, len(SHORT)], rel=CLOSE)


def test_a_bundle_is_checked_again_where_it_serves(folder: Path) -> None:
    assert {found.graph for found in check_bundle(folder)} == {"model", "step", "start", "generate"}


def test_the_commands_take_and_score_it(folder: Path, runner: Any, label: Any, capsys: Any) -> None:
    more = ["--label", "verse"] if label else []
    given = [str(folder), "--prompt", "to ", "--length", "50", "--seed", "1", *more]
    assert generate_command([*given, "--text-length", "9"]) == 0
    assert len(capsys.readouterr().out) == 10  # and a line break
    assert score_command([str(folder), SHORT, *more]) == 0
    assert capsys.readouterr().out.startswith(f"{runner.perplexity(SHORT, **label):.4f}\t")


@pytest.mark.parametrize(
    ("prompt", "given", "message"),
    [
        ("to", {"text_length": 41}, "must be a whole number from 1 to 40, .*; received 41"),
        ("to", {"text_length": 0}, "from 1 to 40, .*; received 0"),
        ("to", {"text_length": 2.5}, r"received 2\.5"),
        ("to", {"text_length": [3, 4]}, r"one for all of the 1 texts .*received \[3, 4\]"),
        ("to be", {"text_length": 4}, "a prompt must not be longer than its text, .* received 5 t"),
        ("to" * 21, {}, "at most 40 tokens; received 42"),
        ("to", {"stop": " "}, "ends it itself, with '<eos>'; received stop=' '"),
    ],
)
def test_what_is_refused(runner: Any, label: Any, prompt: str, given: Any, message: str) -> None:
    with pytest.raises(KitError, match=message):
        runner.generate(prompt, 9, **given, **label)
    with pytest.raises(KitError, match=message):
        runner.stream(prompt, 9, **given, **label)


def test_a_saved_model_reads_whole_texts(
    keras_model: Any, runner: Any, label: Any, tmp_path: Path
) -> None:
    signatures = export_saved_model(keras_model, tmp_path / "saved", ENCODER)
    assert signatures == ["serve", "serve_text", "step", "start"]
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures
    tokens = tf.constant([ENCODER.encode("to be"), [*ENCODER.encode("to"), 0, 0, 0]])
    more = {"labels": tf.constant([1, 1])} if label else {}
    expected = keras_model((tokens, more["labels"]) if more else tokens)
    found = served["serve"](tokens=tokens, **more)["logits"]
    np.testing.assert_allclose(found, expected, rtol=CLOSE, atol=CLOSE)
    start = served["start"](text_lengths=tf.constant([5, -1]), **more)
    labels = label.get("label")
    np.testing.assert_allclose(start["log_lengths"], runner.log_lengths(2, labels), atol=CLOSE)


@pytest.mark.parametrize(("precision", "target"), [("float16", "cuda"), ("int8", "cpu")])
def test_counts_are_exact_in_a_smaller_precision(
    precision: str, target: str, tmp_path: Path
) -> None:
    model = language_model(ENCODER, termination="length", max_length=3000, layers=1)
    data = {"data": SHORT} if precision == "int8" else {}
    export_onnx(model, tmp_path / "bundle", ENCODER, target=target, precision=precision, **data)
    runner = load(tmp_path / "bundle")
    # float16 has no odd numbers above 2,048.
    states = runner.initial_states(1, text_length=2501)
    assert runner.step([5], states)[1][-2].tolist() == [[2500]]
    assert len(runner.generate("to", 99, text_length=9, seed=1)) == 7
