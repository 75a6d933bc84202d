"""Trains character language models of equal size, deep in different places, and compares them.

Run it with `python -m recipes.deep`; `--help` lists the options. The pieces live in
`keras_rnn_kit.text`, `.data`, `.cells`, `.layers`, `.models` and `.training`.
"""

import dataclasses
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.commands import option, parse, run, starting_quietly
from keras_rnn_kit.errors import KitError

with starting_quietly():
    import keras

    from keras_rnn_kit.arguments import positive_integer
    from keras_rnn_kit.data import language_model_windows
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.models import LanguageModel, score
    from keras_rnn_kit.models.equal_parameters import units_for
    from keras_rnn_kit.pictures.perplexities import plot_perplexities
    from keras_rnn_kit.runs import save_run
    from keras_rnn_kit.text import is_corpus
    from keras_rnn_kit.text.held_out import HeldOutText, held_out_text
    from keras_rnn_kit.training.best_fit import BestFit
    from keras_rnn_kit.training.next_token import fit_next_token

PARTS = 5  # of a training, each with a validation at its end
PICTURE = "depth.png"
SHALLOW = "one layer"


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit the Python manual on two CPU cores, all kinds together."""

    data: str = option("python-docs", "python-docs, a text file or folder, or tfds:NAME")
    encoding: str = option("utf-8", "how the files are encoded")
    parameters: int = option(60_000, "of each model, embedding and output layer included")
    depth: int = option(2, "matrices on the way that is made deep")
    embedding: int = option(32, "width E of the embedding")
    seq_length: int = option(64, "characters T in a window: gradients reach back so far")
    batch_size: int = option(32, "windows B in a batch")
    steps: int = option(1500, "batches that each model is trained on")
    learning_rate: float = option(3e-3, "Adam's first step size; it falls to 0 by a cosine")
    clip_norm: float = option(1.0, "largest global norm of the gradient")
    seed: int = option(0, "of the weights and the windows")
    out: str = option("runs/deep", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


def kinds(depth: int) -> dict[str, dict[str, Any]]:
    """Where a network can be deep, by name: what its `LanguageModel` is made with."""

    def deep(**depths: Any) -> dict[str, Any]:
        return {"cell": "DeepTransition", "cell_arguments": {"transition_depth": 1, **depths}}

    return {
        SHALLOW: {"layers": 1},
        "2 layers stacked": {"layers": 2},
        "3 layers stacked": {"layers": 3},
        "deep input": deep(input_depth=depth),
        "deep transition": deep(transition_depth=depth, skip=False),
        "deep transition, skip": deep(transition_depth=depth),
        "deep output": deep(output_depth=depth),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, compares, writes the run folder; 0, or 1 if one diverged, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    for name in ("depth", "embedding", "steps"):
        positive_integer(name, getattr(config, name))
    check_free(config.out, config.overwrite)

    if is_corpus(config.data):
        raise KitError(
            f"--data must be a text that fits in memory; received the corpus {config.data}. Give "
            "a text file."
        )
    text = held_out_text(config.data, encoding=config.encoding)
    size = len(text.encoder.vocabulary)
    print(text.describe())
    print(
        f"About {config.parameters:,} parameters and {config.steps:,} batches each; "
        f"trained on windows of {config.seq_length} characters, validated on one stream.\n"
    )

    print(f"{'':22}{'units':>7}{'parameters':>12}{'perplexity':>12}{'bits':>8}{'seconds':>9}")
    rows: list[dict[str, Any]] = []
    kept: tuple[LanguageModel, BestFit] | None = None
    for name, kind in kinds(config.depth).items():
        row, model, fit = train(name, kind, config, text)
        if kept is None or _order(row) < min(map(_order, rows)):
            kept = model, fit
        rows.append(row)
        print(_line(row), flush=True)
        if fit.interrupted:
            break
    assert kept is not None
    perplexities = {row["depth"]: row["val_perplexity"] for row in rows}
    report = {
        "data": config.data,
        "characters": text.characters,
        "vocabulary_size": size,
        "best": min(rows, key=_order)["depth"],
        "val_perplexities": perplexities,
        "rows": rows,
        "seconds": sum(row["seconds"] for row in rows),
        "config": dataclasses.asdict(config),
    }
    model, fit = kept
    files = save_run(
        config.out, model, text.encoder, report, fit.history, overwrite=config.overwrite
    )
    drawn = {name: figure for name, figure in perplexities.items() if figure is not None}
    try:
        if not drawn:
            raise KitError("every training diverged, there is nothing to draw")
        title = f"{Path(config.data).name}: depth at about {config.parameters:,} parameters"
        beside = SHALLOW if SHALLOW in drawn else None
        plot_perplexities(drawn, Path(config.out) / PICTURE, title=title, beside=beside)
        files.append(Path(config.out) / PICTURE)
    except KitError as error:  # without matplotlib; the figures stand all the same
        print(f"no picture: {error}", file=sys.stderr)
    print(f"\nBest: {report['best']}; its model is the one that is saved.")
    print("Wrote " + ", ".join(map(str, files)))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    if any(row["interrupted"] for row in rows):
        return 130
    return int(any(row["diverged"] for row in rows))


def train(
    name: str, kind: Mapping[str, Any], config: Config, text: HeldOutText
) -> tuple[dict[str, Any], LanguageModel, BestFit]:
    """One kind of depth: its line of the report, the model, and how its training went."""
    size = len(text.encoder.vocabulary)

    def built(units: int) -> LanguageModel:
        model = LanguageModel(size, units, embedding=config.embedding, **kind)
        model.build((None, None))
        return model

    units = units_for(lambda units: built(units).count_params(), config.parameters)
    keras.utils.set_random_seed(config.seed)  # however many were built to be counted
    model = built(units)
    shape: dict[str, Any] = {"batch_size": config.batch_size, "seq_length": config.seq_length}
    fit = fit_next_token(
        model,
        language_model_windows(text.train_ids, **shape, seed=config.seed),
        language_model_windows(text.val_ids, **shape, partition="sequential"),
        epochs=PARTS,
        steps_per_epoch=math.ceil(config.steps / PARTS),
        learning_rate=config.learning_rate,
        clip_norm=config.clip_norm,
    )
    # The whole validation text as one stream; nothing where no epoch ended with a number.
    scored = None if fit.best_epoch is None else score(model, text.scored_ids)
    row = {
        "depth": name,
        "units": units,
        "parameters": model.count_params(),
        "val_perplexity": None if scored is None else scored.perplexity,
        "val_bits_per_character": None if scored is None else scored.bits_per_token,
        **fit.figures(),
    }
    return row, model, fit


def _order(row: dict[str, Any]) -> float:
    """The lower, the better."""
    return math.inf if row["val_perplexity"] is None else row["val_perplexity"]


def _line(row: dict[str, Any]) -> str:
    figures = f"{'-':>12}{'-':>8}"
    if row["val_perplexity"] is not None:
        figures = f"{row['val_perplexity']:12.3f}{row['val_bits_per_character']:8.3f}"
    start = f"{row['depth']:22}{row['units']:7}{row['parameters']:12,}"
    return f"{start}{figures}{row['seconds']:9.0f}"


if __name__ == "__main__":
    run(main)
