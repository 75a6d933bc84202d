"""Judges texts along a balanced tree and along a chain, with the same cell: accuracy, depth, time.

Run it with `python -m recipes.tree_sentiment`; `--help` lists the options. The pieces live in
`keras_rnn_kit.layers.recursive`, `.models.tree_classifier`, `.text` and `.data`.
"""

import dataclasses
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.commands import option, parse, run, starting_quietly, whole_numbers

with starting_quietly():
    import keras
    import numpy as np
    import tensorflow as tf

    from keras_rnn_kit import cells
    from keras_rnn_kit.arguments import positive_integer
    from keras_rnn_kit.data import drop_overlap, labelled_batches, split
    from keras_rnn_kit.errors import KitError
    from keras_rnn_kit.folders import check_free, whole_folder
    from keras_rnn_kit.initializers import PerGate
    from keras_rnn_kit.layers import RNN, RecursiveNetwork
    from keras_rnn_kit.models import TreeClassifier
    from keras_rnn_kit.models.cells import make_cell
    from keras_rnn_kit.models.tree_classifier import STRUCTURES
    from keras_rnn_kit.pictures.trees import plot_trees
    from keras_rnn_kit.reports import write_report
    from keras_rnn_kit.text import Cleaning, TextEncoder, label_ids, load_labelled
    from keras_rnn_kit.training.best_fit import BestFit, fit_best

