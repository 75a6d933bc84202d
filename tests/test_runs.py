import errno
import json
import math
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, export_saved_model
from keras_rnn_kit.models import LanguageModel, TextClassifier
from keras_rnn_kit.runs import load_run, save_run
from keras_rnn_kit.text import TextEncoder

# Keras writes its variables through an `__array__` that NumPy 2 finds outdated.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TOKENS = np.array([[4, 5, 6]], np.int32)
HISTORY = {"loss": [1.5, 1.0], "val_loss": [1.6, 1.2]}
FILES = ["model.keras", "vocabulary.json", "report.json", "curves.png"]


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.build(["to be or not to be"])


@pytest.fixture(scope="module")
def model(encoder: TextEncoder) -> Any:
    model = LanguageModel(len(encoder.vocabulary), units=4, embedding=3)
    model.build((None, None))
    return model


@pytest.fixture(scope="module")
def original(model: Any, encoder: TextEncoder, tmp_path_factory: Any) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    save_run(out, model, encoder, {"val_perplexity": 3.5, "data": "x"}, HISTORY)
    return out


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    """A run folder to be damaged."""
    (tmp_path / "run").mkdir()
    for file in original.iterdir():
        (tmp_path / "run" / file.name).write_bytes(file.read_bytes())
    return tmp_path / "run"


@pytest.mark.parametrize("name", ["", "model.keras"], ids=["folder", "file"])
def test_a_run_comes_back(name: str, run: Path, model: Any, encoder: TextEncoder) -> None:
    loaded, vocabulary, report = load_run(run / name)
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))
    assert vocabulary.vocabulary == encoder.vocabulary
    assert report == {"val_perplexity": 3.5, "data": "x"}


def test_a_compiled_classifier_comes_back(tmp_path: Path, encoder: TextEncoder) -> None:
    model = TextClassifier(len(encoder.vocabulary), ("a", "b"), units=4, dtype="mixed_float16")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(TOKENS, np.array([1]), verbose=0)
    save_run(tmp_path / "run", model, encoder, {}, {})
    loaded = load_run(tmp_path / "run")[0]
    assert loaded.classes == ("a", "b")
    np.testing.assert_array_equal(loaded(TOKENS), model(TOKENS))


def test_the_files(model: Any, encoder: TextEncoder, tmp_path: Path) -> None:
    report = {
        "val_perplexity": math.inf,
        "train_loss_nats": math.nan,
        "epochs": 2,
        "diverged": True,
        "config": {"units": 4, "rates": (0.5, -math.inf)},
    }
    written = save_run(tmp_path / "run", model, encoder, report, HISTORY)
    assert written == [tmp_path / "run" / name for name in FILES]
    assert sorted(tmp_path.rglob("*.*")) == sorted(written)
    text = (tmp_path / "run" / "report.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name)) == {
        "val_perplexity": None,
        "train_loss_nats": None,
        "epochs": 2,
        "diverged": True,
        "config": {"units": 4, "rates": [0.5, None]},
    }


def test_no_picture_is_worth_a_model(
    model: Any, encoder: TextEncoder, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.warns(UserWarning, match=r"saved without its curves: .*matplotlib"):
        written = save_run(tmp_path / "run", model, encoder, {}, HISTORY)
    assert [path.name for path in written] == FILES[:3]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted(FILES[:3])


def test_a_run_that_is_there(run: Path, model: Any, encoder: TextEncoder) -> None:
    with pytest.raises(KitError, match="must not be there yet"):
        save_run(run, model, encoder, {}, HISTORY)
    assert load_run(run)[2] == {"val_perplexity": 3.5, "data": "x"}
    save_run(run, model, encoder, {"new": 1}, HISTORY, overwrite=True)
    assert load_run(run)[2] == {"new": 1}


def test_nothing_is_left_of_a_half_written_run(
    model: Any, encoder: TextEncoder, tmp_path: Path, monkeypatch: Any
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("keras_rnn_kit.runs.plot_curves", full)
    with pytest.raises(KitError, match=r"have room; received 'No space left on device'"):
        save_run(tmp_path / "run", model, encoder, {}, HISTORY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["nowhere", "nowhere.keras", "empty"])
def test_no_model(path: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(KitError, match=r"\.keras file; .* isn't there|nowhere isn't there"):
        load_run(tmp_path / path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no model at all",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"LanguageModel", b"UnheardModel"),
    ],
    ids=["empty", "text", "cut", "unknown class"],
)
def test_a_damaged_model(damage: Any, run: Path) -> None:
    file = run / "model.keras"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(
        KitError, match=r"model\.keras must be a model that Keras can load"
    ) as error:
        load_run(run)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("vocabulary.json", None, r"vocabulary\.json"),
        ("vocabulary.json", "{", r"vocabulary\.json"),
        ("report.json", "{", r"report\.json must be JSON"),
        ("report.json", "[1]", r"report\.json must hold a JSON object; received a list"),
    ],
)
def test_other_damaged_files(file: str, damage: str | None, message: str, run: Path) -> None:
    (run / file).unlink()
    if damage is not None:
        (run / file).write_text(damage)
    with pytest.raises(KitError, match=message):
        load_run(run)


def test_a_report_may_be_missing(run: Path) -> None:
    (run / "report.json").unlink()
    (run / "curves.png").unlink()
    assert load_run(run)[2] == {}


def test_another_s_model_loads_and_is_refused_by_the_exporters(run: Path, tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((None,)), keras.layers.Embedding(9, 2)])
    other.save(run / "model.keras")
    model, encoder, _ = load_run(run)
    for export in (export_onnx, export_saved_model):
        with pytest.raises(KitError, match="received Sequential"):
            export(model, tmp_path / "out", encoder)
    assert not (tmp_path / "out").exists()
