"""Pictures of a tagger's marks: what was taken for what, and how much of each is found."""

import os
from typing import Any

import numpy as np

from keras_rnn_kit.class_scores import ClassScores
from keras_rnn_kit.pictures.figure import new_figure


def plot_tagging(
    marks: ClassScores,
    baseline: ClassScores,
    cases: ClassScores,
    path: str | os.PathLike[str],
) -> None:
    """Draws one PNG: F1 by mark beside a baseline's, and the confusions of marks and of cases.

    A row of a confusion is what a word truly has, and adds up to 100%.

    Args:
        marks: the scores of the network's marks.
        baseline: the scores of the baseline's, of the same classes.
        cases: the scores of the network's cases.
        path: of the picture.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(13, 4.2)
    bars, confused, written = figure.subplots(1, 3, width_ratios=(1.1, 1.2, 0.8))
    _draw_f1(bars, marks, baseline)
    _draw_confusion(confused, marks, "Marks (% of each row)")
    _draw_confusion(written, cases, "Capitals (% of each row)")
    figure.savefig(path, dpi=120)


def _draw_f1(axes: Any, network: ClassScores, baseline: ClassScores) -> None:
    chosen = [k for k, count in enumerate(network.support) if count and network.names[k] != "none"]
    places = np.arange(len(chosen))
    for shift, name, scores in ((-0.2, "each word's tag", baseline), (0.2, "network", network)):
        heights = np.nan_to_num(scores.f1[chosen])
        axes.bar(places + shift, heights, 0.4, label=name)
    names = [f"{network.names[k]}\n{network.support[k]:,}" for k in chosen]
    axes.set_xticks(places, names, fontsize=10)
    axes.set_ylim(0, 1)
    axes.set_xlabel("mark, and how many there are")
    axes.set_title("F1 by mark", fontsize=10)
    axes.set_axisbelow(True)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=8)


def _draw_confusion(axes: Any, scores: ClassScores, title: str) -> None:
    chosen = np.flatnonzero(scores.support)
    shares = scores.confusion[chosen] / scores.support[chosen, None]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        if share:
            color = "white" if share > 0.5 else "black"
            text = f"{100 * share:.0f}" if share >= 0.005 else "<1"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    axes.set_xticks(range(len(scores.names)), scores.names)
    axes.set_yticks(range(len(chosen)), [scores.names[k] for k in chosen])
    axes.set_xlabel("called")
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=10)