# A node that starts as a sum of its children keeps the words that a deep tree has below it.
INITIALIZERS = {"identity": PerGate("identity"), "own": None}
ROUNDS = 5  # of timing; the medians are reported
ROWS = 16  # of random leaves that are timed


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit the built-in reviews on two CPU cores."""

    data: str = option("builtin", "builtin, a .tsv or .csv file, a folder, or a pair *.pos, *.neg")
    cell: str = option("GRU", "the composition: GRU, SimpleRNN, LSTM or another cell")
    initializer: str = option(
        "identity", "the cell's kernels at first: identity in every gate, or the cell's own"
    )
    units: int = option(64, "width H of the cell and of the embedding")
    dropout: float = option(0.5, "share of the leaves' features and of the root dropped")
    min_frequency: int = option(2, "words seen less often in training become <unk>")
    batch_size: int = option(32, "texts B in a batch")
    epochs: int = option(20, "passes over the texts, at the most")
    patience: int = option(4, "epochs without a better validation loss before it ends")
    learning_rate: float = option(1e-3, "Adam's step size")
    seeds: str = option("0,1,2", "of the weights and the batches; the accuracy is the mean")
    split_seed: int = option(0, "of the split into training, validation and test")
    lengths: str = option("16,64,256,1024", "leaves T at which depth and time are measured")
    out: str = option("runs/tree_sentiment", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Trains both, measures both, writes the run folder; 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    positive_integer("epochs", config.epochs)
    if config.initializer not in INITIALIZERS:
        raise KitError(
            f"--initializer must be one of {', '.join(INITIALIZERS)}; received "
            f"{config.initializer!r}. Pass one of them."
        )
    seeds = whole_numbers("--seeds", config.seeds, 0)
    lengths = whole_numbers("--lengths", config.lengths)
    check_free(config.out, config.overwrite)

    texts, labels = load_labelled(config.data)
    parts = [*split(texts, labels, seed=config.split_seed)]
    kept, kept_labels, _ = drop_overlap(*parts[0], parts[1][0], parts[2][0])
    parts[0] = kept, kept_labels
    _, classes = label_ids(parts[0][1])
    encoder = TextEncoder.build(
        parts[0][0],
        tokenizer="words",
        cleaning=Cleaning.sentiment(),
        min_frequency=config.min_frequency,
    )
    print(
        f"{config.data}: {', '.join(f'{len(part[0]):,}' for part in parts)} texts to train, "
        f"validate and test; |V| = {len(encoder.vocabulary):,}."
    )
    report: dict[str, Any] = {"data": config.data, "accuracy": {}, "by_leaves": {}}
    interrupted = diverged = False
    best_model: tuple[float, Any] = (-1.0, None)
    for structure in STRUCTURES:
        found = []
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            model = TreeClassifier(
                len(encoder.vocabulary),
                classes,
                config.units,
                cell=config.cell,
                structure=structure,
                dropout=config.dropout,
                cell_arguments=_cell_arguments(config),
            )
            model.build((None, None))
            accuracy, fit = _train(model, parts, encoder, classes, config, seed)
            print(
                f"{structure}, seed {seed}: test accuracy {accuracy:.3f} after {fit.seconds:.0f} "
                f"s, {model.count_params():,} parameters."
            )
            found.append(accuracy)
            best_model = max(best_model, (accuracy, model), key=lambda pair: pair[0])
            interrupted, diverged = interrupted or fit.interrupted, diverged or fit.diverged
            if interrupted:
                break
        report["accuracy"][structure] = found
        if interrupted:
            break
    if not interrupted:
        for structure in STRUCTURES:
            report["by_leaves"][structure] = _measured(structure, lengths, config)
    report |= {
        "lengths": lengths,
        "parameters": best_model[1].count_params(),
        "interrupted": interrupted,
        "diverged": diverged,
        "config": dataclasses.asdict(config),
    }
    written = ["model.keras", "vocabulary.json", "report.json"]
    with whole_folder(config.out, config.overwrite) as folder:
        best_model[1].save(folder / "model.keras")
        encoder.save(folder / "vocabulary.json")
        write_report(folder / "report.json", report)
        if report["by_leaves"]:
            plot_trees(lengths, report["by_leaves"], folder / "trees.png")
            written.append("trees.png")
    _print(report, lengths)
    print("Wrote " + ", ".join(str(Path(config.out) / name) for name in written))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return 130 if interrupted else int(diverged)


def _cell_arguments(config: Config) -> dict[str, Any] | None:
    initializer = INITIALIZERS[config.initializer]
    if initializer is None:
        return None
    return {"kernel_initializer": initializer, "recurrent_initializer": initializer}


def _train(
    model: TreeClassifier,
    parts: Sequence[tuple[Sequence[str], Sequence[str]]],
    encoder: TextEncoder,
    classes: Sequence[str],
    config: Config,
    seed: int,
) -> tuple[float, BestFit]:
    """Test accuracy, and how the training went."""
    train, validation, test = (
        labelled_batches(
            [encoder.encode(text) for text in texts],
            label_ids(labels, classes)[0],
            batch_size=config.batch_size,
            seed=seed,
            shuffle=not k,
        )
        for k, (texts, labels) in enumerate(parts)
    )
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fit = fit_best(
        model,
        train,
        validation,
        epochs=config.epochs,
        clip_norm=1.0,
        patience=config.patience,
        verbose=int(sys.stdout.isatty()),
    )
    return float(model.evaluate(test, verbose=0, return_dict=True)["accuracy"]), fit


def _measured(structure: str, lengths: Sequence[int], config: Config) -> dict[str, list[float]]:
    """Depth, time and the norm of the first leaf's gradient, on random leaves, untrained."""
    depth: list[float] = []
    times: list[float] = []
    gradients: list[float] = []
    keras.utils.set_random_seed(0)
    cell: cells.ProjectedCell = make_cell(
        config.cell, config.units, None, "float32", _cell_arguments(config)
    )
    layer = RecursiveNetwork(cell) if structure == "balanced" else RNN(cell)
    for length in lengths:
        leaves = tf.random.stateless_normal([ROWS, length, config.units], seed=[0, length])

        @tf.function(autograph=False)
        def both_ways(leaves: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(leaves)
                loss = tf.reduce_sum(layer(leaves, training=True) ** 2)
            return tape.gradient(loss, [leaves, *layer.trainable_weights])[0]

        gradient = both_ways(leaves)  # compiles
        rounds = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            both_ways(leaves).numpy()
            rounds.append(time.perf_counter() - started)
        balanced = structure == "balanced"
        depth.append(math.ceil(math.log2(length)) if balanced else length)
        times.append(1000 * float(np.median(rounds)))
        gradients.append(float(np.linalg.norm(gradient[:, 0])))
    return {"depth": depth, "milliseconds": times, "gradient": gradients}


def _print(report: dict[str, Any], lengths: Sequence[int]) -> None:
    for structure, found in report["accuracy"].items():
        print(f"{structure:10} test accuracy {np.mean(found):.3f}, mean of {len(found)}")
    if not report["by_leaves"]:
        return
    print(
        f"{'leaves T':>10}{'structure':>12}{'depth':>8}{'ms':>10}{'gradient at the first leaf':>30}"
    )
    for k, length in enumerate(lengths):
        for structure, figures in report["by_leaves"].items():
            depth, ms, norm = (figures[name][k] for name in ("depth", "milliseconds", "gradient"))
            print(f"{length:10,}{structure:>12}{depth:8,}{ms:10.2f}{norm:30.2e}")


if __name__ == "__main__":
    run(main)
