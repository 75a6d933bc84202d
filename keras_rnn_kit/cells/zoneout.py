"""Zoneout around any cell."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_rnn_kit.arguments import rate as checked_rate
from keras_rnn_kit.cells.contract import ProjectedCell
from keras_rnn_kit.cells.wrapper import CellWrapper
from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class ZoneoutCell(CellWrapper):
    """Any cell with `s_t = d_t ⊙ s_{t-1} + (1 − d_t) ⊙ ŝ_t`, `ŝ_t` being what the cell makes of it.

    In training each unit of each state keeps its old value with the probability `rate`: `d_t` is 1
    there and 0 elsewhere, drawn anew for every row and step. Out of training `d_t` is the rate
    itself, the expectation. The output is the first state after zoneout where the cell's output is
    its first state; any other output is the cell's own, of before zoneout. The weights and the
    sizes of the states are the cell's; a masked step leaves the states as they are.

    Args:
        cell: any projected cell.
        rate: the probability, or a list with one for each state: `[0.05, 0.5]` for the `[h, c]` of
            an LSTM, 0 for a state that is to be let alone.
        seed: of the draws.

    Raises:
        KitError: `cell` is no `ProjectedCell`, a rate does not lie in [0, 1), or there are not as
            many as states.

    Source: Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations",
    2017. It does not deviate from the paper.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import SimpleRNNCell, ZoneoutCell
    >>> from keras_rnn_kit.layers import RNN
    >>> layer = RNN(ZoneoutCell(SimpleRNNCell(4), rate=0.1), return_sequences=True)
    >>> layer(np.ones((2, 3, 5), "float32"), training=True).shape
    TensorShape([2, 3, 4])
    """

    def __init__(
        self,
        cell: ProjectedCell,
        rate: float | Sequence[float],
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(cell, **kwargs)
        sizes = self.state_sizes
        rates = list(rate) if isinstance(rate, Sequence) else [rate] * len(sizes)
        for one in rates:
            checked_rate("rate", one)
        if len(rates) != len(sizes):
            raise KitError(
                f"rate must be one number, or one for each state of {type(cell).__name__}, which "
                f"has {len(sizes)}; received rate={rate!r}. Pass one number, or {len(sizes)}."
            )
        self.rate = rates if isinstance(rate, Sequence) else rate
        self._rates: list[float] = rates
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    @property
    def _drawn(self) -> list[int]:
        """The states that a draw decides over."""
        return [k for k, rate in enumerate(self._rates) if rate > 0]

    def project_in_training(self, inputs: Any) -> Any:
        """The cell's, and beside it the draws of the step: `[..., E] -> [..., G' + ΣH]`."""
        projected = self.cell.project_in_training(inputs)
        if not self._drawn:
            return projected
        sizes = [self.state_sizes[k] for k in self._drawn]
        rates = np.repeat([self._rates[k] for k in self._drawn], sizes).astype("float32")
        shape = (*ops.shape(projected)[:-1], sum(sizes))
        drawn = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        kept = ops.less(drawn, rates)
        return ops.concatenate([projected, ops.cast(kept, projected.dtype)], axis=-1)

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The cell's update, some of each state left as it was."""
        kept: list[Any] = list(self._rates)
        if self._drawn and projected.shape[-1] > self.cell_width:
            sizes = [self.state_sizes[k] for k in self._drawn]
            starts = projected.shape[-1] - sum(sizes) + np.cumsum([0, *sizes[:-1]])
            projected, *draws = ops.split(projected, [int(start) for start in starts], axis=-1)
            for k, draw in zip(self._drawn, draws, strict=True):
                kept[k] = draw
        output, new_states = self.cell.update(projected, recurrent, states)
        mixed = list(new_states)
        for k in self._drawn:
            mixed[k] = kept[k] * states[k] + (1 - kept[k]) * new_states[k]
        return mixed[0] if output is new_states[0] else output, mixed

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them; the cell serialized."""
        rate = list(self.rate) if isinstance(self.rate, list) else self.rate
        return {**super().get_config(), "rate": rate, "seed": self.seed}
