"""The page that `cells.py` writes, from what it measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.timing import table

DIVERGED = "diverged"

_PAGE = """\
# The cells, measured

Written by `python -m benchmarks.cells --text PATH`; change nothing by hand. Each line is one \
cell, in the layer that is named for it.

{table}
{missing}
How to read it:

- **parameters**: of the layer at E = H = {width}.
- **kit ms**, **Keras ms**: one step of the layer alone, forward and backward, at (B, T, E, H) = \
({shape}). Keras is the very same cell in `keras.layers.RNN`, in a `tf.function`. Medians of \
{rounds} rounds by turns in one process, as `benchmarks/NOTES.md` says. **Keras / kit** is what to \
read: milliseconds are this machine's.
- **adding problem**: the mean squared error on {validation:,} new sequences of length {length}, \
two marked numbers of which are to be added, after {adding_steps:,} steps of {adding_batch} \
sequences, with {adding_units} units. 0.167 is the error of always answering 1: a cell near it \
does not look back that far, or not yet.
- **nats**: per character, of a character language model on {text}, whose first {train_share:.0%} \
train and whose others are asked for, after {model_steps:,} steps of {model_batch} windows of \
{window} characters; the state is zero at the beginning of each. Lower is better. The **units** \
make every recurrent layer as large as the others, about {wanted:,} parameters (**layer**), on an \
embedding of {embedding}; the output layer grows with the units.
- **{diverged}**: the loss became infinite or no number.

The settings are the same for all cells and tuned for none: each cell's default arguments, Adam \
with the learning rates {adding_rate:g} (adding problem) and {model_rate:g} (language model), \
gradients clipped at the norm {clip:g}, one seed, a short training. A cell that does badly here \
may do well with settings of its own, and a small difference between two lines may be another \
seed's. `OutputFeedbackRNN` runs free, on its own outputs, in training too.

{machine}
"""


def cells_page(
    settings: Mapping[str, Any],
    lines: Mapping[str, Mapping[str, Any]],
    missing: Sequence[str],
    machine: Mapping[str, Any],
) -> str:
    """The page as Markdown: `lines` by cell, in their order; `missing` cells have none yet."""
    timing, adding, model = (settings[key] for key in ("timing", "adding", "model"))
    text = settings["text"]
    versions = machine["versions"]
    named = ", ".join(f"{name} {versions[name]}" for name in ("tensorflow", "keras", "python"))
    return _PAGE.format(
        table=lines_table(lines),
        missing=f"\nNot measured yet: {', '.join(missing)}.\n" if missing else "",
        width=settings["width"],
        shape=timing["shape"],
        rounds=timing["rounds"],
        validation=adding["validation"],
        length=adding["length"],
        adding_steps=adding["steps"],
        adding_batch=adding["batch_size"],
        adding_units=adding["units"],
        adding_rate=adding["learning_rate"],
        text=f"`{text['name']}`" if text else "a text (none was given)",
        train_share=model["train_share"],
        model_steps=model["steps"],
        model_batch=model["batch_size"],
        window=model["seq_length"],
        wanted=model["parameters"],
        embedding=model["embedding"],
        model_rate=model["learning_rate"],
        clip=model["clip_norm"],
        diverged=DIVERGED,
        machine=f"Taken on {machine['cores']} cores ({machine['processor']}), {named}.",
    )


def lines_table(lines: Mapping[str, Mapping[str, Any]]) -> str:
    """A line a cell."""
    header = ["cell", "parameters", "kit ms", "Keras ms", "Keras / kit", "adding problem"]
    header += ["nats", "units", "layer"]
    rows = []
    for name, line in lines.items():
        model = line["language_model"]
        of_model: list[object] = [None, None, None]
        if model is not None:
            of_model = [_score(model["nats"], 3), model["units"], f"{model['parameters']:,}"]
        rows.append(
            [
                f"`{name}`",
                f"{line['parameters']:,}",
                line["ms"]["kit"],
                line["ms"]["Keras"],
                line["ratio"],
                _score(line["adding_problem"], 4),
                *of_model,
            ]
        )
    return table(rows, header)


def _score(score: float | None, digits: int) -> str:
    return DIVERGED if score is None else f"{score:.{digits}f}"
