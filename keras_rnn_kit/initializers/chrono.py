"""Gate biases that give each unit a memory of its own length.

Source: C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", 2018.
"""

from collections.abc import Sequence
from typing import Any, Self

import keras
from keras import ops

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class Chrono(keras.initializers.Initializer):
    """Biases with which a gated cell remembers for up to `max_steps` steps:

        b_keep ~ log(U(1, T_max − 1)),    b_write = −b_keep,    all others 0

    one draw a unit. With inputs and states around zero the gate that keeps the state is then
    `σ(b_keep)`, and the state fades over `1 / (1 − σ(b_keep))` steps, uniform in [2, T_max].

    `Chrono.lstm` and `Chrono.gru` know the order of Keras's gates; for another cell, `order` names
    them. Some cells keep the state by `z`, as Keras's GRU does, and some by `1 − z`, as the paper's
    does: say `keep="z"` to the former and `write="z"` to the latter.

    A bias is `[G]`, or `[2, G]` as in a GRU with `reset_after`, which adds the two rows for its
    gates: the first takes the draw, and the second is zero.

    An LSTM must have `unit_forget_bias=False`. By default it fills the forget gate with ones, and
    asks the initializer for the pieces around it.

    Args:
        max_steps: T_max, the longest dependency to expect, ≥ 3: about the length of the sequences.
        units: H of the layer. It tells a whole bias from the pieces that an LSTM asks for.
        order: a letter for each gate, in the order of the bias.
        keep: the gate that multiplies the old state, if there is one.
        write: the gate that multiplies the new value, if there is one.
        seed: an integer, a `keras.random.SeedGenerator`, or None.

    Raises:
        KitError: an argument is wrong; when called, the shape isn't that of the bias.

    Example:

    >>> import keras, numpy as np
    >>> layer = keras.layers.LSTM(
    ...     3, bias_initializer=Chrono.lstm(100, units=3, seed=1), unit_forget_bias=False
    ... )
    >>> layer.build((None, None, 2))
    >>> i, f, c, o = np.split(layer.get_weights()[-1], 4)
    >>> bool(np.all(i == -f)), bool(np.all((f >= 0) & (f < np.log(99)))), not np.any([c, o])
    (True, True, True)
    >>> coupled = Chrono(100, units=3, order="fc", keep="f")  # h ← f h + (1 − f) c
    """

    def __init__(
        self,
        max_steps: int,
        units: int,
        order: str,
        keep: str | None = None,
        write: str | None = None,
        seed: Any = None,
    ):
        positive_integer("max_steps", max_steps)
        positive_integer("units", units)
        if max_steps < 3:
            raise KitError(
                f"max_steps must be 3 or more; received max_steps={max_steps}. Pass the length of "
                "the sequences."
            )
        _check_gates(order, keep, write)
        self.max_steps = int(max_steps)
        self.units = int(units)
        self.order = order
        self.keep = keep
        self.write = write
        self._uniform = keras.initializers.RandomUniform(1.0, max_steps - 1.0, seed=seed)

    @classmethod
    def lstm(cls, max_steps: int, units: int, seed: Any = None) -> Self:
        """For `[4H]` in the order i, f, c, o; the layer needs `unit_forget_bias=False`."""
        return cls(max_steps, units, "ifco", keep="f", write="i", seed=seed)

    @classmethod
    def gru(cls, max_steps: int, units: int, seed: Any = None) -> Self:
        """For `[3H]` or `[2, 3H]` in the order z, r, h, where z keeps the old state."""
        return cls(max_steps, units, "zrh", keep="z", seed=seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """`[G]` or `[2, G]`."""
        width = self.units * len(self.order)
        if tuple(shape) not in ((width,), (2, width)):
            raise KitError(
                f"Chrono fills a bias of width {width}, {self.units} units for each gate of "
                f"{self.order!r}; received shape {tuple(shape)}. Pass the layer's units, and "
                "unit_forget_bias=False to an LSTM."
            )
        # In float32 whatever the dtype: numbers up to T_max in bfloat16 are whole steps apart.
        drawn = ops.log(self._uniform((self.units,), dtype="float32"))
        values = {self.keep: drawn, self.write: -drawn}
        bias = ops.concatenate([values.get(gate, ops.zeros_like(drawn)) for gate in self.order])
        if len(shape) == 2:
            bias = ops.stack([bias, ops.zeros_like(bias)])
        return ops.cast(bias, keras.backend.standardize_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {
            "max_steps": self.max_steps,
            "units": self.units,
            "order": self.order,
            "keep": self.keep,
            "write": self.write,
            "seed": self._uniform.get_config()["seed"],
        }


def _check_gates(order: Any, keep: Any, write: Any) -> None:
    if not isinstance(order, str) or not order or len(set(order)) < len(order):
        raise KitError(
            f"order must be a string of distinct letters, one a gate; received order={order!r}. "
            'Pass the order of the bias, such as "ifco".'
        )
    named = [gate for gate in (keep, write) if gate is not None]
    if not named or len(set(named)) < len(named) or not set(named) <= set(order):
        raise KitError(
            f"keep and write must name one or two gates of order={order!r}; received keep={keep!r} "
            f"and write={write!r}. Pass the gate that multiplies the old state as keep, the one "
            "that multiplies the new value as write."
        )
