"""Each cell as its literature sets it up for long memories."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from keras.initializers import RandomNormal

from keras_rnn_kit import cells
from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.initializers import Chrono
from keras_rnn_kit.models.cells import make_cell, name_of_cell

CHRONO = "Tallec and Ollivier 2018"
OWN = "own trials"


@dataclasses.dataclass(frozen=True)
class LongMemory:
    """A cell that is set up to remember, and how to train it.

    Attributes:
        cells: one for each layer, the first nearest to the input.
        learning_rate: of Adam, for gradients clipped at the norm 1.
        settings: what differs from the cell's defaults, in words.
        source: who recommends it.
    """

    cells: list[ProjectedCell]
    learning_rate: float
    settings: str
    source: str


def long_memory(cell: str, units: int, steps: int) -> LongMemory:
    """The cell with the settings that suit a dependency over so many steps.

    The gated cells start with a gate that keeps (`initializers.Chrono`), IndRNN with weights near 1
    in the last layer, CoRNN with short time steps and fast oscillators. Cells that are not in the
    table, plain tanh among them, have their defaults. The learning rates, and what `source` says
    so of, were tried out on the adding problem of 200 steps.

    Args:
        cell: the name of one of the kit's cells, such as `"GRU"`.
        units: H of each layer.
        steps: over which is to be remembered: about the length of the sequences, 3 or more.

    Raises:
        KitError: there is no such cell, or `units` or `steps` is no such number.

    Example:

    >>> found = long_memory("IndRNN", 8, steps=100)
    >>> [layer.long_memory for layer in found.cells], found.source
    ([False, True], 'Li et al. 2018')
    """
    positive_integer("units", units)
    # Chrono wants 3 or more; shorter memories need no help.
    steps = max(3, positive_integer("steps", steps))
    name = name_of_cell(cell)
    if name not in _SETTINGS:
        plain = make_cell(name, units, None, None)
        return LongMemory([plain], 1e-3, "as it comes", "-")
    return _SETTINGS[name](units, steps)


def _lstm(units: int, steps: int) -> LongMemory:
    bias = Chrono.lstm(steps, units)
    cell = cells.LSTMCell(units, bias_initializer=bias, unit_forget_bias=False)
    return LongMemory([cell], 5e-3, "chrono bias", CHRONO)


def _gated(
    cell_class: Callable[..., ProjectedCell], order: str, **gate: str
) -> Callable[[int, int], LongMemory]:
    """A cell whose gate in the bias keeps the state, or lets new values in."""

    def made(units: int, steps: int) -> LongMemory:
        bias = Chrono(steps, units, order=order, **gate)
        return LongMemory([cell_class(units, bias_initializer=bias)], 5e-3, "chrono bias", CHRONO)

    return made


def _without_forget_bias(cell_class: Any) -> Callable[..., ProjectedCell]:
    """For cells that add 1 to the gate, which the bias now has in it."""
    return lambda units, **arguments: cell_class(units, forget_bias=0.0, **arguments)


def _fast_grnn(units: int, steps: int) -> LongMemory:
    # What ν lets in at every step, gate or no gate, must not fill the state on the way.
    cell = cells.FastGRNNCell(
        units,
        initial_nu=-2 * math.log(steps),
        bias_initializer=Chrono(steps, units, order="zc", keep="z"),
    )
    return LongMemory([cell], 5e-3, "chrono bias, ν = −2 ln T", f"{CHRONO}; ν: {OWN}")


def _fast_rnn(units: int, steps: int) -> LongMemory:
    cell = cells.FastRNNCell(
        units, initial_alpha=-math.log(steps - 1), initial_beta=math.log(steps - 1)
    )
    return LongMemory([cell], 2e-3, "σ(α) = 1/T, σ(β) = 1 − 1/T", "Kusupati et al. 2018")


def _irnn(units: int, steps: int) -> LongMemory:
    # The paper's kernel, of standard deviation 0.001, took longer in trials.
    source = f"Le et al. 2015; kernel: {OWN}"
    return LongMemory([cells.IRNNCell(units)], 5e-3, "identity, glorot kernel", source)


def _ind_rnn(units: int, steps: int) -> LongMemory:
    layers: list[ProjectedCell] = [
        cells.IndRNNCell(units, max_steps=steps),
        cells.IndRNNCell(units, max_steps=steps, long_memory=True),
    ]
    return LongMemory(layers, 2e-3, "two layers, the last one's u near 1", "Li et al. 2018")


def _co_rnn(units: int, steps: int) -> LongMemory:
    cell = cells.CoRNNCell(units, dt=0.016, gamma=94.5, epsilon=9.5)
    return LongMemory([cell], 2e-2, "Δt 0.016, γ 94.5, ε 9.5", f"Rusch and Mishra 2021; {OWN}")


def _antisymmetric(units: int, steps: int) -> LongMemory:
    # The gate, not the step, makes it slow; and U starts small, or it stirs up what is remembered.
    cell = cells.AntisymmetricRNNCell(
        units,
        gated=True,
        step_size=1.0,
        recurrent_initializer=RandomNormal(stddev=0.1 / math.sqrt(units)),
        bias_initializer=Chrono(steps, units, order="zc", write="z"),
    )
    source = f"Chang et al. 2019; {CHRONO}; ε, U: {OWN}"
    return LongMemory([cell], 5e-3, "gated, chrono bias, ε 1, small U", source)


_SETTINGS: dict[str, Callable[[int, int], LongMemory]] = {
    "AntisymmetricRNN": _antisymmetric,
    "CoRNN": _co_rnn,
    "FastGRNN": _fast_grnn,
    "FastRNN": _fast_rnn,
    "GRU": _gated(cells.GRUCell, "zrh", keep="z"),
    "IRNN": _irnn,
    "IndRNN": _ind_rnn,
    "LSTM": _lstm,
    "LinearRecurrent": _gated(
        lambda units, **bias: cells.LinearRecurrentCell(units, gated=True, **bias), "zc", write="z"
    ),
    "MGU": _gated(cells.MGUCell, "fc", write="f"),
    "MinimalRNN": _gated(_without_forget_bias(cells.MinimalRNNCell), "zu", keep="u"),
    "UGRNN": _gated(_without_forget_bias(cells.UGRNNCell), "gc", keep="g"),
}
