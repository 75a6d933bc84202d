"""What several test files of bundles begin with."""

from pathlib import Path
from typing import Any

import pytest

from keras_rnn_kit.exporting import export_onnx
from keras_rnn_kit.runtime import load
from tests.exporting.models import characters


@pytest.fixture(scope="module")
def folder(keras_model: Any, tmp_path_factory: Any) -> Path:
    """The bundle of a file's `keras_model`, which begins texts somewhere and reads characters."""
    out = tmp_path_factory.mktemp("bundles") / "bundle"
    differences = export_onnx(keras_model, out, characters())
    assert {found.graph for found in differences} == {"model", "step", "start", "generate"}
    return Path(out)


@pytest.fixture(scope="module")
def runner(folder: Path) -> Any:
    return load(folder)
