"""Trains a character language model: text → windows → `model.fit` → perplexity and a sample.

Run it with `python -m recipes.char_lm`; `--help` lists the options. The pieces live in
`keras_rnn_kit.text`, `.data`, `.models` and `.training`.
"""

import dataclasses
import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from keras_rnn_kit.commands import option, parse, run, starting_quietly
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
    from keras_rnn_kit.text import Corpus, NGramModel, TextEncoder, is_corpus, load_text
    from keras_rnn_kit.training import (
        BestWeights,
        GradientClipping,
        PerplexityLogs,
        ResetStates,
        SampleText,
        StopOnInterrupt,
        StopOnNaN,
    )

TRAIN_SHARE = 0.9  # the first 90% of the characters train, the rest validates
SCORED = 1_000_000  # tokens of a corpus on disk that the final figures are measured on, at most


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
    orders = _orders(config.baseline)
    check_free(config.out, config.overwrite)
    keras.utils.set_random_seed(config.seed)

    on_disk = is_corpus(config.data)
    make_windows: Callable[..., Any] = corpus_windows if on_disk else language_model_windows
    train_ids: Any  # a vector, or a range of a corpus
    val_ids: Any
    if on_disk:
        if orders:
            raise KitError(
                "--baseline counts the n-grams of a text in memory; received the corpus "
                f"{config.data}. Leave it out, or give a text file."
            )
        corpus = Corpus.open(config.data)
        characters, encoder = corpus.index.characters, corpus.encoder
        train_ids, val_ids = corpus.split(TRAIN_SHARE)
        scored_ids = val_ids.ids(0, min(len(val_ids), SCORED))
        prompt = encoder.decode(scored_ids[:20])
    else:
        text = load_text(config.data, encoding=config.encoding)
        cut = int(len(text) * TRAIN_SHARE)
        characters, encoder = len(text), TextEncoder.build([text[:cut]])
        train_ids, val_ids = encoder.encode(text[:cut]), encoder.encode(text[cut:])
        scored_ids, prompt = val_ids, text[cut : cut + 20]
    token = "token" if on_disk else "character"
    size = len(encoder.vocabulary)
    print(
        f"{config.data}: {characters:,} characters, {len(train_ids):,} {token}s to train and "
        f"{len(val_ids):,} to validate; |V| = {size}, so a uniform guess has perplexity {size}."
    )

    shape = {"batch_size": config.batch_size, "seq_length": config.seq_length}
    stateful = config.partition == "sequential"
    windows = make_windows(
        train_ids,
        **shape,
        partition=config.partition,
        offset="random" if stateful else 0,
        seed=config.seed,
    )
    # A short validation text makes smaller batches; a stateful model wants the very same shape.
    if not stateful:
        shape["seq_length"] = min(config.seq_length, max(1, len(val_ids) - 1))
        shape["batch_size"] = min(
            config.batch_size, max(1, (len(val_ids) - 1) // shape["seq_length"])
        )
    val_windows = make_windows(val_ids, **shape, partition="sequential")
    ngrams = {f"{n}-gram": NGramModel.fit(train_ids, n, size).score(val_ids) for n in orders}

    model = LanguageModel(
        size,
        config.units,
        cell=config.cell,
        embedding=config.embedding or None,
        layers=config.layers,
        dropout=config.dropout,
        stateful=stateful,
    )
    model.build((config.batch_size, config.seq_length))
    steps = int(windows.cardinality()) * config.epochs
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    print(f"{model.count_params():,} parameters, {steps:,} steps in {config.epochs} epochs.")

    best, diverged, interrupt = BestWeights("val_loss"), StopOnNaN(), StopOnInterrupt()
    callbacks = [
        GradientClipping(config.clip_norm),
        PerplexityLogs(),
        diverged,
        best,
        interrupt,
        SampleText(encoder, prompt, length=100, every=max(1, config.epochs // 4)),
    ]
    started = time.perf_counter()
    history = model.fit(
        windows,
        validation_data=val_windows,
        epochs=config.epochs,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[*callbacks, *([ResetStates()] if stateful else [])],
    )
    seconds = time.perf_counter() - started
    trained = int(model.optimizer.iterations) * config.batch_size * config.seq_length
    best.restore()

    model = inference_copy(model)
    result = score(model, scored_ids)
    uniform = Score(result.tokens * math.log(size), result.tokens)
    baselines = {"uniform": uniform, **ngrams} if ngrams else {}
    report = {
        "data": config.data,
        "characters": characters,
        "vocabulary_size": size,
        "parameters": model.count_params(),
        "epochs": best.epochs,
        "best_epoch": best.epoch,
        "train_loss_nats": _last(history.history.get("loss")),
        "val_loss_nats": result.loss,
        "val_perplexity": result.perplexity,
        "val_bits_per_character": result.bits_per_token,
        "baseline_val_perplexities": {name: each.perplexity for name, each in baselines.items()},
        "characters_per_second": trained / seconds,
        "seconds": seconds,
        "interrupted": interrupt.interrupted,
        "diverged": diverged.diverged,
        "config": dataclasses.asdict(config),
    }
    files = save_run(
        config.out, model, encoder, report, history.history, overwrite=config.overwrite
    )
    print(
        f"Validation, each of {result.tokens:,} {token}s counted once, state carried along: "
        f"{result.loss:.3f} nats, perplexity {result.perplexity:.2f} (uniform: {size}), "
        f"{result.bits_per_token:.3f} bits per {token}."
    )
    if baselines:
        print(_table({**baselines, config.cell: result}))
    print(
        f"{report['characters_per_second']:,.0f} {token}s/s over {seconds:.0f} s, validation "
        "included."
    )
    specials = range(len(encoder.vocabulary.specials))
    ids = generate(
        model.step,
        encoder.encode(prompt),
        300,
        temperature=0.7,
        seed=config.seed,
        forbidden=specials,
    )
    print(f"Sample:\n{prompt}{encoder.decode(ids[0])}\n")
    print("Wrote " + ", ".join(map(str, files)))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return 130 if interrupt.interrupted else int(diverged.diverged)


def _orders(given: str | None) -> list[int]:
    """The orders in "1,2,3,5"; none where no baseline is asked for."""
    parts = [part.strip() for part in given.split(",")] if given else []
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise KitError(
            f"--baseline must be whole numbers of 1 or more with commas between them; received "
            f"{given!r}. Pass e.g. --baseline 1,2,3,5."
        )
    return [int(part) for part in parts]


def _table(scores: dict[str, Score]) -> str:
    """One line a model, all of them scored on the same characters."""
    lines = [
        "On these characters, beside n-grams of the training part (Kneser-Ney smoothing):",
        f"{'':20}{'perplexity':>12}{'bits':>9}{'nats':>9}",
    ]
    for name, each in scores.items():
        lines.append(f"{name:20}{each.perplexity:12.2f}{each.bits_per_token:9.3f}{each.loss:9.3f}")
    return "\n".join(lines)


def _last(values: list[float] | None) -> float | None:
    """The last epoch's value; JSON can't spell NaN."""
    return values[-1] if values and math.isfinite(values[-1]) else None


if __name__ == "__main__":
    run(main)
