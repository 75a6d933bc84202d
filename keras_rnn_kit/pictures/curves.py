"""The curves of a training run, by epoch."""

import os
from collections.abc import Mapping, Sequence

from keras_rnn_kit.pictures.figure import new_figure

_LABELS = {
    "loss": "loss (nats)",
    "perplexity": "perplexity",
    "accuracy": "accuracy",
    "gradient_norm": "gradient norm before clipping",
}


def plot_curves(history: Mapping[str, Sequence[float]], path: str | os.PathLike[str]) -> None:
    """Draws each known figure of `model.fit(...).history` by epoch, training beside validation.

    Raises `KitError` where matplotlib is missing, naming the extra that brings it.
    """
    names = [name for name in _LABELS if history.get(name)]
    figure = new_figure(4.2 * max(1, len(names)), 3.2)
    from matplotlib.ticker import MaxNLocator

    for k, name in enumerate(names):
        axes = figure.add_subplot(1, len(names), k + 1)
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if history.get(key):
                epochs = range(1, len(history[key]) + 1)
                axes.plot(epochs, history[key], marker="o", markersize=3, label=label)
        axes.set_xlabel("epoch")
        axes.set_title(_LABELS[name], fontsize=10)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        if f"val_{name}" in history:
            axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
