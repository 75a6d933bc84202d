"""Trains models that write in the manner of a label: labelled texts → windows → perplexities.

Run it with `python -m recipes.conditional_lm`; `--help` lists the options. The label goes beside
the inputs, into the initial states, or both; a model without it stands beside them. The pieces
live in `keras_rnn_kit.text`, `.data`, `.models` and `.training`.
"""

import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.commands import option, parse, run, starting_quietly, verbosity

with starting_quietly():
    import keras

    from keras_rnn_kit.arguments import positive_integer
    from keras_rnn_kit.data import labelled_windows
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.generation import generate
    from keras_rnn_kit.layers.conditional import CONTEXTS
    from keras_rnn_kit.models import LanguageModel, Score, score_by_label
    from keras_rnn_kit.pictures.perplexity_by_label import plot_perplexity_by_label
    from keras_rnn_kit.runs import save_run
    from keras_rnn_kit.text import TextEncoder
    from keras_rnn_kit.text.by_label import texts_by_label
    from keras_rnn_kit.training.best_fit import BestFit
    from keras_rnn_kit.training.next_token import fit_next_token

TRAIN_SHARE = 0.9  # the first 90% of each label's characters train, the rest validates
NO_LABEL = "none"
PICTURE = "perplexity_by_label.png"


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit four parts of the Python manual on two CPU cores."""

    data: str = option(
        "python-docs", "python-docs, LABEL=FILE,LABEL=FILE, or a folder with a file for each label"
    )
    encoding: str = option("utf-8", "how the files are encoded")
    characters: int = option(36_000, "of each label, at most, so that none outweighs the others")
    units: int = option(128, "width H of the recurrent layer")
    cell: str = option("GRU", "its recurrence: SimpleRNN, GRU, LSTM or another cell")
    layers: int = option(1, "recurrent layers on top of each other")
    embedding: int = option(32, "width E of the tokens' embedding, and of the labels'")
    seq_length: int = option(64, "characters T in a window: gradients reach back so far")
    batch_size: int = option(16, "windows B in a batch")
    epochs: int = option(16, "passes over the texts, for each of the four models")
    learning_rate: float = option(4e-3, "Adam's first step size; it falls to 0 by a cosine")
    clip_norm: float = option(1.0, "largest global norm of the gradient")
    dropout: float = option(0.2, "share of the recurrent layers' outputs dropped")
    prompt: str = option("The ", "what each sample goes on with")
    seed: int = option(0, "of the weights, the windows and the samples")
    out: str = option("runs/conditional_lm", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, measures, writes the run folder; 0, or 1 if one diverged, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    positive_integer("epochs", config.epochs)
    check_free(config.out, config.overwrite)

    texts = texts_by_label(config.data, characters=config.characters, encoding=config.encoding)
    cuts = {label: int(len(text) * TRAIN_SHARE) for label, text in texts.items()}
    encoder = TextEncoder.build([text[: cuts[label]] for label, text in texts.items()])
    train = {label: encoder.encode(text[: cuts[label]]) for label, text in texts.items()}
    validation = {label: encoder.encode(text[cuts[label] :]) for label, text in texts.items()}
    prompt = encoder.encode(config.prompt)
    size = len(encoder.vocabulary)
    sizes = ", ".join(f"{label} {len(text):,}" for label, text in texts.items())
    print(
        f"{config.data}: characters of each label: {sizes}; the last tenth validates. |V| = "
        f"{size}, so a uniform guess has perplexity {size}."
    )
    windows = _windows(config, train, validation)

    started = time.perf_counter()
    models: dict[str, LanguageModel] = {}
    fits: dict[str, BestFit] = {}
    scores: dict[str, dict[str, Score]] = {}
    wrong: dict[str, Score] = {}
    for context in (NO_LABEL, *CONTEXTS):
        model = _model(config, size, None if context == NO_LABEL else context, list(texts))
        print(f"\nLabel: {context}. {model.count_params():,} parameters.", flush=True)
        fits[context] = _fit(config, model, windows)
        models[context], scores[context] = model, score_by_label(model, validation)
        if context != NO_LABEL:
            wrong[context] = _under_wrong_labels(model, validation)
        if fits[context].status:
            break
    totals = {context: _sum(found.values()) for context, found in scores.items()}
    # A loss of windows, each of which begins from its label: of the weights that were kept.
    in_windows = {
        context: math.exp(min(fit.history.get("val_loss", [math.nan])))
        for context, fit in fits.items()
    }
    seconds = time.perf_counter() - started

    labelled = [context for context in scores if context != NO_LABEL]
    best = min(labelled or scores, key=lambda context: totals[context].nats)
    perplexities = {
        context: {label: one.perplexity for label, one in found.items()}
        for context, found in scores.items()
    }
    samples = _samples(config, models[best], encoder, prompt) if labelled else {}
    report = {
        "data": config.data,
        "labels": list(texts),
        "characters": {label: len(text) for label, text in texts.items()},
        "vocabulary_size": size,
        "parameters": {context: model.count_params() for context, model in models.items()},
        "val_perplexities": perplexities,
        "val_perplexity": {context: total.perplexity for context, total in totals.items()},
        "val_perplexity_in_windows": in_windows,
        "wrong_label_perplexity": {context: one.perplexity for context, one in wrong.items()},
        "best_context": best,
        "samples": samples,
        "seconds": seconds,
        "interrupted": any(fit.interrupted for fit in fits.values()),
        "diverged": any(fit.diverged for fit in fits.values()),
        "config": dataclasses.asdict(config),
    }
    files = save_run(
        config.out, models[best], encoder, report, fits[best].history, overwrite=config.overwrite
    )
    files.append(Path(config.out) / PICTURE)
    plot_perplexity_by_label(perplexities, files[-1])
    print("\n" + _table(scores, totals, wrong, in_windows))
    print(f"{seconds:.0f} s for {len(models)} models.")
    for label, text in samples.items():
        print(f"\nIn the manner of {label}, the label given to {best}:\n{text}")
    print("\nWrote " + ", ".join(map(str, files)))
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return max(fit.status for fit in fits.values())


def _windows(config: Config, train: dict[str, Any], validation: dict[str, Any]) -> list[Any]:
    """Training and validation batches."""
    windows = labelled_windows(
        train, batch_size=config.batch_size, seq_length=config.seq_length, seed=config.seed
    )
    # Short texts to validate on make shorter windows, and smaller batches.
    steps = max(1, min(config.seq_length, *(len(ids) - 1 for ids in validation.values())))
    rows = sum((len(ids) - 1) // steps for ids in validation.values())
    rows = max(1, min(config.batch_size, rows))
    return [
        windows,
        labelled_windows(validation, batch_size=rows, seq_length=steps, shuffle=False),
    ]


def _model(config: Config, size: int, context: str | None, labels: list[str]) -> LanguageModel:
    keras.utils.set_random_seed(config.seed)
    of_label: dict[str, Any] = {} if context is None else {"labels": labels, "context": context}
    model = LanguageModel(
        size,
        config.units,
        cell=config.cell,
        embedding=config.embedding,
        layers=config.layers,
        dropout=config.dropout,
        **of_label,
    )
    model.build(model.free_shape)
    return model


def _fit(config: Config, model: LanguageModel, windows: list[Any]) -> BestFit:
    """Trains the model, and leaves it with its best weights."""
    if model.labels is None:
        windows = [part.map(lambda inputs, targets: (inputs[0], targets)) for part in windows]
    return fit_next_token(
        model,
        *windows,
        epochs=config.epochs,
        learning_rate=config.learning_rate,
        clip_norm=config.clip_norm,
        verbose=verbosity(),
    )


def _under_wrong_labels(model: LanguageModel, texts: dict[str, Any]) -> Score:
    """Each text under the label after its own."""
    names = list(texts)
    others = dict(zip(names, [*names[1:], names[0]], strict=True))
    return _sum(score_by_label(model, texts, under=others).values())


def _sum(scores: Any) -> Score:
    found = list(scores)
    return Score(math.fsum(one.nats for one in found), sum(one.tokens for one in found))


def _samples(
    config: Config, model: LanguageModel, encoder: TextEncoder, prompt: Any
) -> dict[str, str]:
    """What the model writes under each label, after the same prompt."""
    specials = range(len(encoder.vocabulary.specials))
    how: dict[str, Any] = {"temperature": 0.7, "seed": config.seed, "forbidden": specials}
    samples = {}
    for label in model.labels or ():
        states = model.initial_states(1, label)
        ids = generate(model.step, prompt, 200, states=states, **how)
        samples[label] = config.prompt + encoder.decode(ids[0])
    return samples


def _table(
    scores: dict[str, dict[str, Score]],
    totals: dict[str, Score],
    wrong: dict[str, Score],
    in_windows: dict[str, float],
) -> str:
    """A line for each way to give the label, a column for each label."""
    labels = list(scores[NO_LABEL])
    width = max(9, *(len(label) + 2 for label in labels))
    lines = [
        "Perplexity of each label's last tenth, every character counted once, state carried along:",
        f"{'label':10}"
        + "".join(f"{name:>{width}}" for name in [*labels, "all"])
        + f"{'wrong label':>13}{'in windows':>12}",
    ]
    for context, found in scores.items():
        row = [*(found[label] for label in labels), totals[context]]
        line = f"{context:10}" + "".join(f"{one.perplexity:{width}.2f}" for one in row)
        line += f"{wrong[context].perplexity:13.2f}" if context in wrong else 13 * " "
        lines.append(line + f"{in_windows[context]:12.2f}")
    lines.append(
        '"wrong label": all texts, each under the label after its own. "in windows": in windows '
        "that begin anew from their label."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
