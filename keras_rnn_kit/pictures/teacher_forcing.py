"""A picture of exposure bias: the error of networks that run free, by step."""

import os
from collections.abc import Mapping, Sequence

from keras_rnn_kit.pictures.figure import new_figure


def plot_errors_by_step(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    path: str | os.PathLike[str],
    *,
    mean: float,
) -> None:
    """Draws one PNG: a panel for each network, in it a line for each way of training.

    Args:
        panels: by network and way of training, the root mean squared error of each step.
        path: of the picture.
        mean: the error of always answering the mean of the series.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(5 * max(1, len(panels)), 3.8)
    grid = figure.subplots(1, max(1, len(panels)), squeeze=False, sharey=True)
    for (network, lines), axes in zip(panels.items(), grid[0], strict=False):
        axes.axhline(mean, color="0.5", linestyle=":", linewidth=1, label="always the mean")
        for name, errors in lines.items():
            axes.plot(range(1, len(errors) + 1), errors, linewidth=1.2, label=name)
        axes.set_title(network, fontsize=10)
        axes.set_xlabel("steps ahead, running free")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    grid[0, 0].set_ylabel("root mean squared error")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=8)
    figure.savefig(path, dpi=120)
