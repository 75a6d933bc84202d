"""Trains an encoder-decoder: pairs → buckets → `model.fit` → translations and their scores.

Run it with `python -m recipes.seq2seq` for dates to their ISO form, or with `--data PATH.tsv` for
the pairs of a file; `--help` lists the options. The pieces live in `keras_rnn_kit.text`, `.data`,
`.models` and `.training`.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from keras_rnn_kit.commands import option, parse, run, starting_quietly, verbosity

with starting_quietly():
    import keras

    from keras_rnn_kit.arguments import not_negative, positive_integer
    from keras_rnn_kit.data import pair_batches
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.models import EncoderDecoder
    from keras_rnn_kit.pictures.seq2seq import plot_errors_by_length
    from keras_rnn_kit.runs import save_run
    from keras_rnn_kit.runtime.text_model import batches
    from keras_rnn_kit.runtime.tokens import padded
    from keras_rnn_kit.text import (
        Cleaning,
        CliticTokenizer,
        TextEncoder,
        TranslationScores,
        bleu,
        date_pairs,
        load_pairs,
        references,
        score_translations,
        split_pairs,
    )
    from keras_rnn_kit.training.best_fit import BestFit
    from keras_rnn_kit.training.next_token import fit_next_token

# What suits dates, and what suits the short sentences of a file of twenty thousand pairs.
DATES = {
    "units": 128,
    "embedding": 32,
    "dropout": 0.1,
    "word_dropout": 0.0,
    "smoothing": 0.0,
    "min_frequency": 1,
    "epochs": 5,
}
SENTENCES = {
    "units": 192,
    "embedding": 128,
    "dropout": 0.2,
    "word_dropout": 0.1,
    "smoothing": 0.1,
    "min_frequency": 2,
    "epochs": 16,
}
COMPARED = {
    "attention": ("bahdanau", "luong", "none"),
    "termination": ("token", "bernoulli", "length"),
}
SHOWN = 3  # translations after some epochs


@dataclasses.dataclass(frozen=True)
class Config:
    """Where the default is None, it is one for dates and another for a file."""

    data: str = option("dates", "dates, or a file of source<tab>target lines")
    encoding: str = option("utf-8", "how the file is encoded")
    count: int = option(10_000, "how many days the dates are of")
    attention: Literal["bahdanau", "luong", "none"] = option("bahdanau", "score of the attention")
    context: Literal["state", "input", "both"] = option(
        "state", "how the summary of the source enters the decoder"
    )
    termination: Literal["token", "bernoulli", "length"] = option("token", "how a target ends")
    compare: Literal["nothing", "attention", "termination"] = option(
        "nothing", "train a model for each kind of it, and set them side by side"
    )
    tokenizer: Literal["clitics", "words"] = option(
        "clitics", "what the texts of a file are cut to; clitics are words cut at ' and -"
    )
    lower_source: bool = option(True, "read the sources in lower case")
    min_frequency: int | None = option(
        None, "target tokens seen less often in training become <unk>; 1, or 2"
    )
    max_length: int = option(40, "the longest source and target there may be, in tokens")
    units: int | None = option(None, "width H of the recurrent layers; 128, or 192")
    cell: str = option("GRU", "their recurrence: SimpleRNN, GRU, LSTM or another cell")
    layers: int = option(1, "recurrent layers on top of each other, on either side")
    bidirectional: bool = option(True, "read each source from both ends")
    embedding: int | None = option(None, "width E of the embeddings; 32, or 128")
    dropout: float | None = option(None, "share of embeddings and outputs dropped; 0.1, or 0.2")
    word_dropout: float | None = option(
        None, "share of words that training reads as <unk>; 0, or 0.1"
    )
    tied: bool = option(True, "write with the embedding of the targets for a matrix")
    smoothing: float | None = option(
        None, "share of each target that is spread over all tokens; 0, or 0.1"
    )
    batch_size: int = option(64, "pairs B in a batch")
    epochs: int | None = option(None, "passes over the pairs; 5, or 16")
    learning_rate: float = option(3e-3, "Adam's first step size, which falls to 0 by a cosine")
    clip_norm: float = option(5.0, "largest global norm of the gradient")
    beam: int = option(4, "hypotheses that the search keeps; 1 takes the likeliest token")
    length_penalty: float = option(0.6, "0 compares hypotheses without regard to their length")
    split_seed: int = option(0, "of the split into training, validation and test")
    seed: int = option(0, "of the weights and the batches")
    out: str = option("runs/seq2seq", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


@dataclasses.dataclass(frozen=True)
class Task:
    """The pairs as the models get them."""

    encoders: tuple[TextEncoder, TextEncoder]
    train: Any
    validation: Any
    sources: list[str]  # the distinct ones to test on
    references: list[list[str]]
    val_sources: list[str]  # those to choose settings by
    val_references: list[list[str]]
    sizes: list[int]  # pairs to train, to validate, to test
    unit: str


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model and what it came to."""

    model: EncoderDecoder
    fit: BestFit
    translations: list[str]
    scores: TranslationScores
    figures: dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, measures, writes the run folder; 0, or 1 if it diverged, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    defaults = DATES if config.data == "dates" else SENTENCES
    unset: dict[str, Any] = {
        name: value for name, value in defaults.items() if getattr(config, name) is None
    }
    config = dataclasses.replace(config, **unset)
    positive_integer("epochs", config.epochs)
    positive_integer("beam", config.beam)
    not_negative("length_penalty", config.length_penalty)
    check_free(config.out, config.overwrite)

    task = load(config)
    known = [len(encoder.vocabulary) for encoder in task.encoders]
    unknown = [
        encoder.unknown_share(texts)
        for encoder, texts in zip(
            task.encoders, (task.sources, [one[0] for one in task.references]), strict=True
        )
    ]
    print(
        f"{config.data}: {task.sizes[0]:,} pairs to train, {task.sizes[1]:,} to validate, "
        f"{task.sizes[2]:,} to test, which are {len(task.sources):,} sources that no other part "
        f"has; {known[0]:,} and {known[1]:,} {task.unit}s, of which {unknown[0]:.1%} and "
        f"{unknown[1]:.1%} of the test's are unknown."
    )

    results: dict[str, Trained] = {}
    for name, choice in variants(config).items():
        results[name] = train(dataclasses.replace(config, **choice), task, name)
        if results[name].fit.interrupted:
            break
    asked = next(iter(results.values()))
    report = {
        "data": config.data,
        "train_pairs": task.sizes[0],
        "val_pairs": task.sizes[1],
        "test_pairs": task.sizes[2],
        "test_sources": len(task.sources),
        "source_vocabulary_size": known[0],
        "target_vocabulary_size": known[1],
        "test_unknown_share": {"source": unknown[0], "target": unknown[1]},
        **asked.figures,
        "compared": {name: one.figures for name, one in results.items()},
        "interrupted": any(one.fit.interrupted for one in results.values()),
        "diverged": any(one.fit.diverged for one in results.values()),
        "config": dataclasses.asdict(config),
    }
    files = save_run(
        config.out,
        asked.model,
        list(task.encoders),
        report,
        asked.fit.history,
        overwrite=config.overwrite,
    )
    files.append(Path(config.out) / "errors.png")
    plot_errors_by_length({n: one.scores for n, one in results.items()}, files[-1], task.unit)
    print(table(results, task, config.beam))
    print("Wrote " + ", ".join(map(str, files)))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return max(one.fit.status for one in results.values())


