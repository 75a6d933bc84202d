"""What `gradient_flow` found: figures by layer, as JSON and as a page of text."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.reports import spelt
from keras_rnn_kit.training.kernel_spectra import KernelSpectrum

_COLUMNS = 7  # distances that the page of text shows


@dataclasses.dataclass(frozen=True)
class LayerFlow:
    """One recurrent layer. A distance is how many real steps of its row come after a step.

    Attributes:
        name, cell: the layer's path in the model, and the class of its cell or cells.
        steps: real steps of the longest row.
        rows: of the batch, how many have a step at the distance 0, 1, ..., `steps − 1`.
        gradient_norms: for each state, ‖∂L/∂h_t‖ by distance, the mean over those rows.
        jacobian_distances: those at which the next two were taken.
        state_jacobian_norms: the largest singular value of ∂h_T/∂h_t, all states side by side; the
            mean over the first rows of the batch.
        input_jacobian_norms: likewise of ∂h_T/∂x_t.
        kernels: the spectrum of each square block of the recurrent kernel, by name.
        saturated: the share of saturated units at the 1st, 2nd, ... real step of a row, the mean
            over rows, by what was held for saturated; empty where the cell has no such notion.
    """

    name: str
    cell: str
    steps: int
    rows: list[int]
    gradient_norms: dict[str, list[float]]
    jacobian_distances: list[int]
    state_jacobian_norms: list[float]
    input_jacobian_norms: list[float]
    kernels: dict[str, KernelSpectrum]
    saturated: dict[str, list[float]]

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON has them; what is not finite becomes `None`."""
        return spelt(
            {
                **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)},
                "kernels": {
                    name: {
                        "spectral_radius": kernel.spectral_radius,
                        "largest_singular_value": kernel.largest_singular_value,
                        "eigenvalues": [[value.real, value.imag] for value in kernel.eigenvalues],
                    }
                    for name, kernel in self.kernels.items()
                },
            }
        )

    def __str__(self) -> str:
        steps = "1 step" if self.steps == 1 else f"{self.steps} steps"
        lines = [f"{self.name} ({self.cell}), {steps}"]
        shown = _spread(self.steps)
        lines.append(_line("steps before the last", [f"{d:,}" for d in shown]))
        for state, norms in self.gradient_norms.items():
            lines.append(_line(f"‖∂L/∂{state}_t‖", [f"{norms[d]:.2g}" for d in shown]))
        if self.jacobian_distances:
            # The distances at which there is a figure, nearest to those of the line above.
            at = [int(np.abs(np.subtract(self.jacobian_distances, d)).argmin()) for d in shown]
            near = [self.jacobian_distances[k] for k in at]
            if near != list(shown):
                lines.append(_line("steps before the last", [f"{d:,}" for d in near]))
            of_state, of_input = self.state_jacobian_norms, self.input_jacobian_norms
            lines.append(_line("‖∂h_T/∂h_t‖", [f"{of_state[k]:.2g}" for k in at]))
            lines.append(_line("‖∂h_T/∂x_t‖", [f"{of_input[k]:.2g}" for k in at]))
        for name, kernel in self.kernels.items():
            lines.append(
                f"  {name}: spectral radius {kernel.spectral_radius:.3f}, largest singular value "
                f"{kernel.largest_singular_value:.3f}"
            )
        for definition, shares in self.saturated.items():
            lines.append(
                f"  saturated units ({definition}): {np.mean(shares):.1%}, of the first step "
                f"{shares[0]:.1%}, of the last {shares[-1]:.1%}"
            )
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class FlowReport:
    """The recurrent layers of a model, in the order in which they ran.

    Attributes:
        loss: L on the batch.
        loss_is: `"loss"`, or `"sum of the outputs"` where no targets were given.
        batch_size: the rows of the batch.
        layers: one `LayerFlow` for each call of a recurrent layer.
    """

    loss: float
    loss_is: str
    batch_size: int
    layers: list[LayerFlow]

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON has them; what is not finite becomes `None`."""
        return {
            "loss": spelt(self.loss),
            "loss_is": self.loss_is,
            "batch_size": self.batch_size,
            "layers": [layer.to_dict() for layer in self.layers],
        }

    def __str__(self) -> str:
        rows = "1 row" if self.batch_size == 1 else f"{self.batch_size:,} rows"
        head = f"Gradient flow, {rows}; L, the {self.loss_is}, is {self.loss:.4g}."
        return "\n\n".join([head, *map(str, self.layers)])


def _spread(steps: int) -> list[int]:
    """Some distances from 0 to the last one, closer together near 0."""
    if steps <= _COLUMNS:
        return list(range(steps))
    inner = np.geomspace(1, steps - 1, _COLUMNS - 1).round().astype(int)
    return sorted({0, *inner.tolist()})


def _line(label: str, cells: Sequence[str]) -> str:
    return f"  {label:<21}" + "".join(f"{cell:>10}" for cell in cells)
