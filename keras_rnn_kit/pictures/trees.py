"""A picture of what a tree changes beside a chain, by the number of leaves."""

import os
from collections.abc import Mapping, Sequence

from keras_rnn_kit.pictures.figure import new_figure

_PANELS = {
    "depth": "steps from the first leaf to the root",
    "milliseconds": "forward and backward (ms)",
    "gradient": "gradient at the first leaf, norm",
}


def plot_trees(
    lengths: Sequence[int],
    figures: Mapping[str, Mapping[str, Sequence[float]]],
    path: str | os.PathLike[str],
) -> None:
    """Draws depth, time and the first leaf's gradient by the number of leaves, as one PNG.

    `figures` has, for each structure, a value for each of `lengths` under `depth`, `milliseconds`
    and `gradient`. A gradient of 0, which a logarithmic axis can't show, is left out.

    Raises `KitError` where matplotlib is missing, naming the extra that brings it.
    """
    figure = new_figure(4.2 * len(_PANELS), 3.4)
    for k, (name, title) in enumerate(_PANELS.items()):
        axes = figure.add_subplot(1, len(_PANELS), k + 1)
        for structure, values in figures.items():
            points = [(x, y) for x, y in zip(lengths, values[name], strict=True) if y > 0]
            axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=structure)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("leaves T")
        axes.set_title(title, fontsize=10)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
