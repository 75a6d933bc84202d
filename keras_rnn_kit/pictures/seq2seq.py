"""The picture of translations: how their errors grow with the length of the source."""

import os
from collections.abc import Mapping
from typing import Any

from keras_rnn_kit.pictures.figure import new_figure
from keras_rnn_kit.text.translation_scores import TranslationScores


def plot_errors_by_length(
    scores: Mapping[str, TranslationScores], path: str | os.PathLike[str], unit: str = "token"
) -> None:
    """Draws token errors and exact matches by the length of the source, a line for each model.

    Where lengths are many, neighbors that hold few sources are put together; gray bars show how
    many sources each point stands for.

    Args:
        scores: by the name of the model; all of the same sources.
        path: of the PNG.
        unit: what the tokens are, such as "word".

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(9.5, 3.6)
    from matplotlib.ticker import PercentFormatter

    panels = figure.subplots(1, 2)
    first = next(iter(scores.values()))
    bins = _bins({length: count for length, (_, _, count) in first.by_length.items()})
    for axes, column, title in (
        (panels[0], 1, f"{unit.capitalize()}s to mend, per {unit} of the reference"),
        (panels[1], 0, "Translations that are one of the references"),
    ):
        _draw_counts(axes, first, bins)
        for name, each in scores.items():
            points = [_mean(each, group, column) for group in bins]
            at = [_middle(first, group) for group in bins]
            axes.plot(at, points, marker="o", markersize=4, label=name)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(f"length of the source ({unit}s)")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_ylim(0, max(0.01, axes.get_ylim()[1]))  # also where there are no errors at all
        axes.grid(alpha=0.3)
    panels[1].set_ylim(0, 1.03)
    if len(scores) > 1:
        panels[0].legend(fontsize=8)
    figure.savefig(path, dpi=120)


def _bins(counts: Mapping[int, int], most: int = 12) -> list[list[int]]:
    """The lengths in groups that hold a share of the sources, as near to even as they come."""
    if len(counts) <= most:
        return [[length] for length in counts]
    wanted = sum(counts.values()) / most
    bins: list[list[int]] = [[]]
    held = 0
    for length, count in counts.items():
        if bins[-1] and held >= wanted:
            bins.append([])
            held = 0
        bins[-1].append(length)
        held += count
    return bins


def _mean(scores: TranslationScores, group: list[int], column: int) -> float:
    """The mean over the sources of some lengths; errors weigh by source, not by token."""
    chosen = [scores.by_length[length] for length in group]
    return sum(one[column] * one[2] for one in chosen) / sum(one[2] for one in chosen)


def _middle(scores: TranslationScores, group: list[int]) -> float:
    counts = [scores.by_length[length][2] for length in group]
    return sum(n * length for n, length in zip(counts, group, strict=True)) / sum(counts)


def _draw_counts(axes: Any, scores: TranslationScores, bins: list[list[int]]) -> None:
    counts = [sum(scores.by_length[length][2] for length in group) for group in bins]
    behind = axes.twinx()
    left = [group[0] - 0.4 for group in bins]
    width = [group[-1] - group[0] + 0.8 for group in bins]
    behind.bar(left, counts, width, align="edge", color="0.9", zorder=0)
    behind.set_ylabel("sources", color="0.6", fontsize=8)
    behind.tick_params(axis="y", labelsize=7, colors="0.6")
    behind.set_ylim(0, 3 * max(counts))
    axes.set_zorder(behind.get_zorder() + 1)
    axes.patch.set_visible(False)
