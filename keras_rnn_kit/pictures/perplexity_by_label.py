"""The picture of conditional models: a perplexity for each label and context."""

import os
from collections.abc import Mapping

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.pictures.figure import new_figure

_WIDTH = 0.8  # of a label's bars together
_WIDE = 8  # largest by smallest bar, above which the axis is logarithmic


def plot_perplexity_by_label(
    perplexities: Mapping[str, Mapping[str, float]], path: str | os.PathLike[str]
) -> None:
    """Draws a group of bars for each label, one bar a model, its perplexity above it.

    The axis is logarithmic where the perplexities lie far from each other.

    Args:
        perplexities: by the model's name and the label.
        path: the PNG to write.

    Raises:
        KitError: there is nothing to draw, the models have other labels than each other, or
            matplotlib is missing; then it names the extra that brings it.
    """
    labels = [list(of_labels) for of_labels in perplexities.values()]
    if not labels or not labels[0] or any(names != labels[0] for names in labels):
        raise KitError(
            f"perplexities must be of one model or more, all of the same labels; received {labels}."
            " Pass {model: {label: perplexity}}."
        )
    groups, models = len(labels[0]), len(perplexities)
    figure = new_figure(max(4.5, 1.5 + 0.5 * groups * models), 3.6)
    axes = figure.add_subplot()
    width = _WIDTH / models
    for k, (model, of_labels) in enumerate(perplexities.items()):
        places = [group - _WIDTH / 2 + (k + 0.5) * width for group in range(groups)]
        color = "0.6" if k == 0 else f"C{k - 1}"
        bars = axes.bar(places, list(of_labels.values()), 0.92 * width, color=color, label=model)
        axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=1)
    axes.set_xticks(range(groups), labels[0])
    axes.set_ylabel("perplexity")
    axes.set_axisbelow(True)
    axes.grid(axis="y", alpha=0.3)
    axes.margins(y=0.1)
    found = [value for of_labels in perplexities.values() for value in of_labels.values()]
    if max(found) > _WIDE * min(found):
        axes.set_yscale("log")
        axes.set_ylim(bottom=1)  # certainty
        axes.yaxis.set_major_formatter("{x:g}")
    figure.legend(loc="outside right upper", title="label", fontsize=8, title_fontsize=8)
    figure.savefig(path, dpi=120)
