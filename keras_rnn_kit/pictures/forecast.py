"""Pictures of forecasts: beside the series, by the steps ahead, and their errors."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.forecasts import Forecast
from keras_rnn_kit.pictures.figure import new_figure

_LAST = {"color": "0.6", "linewidth": 0.6}
_TALLEST = 2.5  # times the largest error of a baseline: an error that runs away is cut off there


def plot_forecasts(
    series: np.ndarray,
    train: int,
    window: int,
    ahead: Mapping[str, np.ndarray],
    multistep: Mapping[str, np.ndarray],
    steps: Sequence[int],
    intervals: Mapping[str, Forecast],
    path: str | os.PathLike[str],
) -> None:
    """Draws one PNG: a row for each model, and one for the intervals.

    On the left a model's forecasts one step ahead, and those from the end of the training part on,
    which go on from themselves; on the right its forecasts k steps ahead.

    Args:
        series: `[T]`.
        train: how many points were trained on.
        window: τ, so that the first forecast is made after point τ − 1.
        ahead: by model, what was forecast after each point from τ − 1 on, `[N, h]`.
        multistep: by model, what was forecast after the training part, `[T − train]`.
        steps: the k that are drawn.
        intervals: by model, what was forecast after the training part, `[k, 1]`.
        path: of the picture.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    rows = len(ahead) + bool(intervals)
    figure = new_figure(13, 3 * rows)
    grid = figure.subplots(rows, 2, squeeze=False, sharex=False)
    time = np.arange(len(series))
    for (name, forecasts), (left, right) in zip(ahead.items(), grid, strict=False):
        for axes in (left, right):
            axes.plot(time, series, **_LAST)
            axes.axvline(train - 0.5, color="k", linestyle=":", linewidth=1)
        at = _places(forecasts, window, 1, len(series))
        left.plot(at, forecasts[: len(at), 0], color="C0", linewidth=0.8, label="1 step ahead")
        future = multistep[name]
        label = "multistep, from itself"
        left.plot(train + np.arange(len(future)), future, color="C3", linewidth=1.5, label=label)
        left.set_title(f"{name}: one step, and on from the end of training", fontsize=10)
        for n, k in enumerate(steps):
            at = _places(forecasts, window, k, len(series))
            label = f"{k} step{'s' if k > 1 else ''} ahead"
            right.plot(at, forecasts[: len(at), k - 1], color=f"C{n}", linewidth=0.9, label=label)
        right.set_title(f"{name}: k steps ahead", fontsize=10)
    for (name, made), axes in zip(intervals.items(), grid[-1], strict=False):
        _draw_interval(axes, series, train, name, made)
    low, high = np.nanmin(series), np.nanmax(series)
    margin = 0.1 * (high - low)
    for axes in grid.flat:
        if not axes.lines:  # a row of intervals with one alone
            axes.set_axis_off()
            continue
        # A forecast that runs away must not flatten all the others.
        axes.set_ylim(low - margin, high + margin)
        axes.set_xlabel("time step")
        axes.set_axisbelow(True)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="lower left")
    figure.savefig(path, dpi=110)


def plot_errors(
    errors: Mapping[str, np.ndarray], path: str | os.PathLike[str], *, marked: Sequence[int] = ()
) -> None:
    """Draws the root mean squared error by the steps ahead, one line a model, as one PNG.

    Args:
        errors: by name, `[h]`, of 1 to h steps ahead. Names are such as "GRU, iterated": one color
            for what stands before the comma; whole lines for iterated models, broken ones for
            others; pale ones where more follows ("GRU, direct, quantiles"); gray ones for names
            that end in "(baseline)".
        path: of the picture.
        marked: the k that have a mark.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(8, 5)
    axes = figure.subplots()
    colors: dict[str, str] = {}
    grays = iter(("0.2", "0.5", "0.7"))
    for name, values in errors.items():
        model = name.partition(",")[0]
        if _is_baseline(name):
            color, line = next(grays), ":"
        else:
            color = colors.setdefault(model, f"C{len(colors)}")
            line = "-" if "iterated" in name else "--"
        more = name.count(",") > 1
        style: dict[str, Any] = {"linewidth": 2.6 if more else 1.3, "alpha": 0.5 if more else 1}
        marks = [k - 1 for k in marked if k <= len(values)]
        ks = np.arange(1, len(values) + 1)
        style |= {"color": color, "marker": "o", "markevery": marks, "markersize": 4}
        axes.plot(ks, values, line, label=name, **style)
    axes.set_xlabel("k, steps ahead")
    axes.set_ylabel("root mean squared error")
    axes.set_title("Error by k; whole lines iterated, broken ones direct", fontsize=10)
    top = max(float(values.max()) for values in errors.values())
    calm = [float(values.max()) for name, values in errors.items() if _is_baseline(name)]
    axes.set_ylim(0, 1.05 * min(top, _TALLEST * max(calm, default=top)))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def _is_baseline(name: str) -> bool:
    return name.endswith("(baseline)")


def _places(forecasts: np.ndarray, window: int, k: int, length: int) -> np.ndarray:
    """The time steps of the k-th column, those that lie within the series."""
    return np.arange(window - 1 + k, min(window - 1 + k + len(forecasts), length))


def _draw_interval(axes: Any, series: np.ndarray, train: int, name: str, made: Forecast) -> None:
    assert made.lower is not None
    assert made.upper is not None
    count = len(made.values)
    shown = slice(max(0, train - 2 * count), min(len(series), train + count))
    axes.plot(np.arange(len(series))[shown], series[shown], color="0.4", linewidth=0.8)
    at = train + np.arange(count)
    axes.plot(at, made.values[:, 0], color="C3", linewidth=1.5, label="forecast")
    band = f"{made.share:.0%} interval"
    axes.fill_between(at, made.lower[:, 0], made.upper[:, 0], alpha=0.25, color="C3", label=band)
    axes.axvline(train - 0.5, color="k", linestyle=":", linewidth=1)
    axes.set_title(f"{name}: interval after the end of training", fontsize=10)
