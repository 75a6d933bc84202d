"""A bound on the largest singular value of a matrix.

Sources: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
networks", 2013, section 2.1, for why; T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral
normalization for generative adversarial networks", 2018, for dividing by it.
"""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit.arguments import positive_number
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers.checks import square_blocks

# After n squarings the estimate is too large by a factor of at most H^(1 / 2^(n + 2)): 1 + 1e-4 for
# H = 512. The error of squaring j counts by 1 / 2^(j + 1), so only the first need float64.
_SQUARINGS = 14
_IN_FLOAT64 = 3


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SpectralNorm(keras.constraints.Constraint):
    """Scales a matrix down when its largest singular value exceeds `max_norm`:

        U ← min(1, max_norm / σ_max(U)) · U

    One step of `h_t = φ(x_t W + h_{t−1} U + b)` with |φ'| ≤ γ stretches a gradient by at most
    γ σ_max(U), so σ_max ≤ 1 / γ keeps gradients from exploding (γ is 1 for tanh and relu, 1/4 for
    the sigmoid). σ_max < 1 / γ is also sufficient for them to vanish over many steps. In a gated
    cell it bounds the products with U, not the step as a whole.

    All singular values are scaled alike. That is not the nearest matrix within the bound, which
    would clip those above it and keep the others.

    It deviates from Miyato et al., who divide always, by an estimate from power iteration, which is
    too small until it has converged. Here a matrix within the bound is left alone, and the estimate
    converges from above: what comes out exceeds the bound by rounding alone, and a matrix that
    meets the bound exactly is scaled by less than 1.5e-4 for H up to 10,000.

    Args:
        max_norm: the largest singular value that is let through, > 0.
        per_gate: whether each square block of a recurrent kernel `[H, k · H]` has a bound of its
            own. If not, the matrix has one as a whole, which bounds its blocks all the more.

    Raises:
        KitError: `max_norm` is not a positive number; when called, the weight is no matrix, or
            `per_gate` and it isn't `[H, k · H]`.

    Example:

    >>> import numpy as np
    >>> print(np.asarray(SpectralNorm(1.0)(np.diag([4.0, 1.0]))).round(3))
    [[1.   0.  ]
     [0.   0.25]]
    """

    def __init__(self, max_norm: float = 1.0, per_gate: bool = False):
        positive_number("max_norm", max_norm)
        self.max_norm = float(max_norm)
        self.per_gate = bool(per_gate)

    def __call__(self, w: Any) -> Any:
        """`[N, M]`."""
        w = ops.convert_to_tensor(w)
        if len(w.shape) != 2:
            raise KitError(
                f"SpectralNorm needs a matrix; received shape {tuple(w.shape)}. Use it for a "
                "kernel."
            )
        # In float64: the squares of large weights overflow float32, and a GPU's products in
        # TensorFloat-32 have three digits.
        exact = ops.cast(w, "float64")
        if self.per_gate:
            units, gates = w.shape[0], square_blocks("SpectralNorm(per_gate=True)", w.shape)
            blocks = ops.reshape(exact, (units, gates, units))
            norms = largest_singular_value(ops.transpose(blocks, (1, 0, 2)))  # [k]
            limits = ops.repeat(self._factor(norms), units)  # [k · H]
        else:
            limits = self._factor(largest_singular_value(exact))  # []
        return ops.cast(exact * limits, w.dtype)

    def _factor(self, norm: Any) -> Any:
        return self.max_norm / ops.maximum(norm, self.max_norm)

    def get_config(self) -> dict[str, Any]:
        return {"max_norm": self.max_norm, "per_gate": self.per_gate}


def largest_singular_value(matrices: Any) -> Any:
    """σ_max of float64 matrices, `[..., N, M] -> [...]`: never too small but for rounding.

    ‖A^p‖^(1/p) → λ_max(A) from above, for A = W Wᵀ, p = 1, 2, 4, 8, ... and the Frobenius norm.
    That takes matrix products alone. A singular value decomposition is about as fast on a CPU, but
    far too slow for a training step where XLA compiles it.

    Example:

    >>> import numpy as np
    >>> print(f"{float(largest_singular_value(np.diag([3.0, -4.0]))):.3f}")
    4.000
    """
    turned = ops.swapaxes(matrices, -2, -1)
    is_tall = matrices.shape[-2] > matrices.shape[-1]
    power = ops.matmul(turned, matrices) if is_tall else ops.matmul(matrices, turned)
    log_norm: Any = 0.0
    for squarings in range(_SQUARINGS + 1):
        if squarings == _IN_FLOAT64 + 1:
            power = ops.cast(power, "float32")
        if squarings > 0:
            power = ops.matmul(power, power)
        norm = ops.sqrt(ops.sum(ops.square(power), axis=(-2, -1), keepdims=True))
        norm = ops.maximum(norm, 1e-30)  # the zero matrix stays zero
        power = power / norm  # or its powers overflow
        log_norm = log_norm + ops.cast(ops.log(norm), "float64") / 2**squarings
    return ops.exp(log_norm[..., 0, 0] / 2)