def load(config: Any) -> Task:
    """Reads or makes the pairs, splits and encodes them."""
    dates = config.data == "dates"
    if dates:
        pairs = date_pairs(config.count, config.split_seed)
    else:
        pairs = load_pairs(config.data, encoding=config.encoding)
    parts = split_pairs(pairs, (0.9, 0.05, 0.05), config.split_seed)
    sides = [[[pair[k] for pair in part] for k in (0, 1)] for part in parts]
    # A target is a sentence, so that its first word is the same token as within another.
    tokenizers: list[Any] = ["clitics", CliticTokenizer(sentence_case=True)]
    if dates or config.tokenizer == "words":
        tokenizers = ["characters" if dates else "words"] * 2
    encoders = [
        TextEncoder.build(
            sides[0][k],
            tokenizer=tokenizers[k],
            cleaning=Cleaning("lower") if config.lower_source and k == 0 else None,
            min_frequency=(1, config.min_frequency)[k],
        )
        for k in (0, 1)
    ]
    batches = [
        pair_batches(
            encoders[0].encode_many(part[0]),
            encoders[1].encode_many(part[1]),
            batch_size=config.batch_size,
            **ends_of(encoders[1]),
            max_source_length=config.max_length,
            max_target_length=config.max_length,
            seed=config.seed,
            shuffle=k == 0,
        )
        for k, part in enumerate(sides)
    ]
    val, test = references(parts[1]), references(parts[2])
    return Task(
        (encoders[0], encoders[1]),
        batches[0],
        batches[1],
        list(test),
        list(test.values()),
        list(val),
        list(val.values()),
        [len(part) for part in parts],
        "character" if dates else "word",
    )


def ends_of(encoder: TextEncoder) -> dict[str, Any]:
    """The ids that begin and end a target."""
    return {"bos_id": encoder.vocabulary.bos_id, "eos_id": encoder.vocabulary.eos_id}


