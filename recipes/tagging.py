"""Trains a tagger that gives a text its capitals and punctuation back, one tag a word.

Run it with `python -m recipes.tagging`; `--help` lists the options. Tags are made from the text
itself. The pieces live in `keras_rnn_kit.text`, `.data`, `.models` and `.training`.
"""

import dataclasses
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.commands import option, parse, run, starting_quietly, verbosity
from keras_rnn_kit.errors import KitError

with starting_quietly():
    import keras
    import numpy as np

    from keras_rnn_kit.arguments import positive_integer
    from keras_rnn_kit.class_scores import ClassScores, class_scores, scores_table
    from keras_rnn_kit.data import tagged_batches
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.models import SequenceTagger
    from keras_rnn_kit.pictures.tagging import plot_tagging
    from keras_rnn_kit.runs import save_run
    from keras_rnn_kit.text import Cleaning, TextEncoder, load_text
    from keras_rnn_kit.text.punctuation import CASES, MARKS, TAGS, restore, tag_parts, tagged_text
    from keras_rnn_kit.training.best_fit import fit_best

TRAIN_SHARE, VALIDATION_SHARE = 0.8, 0.1  # of the words, from the beginning; the rest tests
SAMPLE_WORDS = 80

Piece = tuple[list[str], list[str]]


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit the Python manual on two CPU cores."""

    data: str = option("python-docs", "python-docs, a text file or folder, or tfds:NAME")
    encoding: str = option("utf-8", "how the files are encoded")
    max_words: int = option(60, "words T in a sequence; sentences are cut wherever it ends")
    min_frequency: int = option(2, "words seen less often in training become <unk>")
    max_size: int = option(20000, "largest vocabulary")
    units: int = option(96, "width H of each recurrent layer, in each direction")
    cell: str = option("GRU", "its recurrence: SimpleRNN, GRU, LSTM or another cell")
    layers: int = option(2, "recurrent layers on top of each other")
    bidirectional: bool = option(True, "read from both ends, so that a tag knows what follows")
    embedding: int = option(128, "width E of the embedding")
    dropout: float = option(0.5, "share of the features of embedding and recurrent layers dropped")
    batch_size: int = option(16, "sequences B in a batch")
    epochs: int = option(25, "passes over the text, at the most")
    patience: int = option(6, "epochs without a better validation accuracy before it ends")
    learning_rate: float = option(3e-3, "Adam's step size")
    clip_norm: float = option(1.0, "largest global norm of the gradient")
    seed: int = option(0, "of the weights and the batches")
    out: str = option("runs/tagging", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, measures, writes the run folder; 0, or 1 if it diverged, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    positive_integer("epochs", config.epochs)
    check_free(config.out, config.overwrite)
    keras.utils.set_random_seed(config.seed)

    text = tagged_text(load_text(config.data, encoding=config.encoding))
    parts = split(list(text.sequences(config.max_words)))
    sizes = [sum(len(words) for words, _ in part) for part in parts]
    encoder = TextEncoder.build(
        [" ".join(words) for words, _ in parts[0]],
        tokenizer="words",
        cleaning=Cleaning("lower", "punctuation"),  # so that a bundle reads any text
        min_frequency=config.min_frequency,
        max_size=config.max_size,
    )
    ids = [[encoder.vocabulary.encode(words) for words, _ in part] for part in parts]
    targets = [[[TAGS.index(tag) for tag in tags] for _, tags in part] for part in parts]
    train, validation, test = (
        tagged_batches(
            ids[k],
            targets[k],
            batch_size=config.batch_size,
            buckets=[config.max_words],
            seed=config.seed,
            shuffle=k == 0,
        )
        for k in range(3)
    )
    unknown = encoder.vocabulary.unk_id
    unknown_share = np.mean(np.concatenate(ids[2]) == unknown)
    print(
        f"{config.data}: {sizes[0]:,} words to train, {sizes[1]:,} to validate, {sizes[2]:,} to "
        f"test, in sequences of {config.max_words}; |V| = {len(encoder.vocabulary):,}, "
        f"{unknown_share:.1%} of the test words unknown; {len(TAGS)} tags."
    )
    print(
        f"No tag stands for {text.dropped.total():,} signs ({_commonest(text.dropped)}), nor for "
        f"{text.mixed.total():,} unusual capitals ({_commonest(text.mixed)})."
    )

    model = SequenceTagger(
        len(encoder.vocabulary),
        TAGS,
        config.units,
        cell=config.cell,
        embedding=config.embedding,
        layers=config.layers,
        bidirectional=config.bidirectional,
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
        monitor="val_accuracy",
        patience=config.patience,
        verbose=verbosity(),
    )

    true = [tag for _, tags in parts[2] for tag in tags]
    called = {
        "commonest tag": commonest_tag(parts[0], parts[2]),
        "word's tag": tag_of_each_word(parts[0], parts[2]),
        "network": [TAGS[k] for k in predict(model, test)],
    }
    marks = {name: mark_scores(true, tags) for name, tags in called.items()}
    cases = {name: case_scores(true, tags) for name, tags in called.items()}
    rows = {
        name: marks[name].by_class("none", "any mark") | cases[name].by_class("lower", "any case")
        for name in called
    }
    accuracy = {name: np.mean(np.array(tags) == np.array(true)) for name, tags in called.items()}
    report = {
        "data": config.data,
        "train_words": sizes[0],
        "val_words": sizes[1],
        "test_words": sizes[2],
        "signs_dropped": text.dropped.total(),
        "unusual_capitals": text.mixed.total(),
        "vocabulary_size": len(encoder.vocabulary),
        "test_unknown_share": float(unknown_share),
        "parameters": model.count_params(),
        "epochs": fit.epochs,
        "best_epoch": fit.best_epoch,
        "test_tag_accuracy": float(accuracy["network"]),
        "test_marks_f1": rows["network"]["any mark"].f1,
        "test_capitals_f1": rows["network"]["any case"].f1,
        "test_accuracies": {name: float(share) for name, share in accuracy.items()},
        "test_scores": {
            name: {key: row._asdict() for key, row in found.items()} for name, found in rows.items()
        },
        "seconds": fit.seconds,
        "interrupted": fit.interrupted,
        "diverged": fit.diverged,
        "config": dataclasses.asdict(config),
    }
    files = save_run(config.out, model, encoder, report, fit.history, overwrite=config.overwrite)
    files.append(Path(config.out) / "marks.png")
    plot_tagging(marks["network"], marks["word's tag"], cases["network"], files[-1])
    print("On the test words, in percent:\n" + scores_table(rows))
    print(f"{'whole tag right':20}" + "".join(f"{100 * one:23.1f}" for one in accuracy.values()))
    words = [word for words, _ in parts[2] for word in words][:SAMPLE_WORDS]
    show("Held-out words, bare", " ".join(words))
    show("Restored", restore(words, called["network"][: len(words)]))
    show("As it was, so far as tags say", restore(words, true[: len(words)]))
    print(f"{fit.seconds:.0f} s, best epoch {fit.best_epoch} of {fit.epochs}.")
    print("Wrote " + ", ".join(map(str, files)))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return fit.status


def split(pieces: list[Piece]) -> list[list[Piece]]:
    """Training, validation and test parts, which follow each other in the text."""
    first = int(len(pieces) * TRAIN_SHARE)
    second = int(len(pieces) * (TRAIN_SHARE + VALIDATION_SHARE))
    parts = [pieces[:first], pieces[first:second], pieces[second:]]
    if not all(parts):
        raise KitError(
            f"the text must fill a sequence for each of training, validation and test; received "
            f"{len(pieces)} sequences in all. Give a longer text, or a smaller --max-words."
        )
    return parts


def commonest_tag(train: list[Piece], test: list[Piece]) -> list[str]:
    """The single most frequent tag of the training part, for every word of the test part."""
    tag = Counter(tag for _, tags in train for tag in tags).most_common(1)[0][0]
    return [tag for words, _ in test for _ in words]


def tag_of_each_word(train: list[Piece], test: list[Piece]) -> list[str]:
    """The tag that each word most often had in training; for a new word the commonest of all."""
    counts: dict[str, Counter[str]] = {}
    for words, tags in train:
        for word, tag in zip(words, tags, strict=True):
            counts.setdefault(word, Counter())[tag] += 1
    best = {word: each.most_common(1)[0][0] for word, each in counts.items()}
    tested = (word for words, _ in test for word in words)
    commonest = commonest_tag(train, test)
    return [best.get(word, tag) for word, tag in zip(tested, commonest, strict=True)]


def predict(model: Any, batches: Any) -> list[int]:
    """The likeliest tag of each real token, in the order of the batches."""
    found = [
        model.predict_on_batch(ids).argmax(-1)[ids > 0] for ids, _ in batches.as_numpy_iterator()
    ]
    return np.concatenate(found).tolist()


def mark_scores(true: list[str], called: list[str]) -> ClassScores:
    """How well each mark is found, where the case doesn't matter."""
    names = ["", *MARKS]
    of = {tag: names.index(tag_parts(tag)[1]) for tag in TAGS}
    return class_scores([of[tag] for tag in true], [of[tag] for tag in called], ("none", *MARKS))


def case_scores(true: list[str], called: list[str]) -> ClassScores:
    """How well each case is found, where the mark doesn't matter."""
    of = {tag: CASES.index(tag_parts(tag)[0]) for tag in TAGS}
    return class_scores([of[tag] for tag in true], [of[tag] for tag in called], CASES)


def show(title: str, text: str) -> None:
    """A paragraph under its title."""
    print(f"{title}:\n{textwrap.fill(text, 96, initial_indent='  ', subsequent_indent='  ')}")


def _commonest(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {one}" for one, count in counts.most_common(5)) or "none"


if __name__ == "__main__":
    run(main)
