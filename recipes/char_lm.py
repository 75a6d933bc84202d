"""Trains a character language model: text → windows → `model.fit` → perplexity and a sample.

Run it with `python -m recipes.char_lm`; `--help` lists the options. The pieces live in
`keras_rnn_kit.text`, `.data`, `.models` and `.training`.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from keras_rnn_kit.commands import option, parse, run, starting_quietly, verbosity, whole_numbers
from keras_rnn_kit.errors import KitError

with starting_quietly():
    import keras

    from keras_rnn_kit.arguments import positive_integer
    from keras_rnn_kit.data import corpus_windows, language_model_windows
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.generation import generate
    from keras_rnn_kit.models import LanguageModel, Score, score
    from keras_rnn_kit.models.copying import inference_copy
    from keras_rnn_kit.runs import save_run
    from keras_rnn_kit.text import NGramModel, is_corpus
    from keras_rnn_kit.text.held_out import HeldOutText, held_out_text
    from keras_rnn_kit.training import ResetStates, SampleText
    from keras_rnn_kit.training.best_fit import BestFit
    from keras_rnn_kit.training.next_token import fit_next_token


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit the Python manual on two CPU cores."""

    data: str = option(
        "python-docs", "python-docs, a text file or folder, tfds:NAME, or a prepared corpus"
    )
    encoding: str = option("utf-8", "how the files are encoded")
    units: int = option(256, "width H of the recurrent layer")
    cell: str = option("SimpleRNN", "its recurrence: SimpleRNN, GRU, LSTM or another cell")
    layers: int = option(1, "recurrent layers on top of each other")
    embedding: int = option(64, "width E of the embedding; 0 for one-hot vectors")
    seq_length: int = option(100, "characters T in a window: gradients reach back so far")
    batch_size: int = option(64, "windows B in a batch")
    epochs: int = option(12, "passes over the text")
    learning_rate: float = option(2e-3, "Adam's first step size; it falls to 0 by a cosine")
    clip_norm: float = option(1.0, "largest global norm of the gradient")
    dropout: float = option(0.1, "share of the recurrent layers' outputs dropped")
    partition: Literal["random", "sequential"] = option(
        "random", "random windows, or sequential ones with the state carried on"
    )
    direction: Literal["forward", "backward"] = option(
        "forward", "the text as it is, or reversed in time: each character from those behind it"
    )
    compare: Literal["nothing", "partition", "direction"] = option(
        "nothing", "train with the other partition or direction too, and set both in one table"
    )
    baseline: str | None = option(
        None, "orders of n-gram models to set beside the network, such as 1,2,3,5"
    )
    seed: int = option(0, "of the weights, the windows and the sample")
    out: str = option("runs/char_lm", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, measures, writes the run folder; 0, or 1 if it diverged, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    positive_integer("epochs", config.epochs)
    orders = whole_numbers("--baseline", config.baseline) if config.baseline else []
    check_free(config.out, config.overwrite)
    if orders and is_corpus(config.data):
        raise KitError(
            "--baseline counts the n-grams of a text in memory; received the corpus "
            f"{config.data}. Leave it out, or give a text file."
        )
    text = held_out_text(config.data, encoding=config.encoding)
    read = {"forward": text}
    if "backward" in (config.direction, _other(config).direction):
        read["backward"] = text.turned()
    print(text.describe())
    token, size = text.token, len(text.encoder.vocabulary)
    text = read[config.direction]
    ngrams = {
        f"{n}-gram": NGramModel.fit(text.train_ids, n, size).score(text.val_ids) for n in orders
    }

    model, result, fit = train(config, text)
    trained, fits = {_name(config): result}, [fit]
    if config.compare != "nothing" and not fit.status:
        other = _other(config)
        print(f"\nNow with --{config.compare} {getattr(other, config.compare)}:")
        _, trained[_name(other)], fit = train(other, read[other.direction])
        fits.append(fit)
    uniform = Score(result.tokens * math.log(size), result.tokens)
    baselines = {"uniform": uniform, **ngrams} if ngrams else {}
    figures = fits[0].figures()
    report = {
        "data": config.data,
        "characters": text.characters,
        "vocabulary_size": size,
        "parameters": model.count_params(),
        **figures,
        "val_loss_nats": result.loss,
        "val_perplexity": result.perplexity,
        "val_bits_per_character": result.bits_per_token,
        "baseline_val_perplexities": {name: each.perplexity for name, each in baselines.items()},
        "compared": {
            name: {"val_perplexity": each.perplexity, "steps": fit.steps}
            for (name, each), fit in zip(trained.items(), fits, strict=True)
            if len(trained) > 1
        },
        "characters_per_second": fits[0].steps
        * config.batch_size
        * config.seq_length
        / fits[0].seconds,
        "config": dataclasses.asdict(config),
    }
    files = save_run(
        config.out, model, text.encoder, report, fits[0].history, overwrite=config.overwrite
    )
    print(
        f"Validation, each of {result.tokens:,} {token}s counted once, state carried along: "
        f"{result.loss:.3f} nats, perplexity {result.perplexity:.2f} (uniform: {size}), "
        f"{result.bits_per_token:.3f} bits per {token}."
    )
    if len({*baselines, *trained}) > 1:
        print(_table({**baselines, **trained}))
    print(
        f"{report['characters_per_second']:,.0f} {token}s/s over {fits[0].seconds:.0f} s, "
        "validation included."
    )
    print(f"Sample:\n{sample(model, text, config.seed)}\n")
    print("Wrote " + ", ".join(map(str, files)))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return max(fit.status for fit in fits)


def train(config: Config, text: HeldOutText) -> tuple[LanguageModel, Score, BestFit]:
    """One model of the text, in the order in which its ids come: trained, and scored."""
    keras.utils.set_random_seed(config.seed)
    make_windows: Callable[..., Any] = corpus_windows if text.on_disk else language_model_windows
    shape = {"batch_size": config.batch_size, "seq_length": config.seq_length}
    stateful = config.partition == "sequential"
    windows = make_windows(
        text.train_ids,
        **shape,
        partition=config.partition,
        offset="random" if stateful else 0,
        seed=config.seed,
    )
    # A short validation text makes smaller batches; a stateful model wants the very same shape.
    if not stateful:
        predicted = max(1, len(text.val_ids) - 1)
        shape["seq_length"] = min(config.seq_length, predicted)
        shape["batch_size"] = min(config.batch_size, max(1, predicted // shape["seq_length"]))
    model = LanguageModel(
        len(text.encoder.vocabulary),
        config.units,
        cell=config.cell,
        embedding=config.embedding or None,
        layers=config.layers,
        dropout=config.dropout,
        stateful=stateful,
    )
    model.build((config.batch_size, config.seq_length))
    steps = int(windows.cardinality()) * config.epochs
    print(f"{model.count_params():,} parameters, {steps:,} steps in {config.epochs} epochs.")
    callbacks: list[Any] = [ResetStates()] if stateful else []
    if not text.backward:  # whose samples would be written from their end
        every = max(1, config.epochs // 4)
        callbacks.append(SampleText(text.encoder, text.prompt, length=100, every=every))
    fit = fit_next_token(
        model,
        windows,
        make_windows(text.val_ids, **shape, partition="sequential"),
        epochs=config.epochs,
        learning_rate=config.learning_rate,
        clip_norm=config.clip_norm,
        verbose=verbosity(),
        callbacks=callbacks,
    )
    model = inference_copy(model)
    return model, score(model, text.scored_ids), fit


def sample(model: LanguageModel, text: HeldOutText, seed: int) -> str:
    """The prompt and 300 tokens after it; of a text reversed in time, 300 tokens before it."""
    encoder, order = text.encoder, -1 if text.backward else 1
    ids = generate(
        model.step,
        encoder.encode(text.prompt)[::order],
        300,
        temperature=0.7,
        seed=seed,
        forbidden=range(len(encoder.vocabulary.specials)),
    )
    parts = [text.prompt, encoder.decode(ids[0][::order])]
    return "".join(parts[::order])


def _other(config: Config) -> Config:
    """The same but for what `compare` names."""
    if config.compare == "nothing":
        return config
    pairs = {"partition": ("random", "sequential"), "direction": ("forward", "backward")}
    first, second = pairs[config.compare]
    chosen = second if getattr(config, config.compare) == first else first
    changed: dict[str, Any] = {config.compare: chosen}
    return dataclasses.replace(config, **changed)


def _name(config: Config) -> str:
    """What a model is called in the table: its cell, and what is compared."""
    if config.compare == "nothing":
        return config.cell
    return f"{config.cell}, {getattr(config, config.compare)}"


def _table(scores: dict[str, Score]) -> str:
    """One line a model, all of them scored on the same characters."""
    lines = [
        "On these characters; n-grams are of the training part (Kneser-Ney smoothing):"
        if "uniform" in scores
        else "On these characters:",
        f"{'':24}{'perplexity':>12}{'bits':>9}{'nats':>9}",
    ]
    for name, each in scores.items():
        lines.append(f"{name:24}{each.perplexity:12.2f}{each.bits_per_token:9.3f}{each.loss:9.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
