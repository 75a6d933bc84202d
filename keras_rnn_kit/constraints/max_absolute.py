"""A bound on every single weight.

Source: S. Li, W. Li, C. Cook, C. Zhu, Y. Gao, "Independently recurrent neural network (IndRNN):
building a longer and deeper RNN", 2018, section 3.
"""

from typing import Any, Self

import keras
from keras import ops

from keras_rnn_kit.arguments import positive_integer, positive_number


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class MaxAbsolute(keras.constraints.Constraint):
    """Clips every weight to `[−bound, bound]`.

    Args:
        bound: the largest absolute value, > 0.

    Raises:
        KitError: `bound` is not a positive number.

    Example:

    >>> import numpy as np
    >>> print(np.asarray(MaxAbsolute(1.0)(np.array([-3.0, 0.5, 2.0]))))
    [-1.   0.5  1. ]
    """

    def __init__(self, bound: float):
        positive_number("bound", bound)
        self.bound = float(bound)

    @classmethod
    def for_steps(cls, steps: int, growth: float = 2.0) -> Self:
        """The bound `γ^(1/T)` for a unit whose state meets one weight, `h_t = φ(… + u h_{t−1})`.

        The gradient over T steps is `u^T ∏ φ'`; with |φ'| ≤ 1, as for relu and tanh, it grows by
        no more than γ.

        Args:
            steps: T, the length of the sequences.
            growth: γ, the largest growth of the gradient over all steps, > 0.

        Example:

        >>> print(f"{MaxAbsolute.for_steps(784).bound:.6f}")
        1.000885
        """
        positive_integer("steps", steps)
        positive_number("growth", growth)
        return cls(growth ** (1 / steps))

    def __call__(self, w: Any) -> Any:
        """Any shape."""
        return ops.clip(w, -self.bound, self.bound)

    def get_config(self) -> dict[str, Any]:
        return {"bound": self.bound}
