import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_saved_model
from keras_rnn_kit.models import LanguageModel
from tests.exporting.models import (
    REVIEWS,
    TEXT,
    characters,
    classifier,
    language_model,
    saves_models,
    words,
)

pytestmark = saves_models

# The same operations in the same float32, only put together by Grappler in another way.
TOLERANCE = 1e-5

IDS = np.array([[5, 9, 4, 7, 0], [6, 0, 0, 0, 0], [8, 4, 5, 6, 7]], np.int32)
TEXTS = [*REVIEWS, "", "not seen before"]

# Runs where neither Keras nor the kit is there. (TensorFlow looks for Keras when it is imported,
# for the sake of tf.keras, and does without.)
SERVER = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "tf_keras", "keras_rnn_kit"):
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
for name in ("keras", "keras_rnn_kit"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise AssertionError(f"{name} can be imported")

import numpy as np
import tensorflow as tf

given = np.load(sys.argv[1])
language = tf.saved_model.load(sys.argv[2]).signatures
classify = tf.saved_model.load(sys.argv[3]).signatures
states = {k: tf.constant(given[k]) for k in ("state_0", "state_1")}
step = language["step"](tokens=tf.constant(given["ids"][:, 0]), **states)
texts = tf.constant(given["texts"].tolist())
np.savez(
    sys.argv[4],
    language=language["serve"](tokens=tf.constant(given["ids"]))["logits"],
    language_text=language["serve_text"](texts=texts)["logits"],
    classify=classify["serve"](tokens=tf.constant(given["ids"]))["logits"],
    classify_text=classify["serve_text"](texts=texts)["logits"],
    signatures=[sorted(language), sorted(classify) + [""]],
    **{f"step_{name}": value for name, value in step.items()},
)
imported = {name.partition(".")[0] for name in sys.modules}
assert not imported & {"keras", "tf_keras", "keras_rnn_kit", "tf2onnx", "onnx"}, imported
"""


@pytest.fixture(scope="module")
def models() -> tuple[Any, Any]:
    return language_model(characters()), classifier(words())


@pytest.fixture(scope="module")
def served(models: Any, tmp_path_factory: Any) -> Iterator[tuple[Any, dict[str, np.ndarray], str]]:
    """The two models, what a process without Keras made of them, and what it said."""
    folder = tmp_path_factory.mktemp("served")
    for model, encoder, name in zip(models, (characters(), words()), "lc", strict=True):
        export_saved_model(model, folder / name, encoder)
    rng = np.random.default_rng(3)
    states: dict[str, Any] = {
        f"state_{k}": rng.normal(size=(3, 6)).astype("float32") for k in range(2)
    }
    np.savez(folder / "given.npz", ids=IDS, texts=TEXTS, **states)
    paths = [str(folder / name) for name in ("given.npz", "l", "c", "received.npz")]
    done = subprocess.run(
        [sys.executable, "-c", SERVER, *paths],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr
    with np.load(folder / "received.npz") as received:
        yield models, {**received, **states}, done.stderr


def test_the_signatures(served: Any) -> None:
    # Keras gives the first one to TensorFlow Serving under a second name.
    language, classify = served[1]["signatures"].tolist()
    assert language == ["serve", "serve_text", "serving_default", "step"]
    assert [name for name in classify if name] == ["serve", "serve_text", "serving_default"]


def test_ids_are_served_as_by_keras(served: Any) -> None:
    (language, classify), received, _ = served
    np.testing.assert_allclose(received["language"], language(IDS), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(received["classify"], classify(IDS), rtol=0, atol=TOLERANCE)


def test_a_step_is_served_as_by_keras(served: Any) -> None:
    (language, _), received, _ = served
    states = [received["state_0"], received["state_1"]]
    logits, after = language.step(IDS[:, 0], states)
    np.testing.assert_allclose(received["step_logits"], logits, rtol=0, atol=TOLERANCE)
    for k, state in enumerate(after):
        np.testing.assert_allclose(received[f"step_next_state_{k}"], state, rtol=0, atol=TOLERANCE)


def test_texts_are_served_as_their_ids(served: Any) -> None:
    (language, classify), received, _ = served
    for k, text in enumerate(TEXTS):
        # A text without a token is one <unk>, as in the ONNX runtime.
        for model, encoder, name in (
            (language, characters(), "language_text"),
            (classify, words(), "classify_text"),
        ):
            ids = encoder.encode(text)
            ids = ids if len(ids) else np.array([encoder.vocabulary.unk_id])
            expected = np.asarray(model(ids[None]))[0]
            found = received[name][k]
            found = found[: len(ids)] if name == "language_text" else found
            np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_loading_says_nothing(served: Any) -> None:
    # Native code writes of the machine's devices before it reads any level: lines such as
    # `I0000 00:00:1700000000.000000 ...` below a heading. Python's log must be empty.
    heading = "WARNING: All log messages before absl::InitializeLog() is called"
    said = [
        line
        for line in served[2].splitlines()
        if not re.match(r"[IWE]0000 ", line) and not line.startswith(heading)
    ]
    assert said == []


@pytest.mark.parametrize("how", [{}, {"stateful": True}, {"dtype": "mixed_float16"}])
def test_saving_says_nothing(how: dict[str, Any], tmp_path: Path, caplog: Any, capfd: Any) -> None:
    encoder = characters()
    model = language_model(encoder, (2, 5) if "stateful" in how else (None, None), **how)
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        capfd.readouterr()
        names = export_saved_model(model, tmp_path / "out", encoder)
    assert names == ["serve", "serve_text", "step"]
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_a_stateful_half_precision_model_is_served_plain(tmp_path: Path) -> None:
    encoder = characters()
    how = {"dtype": "mixed_float16", "stateful": True}
    model = language_model(encoder, (2, 5), **how)
    plain = language_model(encoder)
    assert export_saved_model(model, tmp_path / "out") == ["serve", "step"]
    serve = tf.saved_model.load(str(tmp_path / "out")).signatures["serve"]
    ids = encoder.encode(TEXT)[None]
    for _ in range(2):  # no state is carried from call to call
        logits = serve(tokens=tf.constant(ids))["logits"]
        assert logits.dtype == tf.float32
        np.testing.assert_allclose(logits, plain(ids), rtol=0, atol=TOLERANCE)


def test_what_is_no_model_to_save(tmp_path: Path) -> None:
    encoder = characters()
    cases = [
        (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), None, "received Sequential"),
        (type("Other", (keras.Model,), {})(dtype="mixed_float16"), None, "received Other"),
        (LanguageModel(len(encoder.vocabulary)), None, "must be built"),
        (language_model(encoder), words(), "the vocabulary must be the model's"),
    ]
    for model, given, message in cases:
        with pytest.raises(KitError, match=message):
            export_saved_model(model, tmp_path / "out", given)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there(tmp_path: Path) -> None:
    model = language_model(characters(), layers=1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("kept")
    with pytest.raises(KitError, match="must not be there yet"):
        export_saved_model(model, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine.txt"]
    export_saved_model(model, tmp_path / "out", overwrite=True)
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert "saved_model.pb" in names
    assert "mine.txt" not in names
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_nothing_is_left_of_a_half_written_model(tmp_path: Path, monkeypatch: Any) -> None:
    def fail(_: Any, filepath: str, **__: Any) -> None:
        (Path(filepath) / "saved_model.pb").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(KitError, match="have room"):
        export_saved_model(language_model(characters(), layers=1), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
