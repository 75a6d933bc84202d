"""The recurrent cell that is linear in its state."""

from typing import Any, ClassVar

import keras
from keras import ops

from keras_rnn_kit.cells.weighted import WeightedCell
from keras_rnn_kit.initializers import LogLogDecay


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LinearRecurrentCell(WeightedCell):
    """`h_t = a ⊙ h_{t-1} + √(1 − a²) ⊙ (x_t W + b)` with the decay `a = exp(−exp(u))` of each unit;
    `gated=True`: `h_t = (1 − z) ⊙ h_{t-1} + z ⊙ (x_t W_c + b_c)` with the gate
    `z = σ(x_t W_z + b_z)`. The output is the state.

    All that is not linear is left to the layers between: a `Dense` layer with an activation, or a
    gate. The decay lies between 0 and 1 whatever u is, so that no state grows without bound, and
    the root keeps the size of the state near that of its input at every decay.

    Weights: `kernel [E, H]`, `recurrent_kernel [H]` (u) and `bias [H]`; gated `kernel [E, 2H]` and
    `bias [2H]` in the order z, c, and no recurrent kernel. One state, `[B, H]`; a masked step
    leaves it as it is. A step has no product with a matrix, and so there is no `recurrent_dropout`.
    Since a run of steps is again one such step, a sequence can be run in log2 T rounds
    (`layers/scan.py`), which the engine does where it is faster.

    Source: Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De, "Resurrecting Recurrent Neural
    Networks for Long Sequences", 2023, whose decays are complex and here real; of `gated=True`
    Feng, Tung, Hajimirsadeghi, Ahmed and Bengio, "Were RNNs All We Needed?", 2024 (minGRU).

    Args:
        units: H, the width of the state and of the output.
        gated: whether the decay comes from the input.
        min_decay, max_decay: between which a starts, a² uniform. Not used by the gated form.
        recurrent_initializer: of u; `None` is as the two before have it.
        **kwargs: the other arguments of `WeightedCell`, without `activation` and
            `recurrent_dropout`.

    Raises:
        KitError: `0 < min_decay < max_decay < 1` does not hold, or as `WeightedCell` says.

    Example:

    >>> from keras_rnn_kit.cells import LinearRecurrentCell
    >>> cell = LinearRecurrentCell(4, min_decay=0.9, max_decay=0.99)
    >>> cell.build((None, 3))
    >>> decay = cell.decay().numpy()
    >>> bool((decay > 0.9).all() and (decay < 0.99).all())
    True
    """

    lacks: ClassVar[tuple[str, ...]] = ("activation", "recurrent_dropout")

    def __init__(
        self,
        units: int,
        gated: bool = False,
        min_decay: float = 0.5,
        max_decay: float = 0.99,
        recurrent_initializer: Any = None,
        **kwargs: Any,
    ):
        of_decays = LogLogDecay(min_decay, max_decay)
        if recurrent_initializer is None:
            recurrent_initializer = of_decays
        super().__init__(units, recurrent_initializer=recurrent_initializer, **kwargs)
        self.gated = gated
        self.min_decay = min_decay
        self.max_decay = max_decay

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs `[..., E]`."""
        width = 2 * self.units if self.gated else self.units
        self.kernel = self._weight("kernel", (input_shape[-1], width))
        self.recurrent_kernel = None
        if not self.gated:
            self.recurrent_kernel = self._weight("recurrent_kernel", (self.units,))
        self.bias = self._weight("bias", (width,)) if self.use_bias else None

    def recurrent_matrix(self) -> Any:
        """`None`: there is no such product."""
        return None

    def decay(self) -> Any:
        """`a`, `[H]`, of the form that is not gated."""
        return ops.exp(-ops.exp(ops.convert_to_tensor(self.recurrent_kernel)))

    def project(self, inputs: Any) -> Any:
        """`√(1 − a²) ⊙ (x W + b)`; gated `1 − z` and `z ⊙ (x W_c + b_c)`, side by side."""
        projected = super().project(inputs)
        if not self.gated:
            rate = ops.exp(ops.convert_to_tensor(self.recurrent_kernel))
            return projected * ops.sqrt(-ops.expm1(-2 * rate))
        gate, new = ops.split(projected, 2, axis=-1)
        # σ(−x), not 1 − σ(x): a decay near 0 keeps its digits.
        return ops.concatenate([ops.sigmoid(-gate), ops.sigmoid(gate) * new], axis=-1)

    def affine(self, projected: Any) -> tuple[Any, Any]:
        """`(a, √(1 − a²) ⊙ (x W + b))`, or what stands for them in the gated form."""
        if self.gated:
            decay, drive = ops.split(projected, 2, axis=-1)
            return decay, drive
        return ops.broadcast_to(self.decay(), ops.shape(projected)), projected

    def update(self, projected: Any, recurrent: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """`decay ⊙ h + drive`."""
        decay, drive = self.affine(projected)
        h = decay * states[0] + drive
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {
            **super().get_config(),
            "gated": self.gated,
            "min_decay": self.min_decay,
            "max_decay": self.max_decay,
        }
