"""A run folder: what a recipe leaves behind, and what the export commands start from.

`model.keras`, `vocabulary.json`, `report.json` and `curves.png`.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.folders import whole_folder
from keras_rnn_kit.plots import plot_curves
from keras_rnn_kit.text import TextEncoder

MODEL, VOCABULARY, REPORT, CURVES = "model.keras", "vocabulary.json", "report.json", "curves.png"


def save_run(
    out: str | os.PathLike[str],
    model: keras.Model,
    encoder: TextEncoder,
    report: Mapping[str, Any],
    history: Mapping[str, list[float]],
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Writes a whole run folder and returns the files' paths; `KitError` where it can't."""
    with whole_folder(out, overwrite) as folder:
        model.save(folder / MODEL)
        encoder.save(folder / VOCABULARY)
        (folder / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        plot_curves(history, folder / CURVES)
    return [Path(out) / name for name in (MODEL, VOCABULARY, REPORT, CURVES)]


def load_run(path: str | os.PathLike[str]) -> tuple[keras.Model, TextEncoder, dict[str, Any]]:
    """Reads a run folder, or a `.keras` file with its `vocabulary.json` beside it.

    Returns the model, the encoder and the report's figures (none where there is no report).
    Raises `KitError` for a file that is missing, damaged or not a model of this kit's.
    """
    path = Path(path)
    file = path / MODEL if path.is_dir() else path
    if not file.is_file():
        raise KitError(
            f"an export starts from a run folder or a .keras file; {file} isn't there. Pass what "
            "a recipe wrote with --out."
        )
    # Loading a model needs its classes registered.
    import keras_rnn_kit.models  # noqa: F401

    try:
        model = keras.saving.load_model(file)
    except Exception as error:  # whatever Keras, h5py or zipfile make of a damaged file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise KitError(
            f"{file} must be a model that Keras can load; received one it refuses ({reason}). "
            "Save it again with model.save(...)."
        ) from None
    encoder = TextEncoder.load(file.with_name(VOCABULARY))
    report = file.with_name(REPORT)
    try:
        figures = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
    except ValueError as error:
        raise KitError(f"{report} must be JSON; received a damaged file ({error}).") from None
    return model, encoder, figures
