"""Pictures of what `training.gradient_flow` found."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_rnn_kit.pictures.figure import new_figure

if TYPE_CHECKING:
    from keras_rnn_kit.training.flow_report import FlowReport, LayerFlow

_SMALLEST = 1e-30  # norms below it are no different from none, and would flatten all others


def plot_gradient_flow(report: "FlowReport", path: str | os.PathLike[str]) -> None:
    """Draws, as one PNG, a row of three panels for each recurrent layer.

    They are the norms of gradients and Jacobians by distance from the last step, on a logarithmic
    axis; the eigenvalues of the recurrent kernel beside the unit circle; and the share of saturated
    units by step. What is 0 or not finite has no point on a logarithmic axis, and is left out.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(11.5, 3.4 * len(report.layers))
    panels = figure.subplots(len(report.layers), 3, squeeze=False)
    for (norms, plane, shares), layer in zip(panels, report.layers, strict=True):
        _draw_norms(norms, layer)
        _draw_eigenvalues(plane, layer)
        _draw_saturation(shares, layer)
        for axes in (norms, plane, shares):
            axes.title.set_fontsize(10)
            axes.grid(alpha=0.3)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def plot_jacobians(
    curves: Mapping[str, Mapping[str, tuple[Sequence[int], Sequence[float]]]],
    path: str | os.PathLike[str],
) -> None:
    """Draws ‖∂h_T/∂h_t‖ by distance: a panel for each first name, a line for each second one.

    Args:
        curves: by panel and by line the distances and the norms.
        path: of the PNG.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(3.9 * len(curves), 3.4)
    panels = figure.subplots(1, len(curves), squeeze=False, sharey=True)[0]
    for axes, (title, lines) in zip(panels, curves.items(), strict=True):
        for label, (distances, norms) in lines.items():
            axes.plot(distances, _positive(norms), linewidth=1.5, label=label)
        axes.axhline(1, color="k", linewidth=0.8, linestyle=":")
        axes.set_yscale("log")
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("steps between $h_t$ and $h_T$")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    panels[0].set_ylabel("$\\|\\partial h_T / \\partial h_t\\|$")
    figure.savefig(path, dpi=120)


def plot_clipping(
    runs: Mapping[str, Mapping[str, Sequence[float]]], limit: float, path: str | os.PathLike[str]
) -> None:
    """Draws the norm of the gradient and the loss by step of training, a line for each run.

    Args:
        runs: by name, `gradient_norm` and `loss` of each step.
        limit: the norm that one of them was clipped at.
        path: of the PNG.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(9.5, 3.4)
    titles = {"gradient_norm": "norm of the gradient before clipping", "loss": "loss"}
    for axes, (key, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        for name, curves in runs.items():
            values = _positive(curves[key])
            axes.plot(range(1, len(values) + 1), values, linewidth=1, label=name)
        if key == "gradient_norm":
            axes.axhline(limit, color="k", linewidth=0.8, linestyle=":", label="limit")
        axes.set_yscale("log")
        if key == "loss" and np.isfinite(start := next(iter(runs.values()))[key][0]) and start > 0:
            axes.set_ylim(top=100 * start)  # a run that diverges leaves the picture
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step of training")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def _draw_norms(axes: Any, layer: "LayerFlow") -> None:
    for state, norms in layer.gradient_norms.items():
        label = f"$\\|\\partial L/\\partial {state.rpartition(' ')[2]}_t\\|$"
        prefix = state.rpartition(" ")[0]
        axes.plot(_positive(norms), linewidth=1.5, label=f"{prefix} {label}".strip())
    for norms, of in ((layer.state_jacobian_norms, "h"), (layer.input_jacobian_norms, "x")):
        if norms:
            label = f"$\\|\\partial h_T/\\partial {of}_t\\|$"
            axes.plot(layer.jacobian_distances, _positive(norms), "--", linewidth=1.2, label=label)
    axes.set_yscale("log")
    axes.set_title(f"{layer.name}: norms by distance")
    axes.set_xlabel("steps before the last")


def _draw_eigenvalues(axes: Any, layer: "LayerFlow") -> None:
    around = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(around), np.sin(around), color="k", linewidth=0.8)
    for name, kernel in layer.kernels.items():
        values = np.asarray(kernel.eigenvalues)
        label = f"{name}: {kernel.spectral_radius:.2f}"
        axes.plot(values.real, values.imag, ".", markersize=4, label=label)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title("eigenvalues, and the spectral radius")
    if not layer.kernels:
        axes.text(0, 0, "no square recurrent kernel", ha="center", fontsize=9)


def _draw_saturation(axes: Any, layer: "LayerFlow") -> None:
    for definition, shares in layer.saturated.items():
        axes.plot(range(1, len(shares) + 1), shares, linewidth=1.5, label=definition)
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("share of saturated units")
    axes.set_xlabel("step")
    if not layer.saturated:
        axes.text(
            0.5, 0.5, "none by this activation", ha="center", fontsize=9, transform=axes.transAxes
        )


def _positive(values: Sequence[float]) -> np.ndarray:
    """The values, NaN where a logarithmic axis has no place for them."""
    found = np.asarray(values, "float64")
    return np.where(np.isfinite(found) & (found > _SMALLEST), found, np.nan)