def variants(config: Config) -> dict[str, dict[str, Any]]:
    """What each model has its own; the one that was asked for comes first, and is saved."""
    if config.compare == "nothing":
        return {f"{config.attention} attention, {config.termination}": {}}
    own = getattr(config, config.compare)
    kinds = [own, *(kind for kind in COMPARED[config.compare] if kind != own)]
    ending = " attention" if config.compare == "attention" else ""
    return {f"{kind}{ending}".replace("none", "no"): {config.compare: kind} for kind in kinds}


def train(config: Any, task: Task, name: str) -> Trained:
    """One model, trained and scored; nothing in the config is None any more."""
    keras.utils.set_random_seed(config.seed)
    sizes = [len(encoder.vocabulary) for encoder in task.encoders]
    model = EncoderDecoder(
        sizes[0],
        sizes[1],
        config.units,
        cell=config.cell,
        embedding=config.embedding,
        layers=config.layers,
        bidirectional=config.bidirectional,
        context=config.context,
        attention=None if config.attention == "none" else config.attention,
        termination=config.termination,
        max_length=config.max_length,
        dropout=config.dropout,
        word_dropout=config.word_dropout,
        tied=config.tied,
        **ends_of(task.encoders[1]),
    )
    model.build()
    steps = int(task.train.cardinality()) * config.epochs
    print(
        f"{name}: {model.count_params():,} parameters, {steps:,} steps in {config.epochs} epochs."
    )

    every = max(1, config.epochs // 4)
    shown = task.sources[:: max(1, len(task.sources) // SHOWN)][:SHOWN]

    def show(epoch: int, logs: Any) -> None:
        if (epoch + 1) % every == 0:
            pairs = zip(shown, translate(model, task, shown, config), strict=True)
            print("\n".join(f"  {one} → {other}" for one, other in pairs), flush=True)

    fit = fit_next_token(
        model,
        task.train,
        task.validation,
        epochs=config.epochs,
        learning_rate=config.learning_rate,
        clip_norm=config.clip_norm,
        smoothing=config.smoothing,
        verbose=verbosity(),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=show)],
    )

    translations = translate(model, task, task.sources, config)
    tokenizers = [encoder.tokenize for encoder in task.encoders]
    scores = score_translations(
        task.sources, translations, task.references, tokenizers[1], tokenizers[0]
    )
    figures: dict[str, Any] = {
        "parameters": model.count_params(),
        "epochs": fit.epochs,
        "best_epoch": fit.best_epoch,
        "val_perplexity": fit.best("val_perplexity"),
        "test_exact": scores.exact,
        "test_error_rate": scores.error_rate,
        "test_length_error": scores.length_error,
        "seconds": fit.seconds,
    }
    if task.unit == "word":
        figures["test_bleu"] = bleu(translations, task.references)
        figures["test_bleu_one_reference"] = bleu(translations, [o[:1] for o in task.references])
        validated = translate(model, task, task.val_sources, config)
        figures["val_bleu"] = bleu(validated, task.val_references)
    return Trained(model, fit, translations, scores, figures)


def translate(
    model: EncoderDecoder, task: Task, sources: Sequence[str], config: Config
) -> list[str]:
    """The translation of each source that the search finds."""
    search: dict[str, Any] = {"beam": config.beam, "length_penalty": config.length_penalty}
    ids = task.encoders[0].encode_many(sources)
    written = [""] * len(ids)
    for rows in batches([len(one) for one in ids]):
        found = model.translate(padded([ids[row] for row in rows], 0), **search)
        for row, target in zip(rows, found, strict=True):
            written[row] = task.encoders[1].decode(target[target != 0])
    return written


def table(results: dict[str, Trained], task: Task, beam: int) -> str:
    """One line a model, all of them scored on the same sources."""
    words = task.unit == "word"
    lines = [
        f"{len(task.sources):,} test sources, {task.sizes[2] / len(task.sources):.1f} references "
        f"of each, translated by a beam of {beam}:",
        f"{'':28}{'exact':>8}{'errors':>9}{'length off by':>15}{'val perplexity':>16}{'s':>7}"
        + f"{'BLEU':>8}{'BLEU, 1 ref.':>14}{'val BLEU':>10}" * words,
    ]
    for name, one in results.items():
        at = one.figures
        line = (
            f"{name:28}{at['test_exact']:8.1%}{at['test_error_rate']:9.2%}"
            f"{at['test_length_error']:15.3f}{at['val_perplexity'] or float('nan'):16.3f}"
            f"{at['seconds']:7.0f}"
        )
        if words:
            line += f"{at['test_bleu']:8.2f}{at['test_bleu_one_reference']:14.2f}"
            line += f"{at['val_bleu']:10.2f}"
        lines.append(line)
    lines.append(f"errors: {task.unit}s to mend per {task.unit} of the nearest reference.")
    if words:
        lines.append("BLEU by sacrebleu, tokenizer 13a, case kept; 1 ref.: the first of the file.")
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
