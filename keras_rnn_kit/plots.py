"""Pictures of a training run."""

import os
from collections.abc import Mapping, Sequence

from keras_rnn_kit.errors import KitError

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
    try:
        from matplotlib.figure import Figure  # draws without a display, and without global state
        from matplotlib.ticker import MaxNLocator
    except ImportError as error:
        raise KitError(
            f"pictures need matplotlib; received {error}. Run `pip install keras-rnn-kit[train]`."
        ) from error
    names = [name for name in _LABELS if history.get(name)]
    figure = Figure(figsize=(4.2 * max(1, len(names)), 3.2), layout="constrained")
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
