"""Trains a sentiment classifier: labelled texts → buckets → `model.fit` → accuracy.

Run it with `python -m recipes.sentiment`; `--help` lists the options. The pieces live in
`keras_rnn_kit.text`, `.data`, `.models` and `.training`.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from keras_rnn_kit.commands import option, parse, run, starting_quietly, verbosity

with starting_quietly():
    import keras
    import numpy as np

    from keras_rnn_kit.arguments import positive_integer
    from keras_rnn_kit.data import (
        bucket_lengths,
        class_weights,
        cut_sequences,
        describe,
        drop_overlap,
        labelled_batches,
        padding_share,
        split,
    )
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.models import TextClassifier
    from keras_rnn_kit.runs import save_run
    from keras_rnn_kit.text import Cleaning, TextEncoder, label_ids, labelled_splits, load_labelled
    from keras_rnn_kit.training.best_fit import fit_best


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit a few thousand sentences on two CPU cores."""

    data: str = option("builtin", "builtin, a .tsv or .csv file, a folder, or tfds:NAME")
    test_data: str | None = option(None, "texts to test on; else a tenth of the data is kept")
    text_column: str | None = option(None, "the column of the texts, if the header isn't plain")
    label_column: str | None = option(None, "the column of the labels, likewise")
    encoding: str = option("utf-8", "how the files are encoded")
    stratify: bool = option(True, "split each class by itself; else shuffle and cut")
    drop_duplicates: bool = option(True, "leave out training texts that other parts have, too")
    min_frequency: int = option(2, "words seen less often in training become <unk>")
    max_size: int = option(20000, "largest vocabulary")
    max_length: int = option(400, "words of a text that are read")
    keep: Literal["head", "tail", "both"] = option("head", "the part of a longer text that is read")
    units: int = option(64, "width H of the recurrent layer, in each direction")
    cell: str = option("SimpleRNN", "its recurrence: SimpleRNN, GRU, LSTM or another cell")
    embedding: int = option(128, "width E of the embedding")
    bidirectional: bool = option(True, "read each text from both ends")
    pooling: Literal["mean", "max", "last"] = option("max", "what of all steps is judged")
    dropout: float = option(0.6, "share of embedding and pooled features dropped")
    batch_size: int = option(32, "texts B in a batch")
    epochs: int = option(20, "passes over the texts, at the most")
    patience: int = option(5, "epochs without a better validation loss before it ends")
    class_weights: bool = option(False, "let every class weigh the same in the loss")
    learning_rate: float = option(1e-3, "Adam's step size")
    clip_norm: float = option(1.0, "largest global norm of the gradient")
    split_seed: int = option(0, "of the split into training, validation and test")
    seed: int = option(0, "of the weights and the batches")
    out: str = option("runs/sentiment", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


def load(config: Config) -> list[tuple[list[str], list[str]]]:
    """Training, validation and test parts, `(texts, labels)` each."""
    columns: dict[str, Any] = {
        "text_column": config.text_column,
        "label_column": config.label_column,
        "encoding": config.encoding,
    }
    own_test = "test" in labelled_splits(config.data)
    if config.test_data is None and not own_test:
        texts, labels = load_labelled(config.data, **columns)
        parts = split(texts, labels, seed=config.split_seed, stratify=config.stratify)
        return [*parts]
    train = load_labelled(config.data, split="train" if own_test else None, **columns)
    if config.test_data is not None:
        test = load_labelled(config.test_data, **columns)
    else:
        test = load_labelled(config.data, split="test", **columns)
    fractions = (0.9, 0.1, 0.0)
    parts = split(*train, fractions=fractions, seed=config.split_seed, stratify=config.stratify)
    return [parts[0], parts[1], test]


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, measures, writes the run folder; 0, or 1 if it diverged, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    positive_integer("epochs", config.epochs)
    check_free(config.out, config.overwrite)
    keras.utils.set_random_seed(config.seed)

    parts, dropped = load(config), 0
    if config.drop_duplicates:
        texts, labels, dropped = drop_overlap(*parts[0], parts[1][0], parts[2][0])
        parts[0] = texts, labels
    _, classes = label_ids(parts[0][1])
    targets = [label_ids(labels, classes)[0] for _, labels in parts]
    encoder = TextEncoder.build(
        parts[0][0],
        tokenizer="words",
        cleaning=Cleaning.sentiment(),
        min_frequency=config.min_frequency,
        max_size=config.max_size,
    )
    cut = [
        cut_sequences(encoder.encode_many(texts), config.max_length, config.keep)
        for texts, _ in parts
    ]
    lengths = [[max(1, len(one)) for one in sequences] for sequences, _ in cut]
    buckets = [bucket_lengths(part, batch_size=config.batch_size) for part in lengths]
    train, validation, test = (
        labelled_batches(
            sequences,
            targets[k],
            batch_size=config.batch_size,
            buckets=buckets[k],
            seed=config.seed,
            shuffle=k == 0,
        )
        for k, (sequences, _) in enumerate(cut)
    )
    sizes = [len(texts) for texts, _ in parts]
    padding, texts_cut = padding_share(lengths[0], buckets[0]), sum(count for _, count in cut)
    print(
        f"{config.data}: {sizes[0]:,} texts to train, {sizes[1]:,} to validate, {sizes[2]:,} to "
        f"test; classes {', '.join(classes)}; |V| = {len(encoder.vocabulary):,}."
    )
    print(
        f"{dropped:,} training texts dropped that other parts have, too; {texts_cut:,} texts cut "
        f"to {config.max_length} words. Training pads to {', '.join(map(str, buckets[0]))} words: "
        f"{padding:.1%} padding."
    )
    describe(train, encoder, classes=classes)

    model = TextClassifier(
        len(encoder.vocabulary),
        classes,
        config.units,
        cell=config.cell,
        embedding=config.embedding,
        bidirectional=config.bidirectional,
        pooling=config.pooling,
        dropout=config.dropout,
    )
    model.build((None, None))
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    print(f"{model.count_params():,} parameters.")

    fit = fit_best(
        model,
        train,
        validation,
        epochs=config.epochs,
        clip_norm=config.clip_norm,
        patience=config.patience,
        class_weight=class_weights(targets[0]) if config.class_weights else None,
        verbose=verbosity(),
    )

    val_figures = model.evaluate(validation, verbose=0, return_dict=True)
    test_figures = model.evaluate(test, verbose=0, return_dict=True)
    report = {
        "data": config.data,
        "classes": classes,
        "train_size": sizes[0],
        "val_size": sizes[1],
        "test_size": sizes[2],
        "duplicates_dropped": dropped,
        "texts_cut": texts_cut,
        "padding_share": padding,
        "vocabulary_size": len(encoder.vocabulary),
        "parameters": model.count_params(),
        "epochs": fit.epochs,
        "best_epoch": fit.best_epoch,
        "val_accuracy": val_figures["accuracy"],
        "test_accuracy": test_figures["accuracy"],
        "test_loss": test_figures["loss"],
        "seconds": fit.seconds,
        "interrupted": fit.interrupted,
        "diverged": fit.diverged,
        "config": dataclasses.asdict(config),
    }
    files = save_run(config.out, model, encoder, report, fit.history, overwrite=config.overwrite)
    majority = np.unique(parts[2][1], return_counts=True)[1].max() / sizes[2]
    print(
        f"Test accuracy {report['test_accuracy']:.3f} on {sizes[2]:,} texts (always the commonest "
        f"class: {majority:.3f}); validation {report['val_accuracy']:.3f}, best epoch "
        f"{fit.best_epoch} of {fit.epochs}, {fit.seconds:.0f} s."
    )
    print("Wrote " + ", ".join(map(str, files)))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return fit.status


if __name__ == "__main__":
    run(main)
