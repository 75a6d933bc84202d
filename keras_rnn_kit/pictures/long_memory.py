"""The picture of a task of long memory: who learns it, and in how many steps."""

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_kit.pictures.figure import new_figure

Curve = Sequence[tuple[int, float]]
_ACROSS = 2  # panels beside each other, at most


def plot_validation_errors(
    panels: Mapping[str, Mapping[str, Curve]],
    path: str | os.PathLike[str],
    *,
    error: str,
    trivial: Mapping[str, float],
    goal: Mapping[str, float],
) -> None:
    """Draws validation errors by step: a panel for each length, a line for each cell.

    A broken line is the error of an answer that remembers nothing, a dotted one the goal; where a
    curve ends below it, the task is solved. Errors that are no number are left out.

    Args:
        panels: by title, such as "T = 100"; in it by name the `(step, error)` of each validation.
        path: the PNG to write.
        error: what the error is, for the axis.
        trivial, goal: by title.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    across = min(_ACROSS, max(1, len(panels)))
    down = max(1, math.ceil(len(panels) / across))
    figure = new_figure(5.4 * across + 1.8, 3.6 * down)
    # A color for each name, the same in all panels; more than ten get another stroke as well.
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    styles = {name: (f"C{k % 10}", ("-", "--", ":")[k // 10 % 3]) for k, name in enumerate(names)}
    drawn: dict[str, Any] = {}
    for k, (title, curves) in enumerate(panels.items()):
        axes = figure.add_subplot(down, across, k + 1)
        for name, curve in curves.items():
            points = [(step, value) for step, value in curve if math.isfinite(value)]
            color, stroke = styles[name]
            drawn[name] = axes.plot(
                [step for step, _ in points],
                [value for _, value in points],
                color=color,
                linestyle=stroke,
                marker=".",
                markersize=4,
                linewidth=1.2,
            )[0]
        drawn["remembers nothing"] = axes.axhline(trivial[title], color="0.4", linestyle="--")
        drawn["goal"] = axes.axhline(goal[title], color="0.4", linestyle=":")
        axes.set_yscale("log")
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step")
        if k % across == 0:
            axes.set_ylabel(error)
        axes.set_axisbelow(True)
        axes.grid(alpha=0.3)
    figure.legend(list(drawn.values()), list(drawn), loc="outside right upper", fontsize=8)
    figure.savefig(path, dpi=120)
