"""A bar for each of several models: its perplexity on one text."""

import os
from collections.abc import Mapping

from keras_rnn_kit.pictures.figure import new_figure


def plot_perplexities(
    perplexities: Mapping[str, float],
    path: str | os.PathLike[str],
    *,
    title: str,
    beside: str | None = None,
) -> None:
    """Draws one PNG: a bar for each name, from 1, which is certainty, with its value at the end.

    Args:
        perplexities: by name, in the order from top to bottom.
        path: of the picture.
        title: above the bars: what is compared on what.
        beside: the name whose value is a line through all bars, so that each can be held to it.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    names, values = list(perplexities), list(perplexities.values())
    figure = new_figure(7.5, 1.3 + 0.38 * len(names))
    axes = figure.add_subplot()
    colors = ["0.6" if name == beside else "C0" for name in names]
    bars = axes.barh(names, [value - 1 for value in values], left=1, color=colors, height=0.65)
    if beside is not None:
        axes.axvline(perplexities[beside], color="0.4", linestyle="--", linewidth=1, zorder=2)
    labels = [f"{value:.2f}" for value in values]
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.bar_label(bars, labels, padding=4, fontsize=9, bbox=behind, zorder=3)
    axes.invert_yaxis()
    axes.set_xlim(1, 1 + 1.12 * (max(values) - 1))
    axes.set_xlabel("perplexity (1 is certainty)")
    axes.set_title(title, fontsize=10)
    axes.set_axisbelow(True)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
