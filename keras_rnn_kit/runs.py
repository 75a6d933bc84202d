"""A run folder: what a recipe leaves behind, and what the export commands start from.

`model.keras`, the vocabularies of its kind (`vocabulary.json` for most), `report.json` and
`curves.png`.
"""

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.folders import whole_folder
from keras_rnn_kit.pictures import plot_curves
from keras_rnn_kit.reports import write_report
from keras_rnn_kit.runtime.kinds import KINDS
from keras_rnn_kit.runtime.kinds.contract import VOCABULARY
from keras_rnn_kit.text import TextEncoder

MODEL, REPORT, CURVES = "model.keras", "report.json", "curves.png"
Encoders = TextEncoder | Sequence[TextEncoder] | None


def save_run(
    out: str | os.PathLike[str],
    model: keras.Model,
    encoder: Encoders,
    report: Mapping[str, Any],
    history: Mapping[str, list[float]],
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Writes a whole run folder and returns the files' paths; `KitError` where it can't.

    `encoder` is the model's, or several in the order of its kind's vocabularies, or `None`.
    Figures that are NaN or infinite, which JSON can't spell, become `null`. Where the curves can't
    be drawn it warns, and saves the rest: a training is not lost for a picture.
    """
    encoders = _by_file(model, encoder)
    written = [MODEL, *encoders, REPORT]
    with whole_folder(out, overwrite) as folder:
        model.save(folder / MODEL)
        for name, one in encoders.items():
            one.save(folder / name)
        write_report(folder / REPORT, report)
        try:
            plot_curves(history, folder / CURVES)
            written.append(CURVES)
        except KitError as error:
            warnings.warn(f"the run is saved without its curves: {error}", stacklevel=2)
    return [Path(out) / name for name in written]


def load_run(path: str | os.PathLike[str]) -> tuple[keras.Model, Any, dict[str, Any]]:
    """Reads a run folder, or a `.keras` file with its vocabularies beside it.

    Returns the model; its encoder, a list of several, or `None`, by its kind; and the report's
    figures (none where there is no report).
    Raises `KitError` for a file that is missing, damaged or not a model of this kit's.
    """
    model, file = load_model(path), _file(path)
    encoders = [TextEncoder.load(file.with_name(name)) for name in _vocabularies(model)]
    encoder = (encoders[0] if len(encoders) == 1 else encoders) or None
    report = file.with_name(REPORT)
    try:
        figures = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
    except ValueError as error:
        raise KitError(f"{report} must be JSON; received a damaged file ({error}).") from None
    if not isinstance(figures, dict):
        raise KitError(f"{report} must hold a JSON object; received a {type(figures).__name__}.")
    return model, encoder, figures


def load_model(path: str | os.PathLike[str]) -> keras.Model:
    """Reads the model of a run folder, or a `.keras` file.

    `KitError` for one that is missing, or that Keras refuses.
    """
    file = _file(path)
    if not file.is_file():
        raise KitError(
            f"an export starts from a run folder or a .keras file; {file} isn't there. Pass what "
            "a recipe wrote with --out, or what model.save(...) wrote."
        )
    # Loading a model needs its classes registered.
    import keras_rnn_kit.layers
    import keras_rnn_kit.models
    import keras_rnn_kit.training  # noqa: F401

    try:
        return keras.saving.load_model(file)
    except Exception as error:  # whatever Keras, h5py or zipfile make of a damaged file
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise KitError(
            f"{file} must be a model that Keras can load; received one it refuses ({reason}). "
            "Save it again with model.save(...)."
        ) from None


def _vocabularies(model: keras.Model) -> tuple[str, ...]:
    """The files of a model's vocabularies; one, where it isn't a model of a known kind."""
    kind = KINDS.get(getattr(model, "kind", ""))
    return (VOCABULARY,) if kind is None else kind.vocabularies


def _by_file(model: keras.Model, encoder: Encoders) -> dict[str, TextEncoder]:
    given = [] if encoder is None else encoder
    given = [given] if isinstance(given, TextEncoder) else list(given)
    return dict(zip(_vocabularies(model) if given else (), given, strict=True))


def _file(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    return path / MODEL if path.is_dir() else path
