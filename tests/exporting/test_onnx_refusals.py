"""What export_onnx refuses, and what it leaves behind then: nothing."""

import errno
from pathlib import Path
from typing import Any

import keras
import pytest

from keras_rnn_kit import runtime
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting import export_onnx, parity
from keras_rnn_kit.models import LanguageModel
from tests.exporting.models import characters, language_model, words


def test_what_is_no_model_for_a_bundle(tmp_path: Path) -> None:
    encoder = characters()
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    cases = [
        (other, encoder, "received Sequential"),
        (LanguageModel(len(encoder.vocabulary)), encoder, "must be built"),
        (language_model(encoder), words(), "the vocabulary must be the model's"),
    ]
    for model, given, message in cases:
        with pytest.raises(KitError, match=message):
            export_onnx(model, tmp_path / "bundle", given)
    for wrong in ({"opset": 99}, {"target": "tpu"}):
        with pytest.raises(KitError, match=f"{next(iter(wrong))} must"):
            export_onnx(language_model(encoder), tmp_path / "bundle", encoder, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there(tmp_path: Path, monkeypatch: Any) -> None:
    encoder = characters()
    model = language_model(encoder, layers=1)
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "mine.txt").write_text("kept")

    with pytest.raises(KitError, match="must not be there yet"):
        export_onnx(model, folder, encoder)
    with monkeypatch.context() as patch:
        patch.setattr(parity, "check", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            export_onnx(model, folder, encoder, overwrite=True)
    assert [file.read_text() for file in folder.iterdir()] == ["kept"]

    export_onnx(model, folder, encoder, overwrite=True)
    assert not (folder / "mine.txt").exists()
    assert runtime.load(folder).encoder.vocabulary == encoder.vocabulary
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KitError("an export must equal Keras"), KitError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(errno.ENOSPC, "No space left on device"), KitError),
    ],
    ids=["mismatch", "Ctrl-C", "full disk"],
)
def test_nothing_is_left_of_a_half_written_bundle(
    tmp_path: Path, monkeypatch: Any, error: BaseException, raised: type[BaseException]
) -> None:
    encoder = characters()
    checked: list[str] = []
    check = parity.check

    def fail_at_the_second(graph: Any, exported: Any, records: Any, precision: str) -> Any:
        if checked:
            # The first graph has been written by now, beside the place of the bundle.
            assert len(list(tmp_path.rglob("model.onnx"))) == 1
            raise error
        checked.append(graph.name)
        return check(graph, exported, records, precision=precision)

    monkeypatch.setattr(parity, "check", fail_at_the_second)
    with pytest.raises(raised):
        export_onnx(language_model(encoder, layers=1), tmp_path / "bundle", encoder)
    assert checked == ["model"]
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_can_t_be_written(tmp_path: Path) -> None:
    encoder = characters()
    (tmp_path / "file").write_text("a file, not a folder")
    with pytest.raises(KitError, match="must be writable"):
        export_onnx(language_model(encoder), tmp_path / "file" / "bundle", encoder)
    assert (tmp_path / "file").read_text() == "a file, not a folder"


def test_a_file_in_the_bundle_s_place_is_not_replaced(tmp_path: Path) -> None:
    encoder = characters()
    (tmp_path / "file").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(KitError, match="is a file"):
            export_onnx(
                language_model(encoder, layers=1),
                tmp_path / "file",
                encoder,
                overwrite=overwrite,
            )
    assert (tmp_path / "file").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1
