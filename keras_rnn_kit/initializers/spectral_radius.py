"""A recurrent kernel of a chosen spectral radius.

Source: H. Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks",
GMD report 148, 2001.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_rnn_kit.arguments import positive_number
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers.seeds import with_seed


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SpectralRadius(keras.initializers.Initializer):
    """Draws a square matrix and scales it to the spectral radius `radius`:

        U = W · radius / max |λ(W)|

    For tanh, a radius above 1 rules echo states out wherever the input may be zero (Jaeger,
    proposition 3). A radius below 1 doesn't promise them, though it is what works: what promises
    them is a largest singular value below 1 (see `constraints.SpectralNorm`).

    A kernel `[H, k · H]` of several gates takes `PerGate(SpectralRadius(radius))`. The seed is that
    of the initializer.

    Args:
        radius: the largest absolute value of an eigenvalue, > 0.
        initializer: of the matrix before it is scaled: a name, an initializer, or a function of
            shape and dtype (for a sparse reservoir).

    Raises:
        KitError: `radius` is not a positive number, or `initializer` is None; when called, the
            shape isn't square, or what was drawn has no eigenvalue but 0, or isn't finite.

    Example:

    >>> import keras, numpy as np
    >>> initializer = SpectralRadius(0.9, keras.initializers.RandomNormal(seed=1))
    >>> eigenvalues = np.linalg.eigvals(np.asarray(initializer((50, 50))))
    >>> print(f"{np.abs(eigenvalues).max():.4f}")
    0.9000
    """

    def __init__(self, radius: float, initializer: Any = "glorot_uniform"):
        positive_number("radius", radius)
        self.radius = float(radius)
        self.initializer = keras.initializers.get(initializer)
        if self.initializer is None:
            raise KitError(
                "SpectralRadius needs the initializer of the matrix it scales; received None. Pass "
                'one, such as "glorot_uniform".'
            )

    @property
    def seed(self) -> Any:
        """That of the initializer; an `AttributeError` where it has none."""
        return self.initializer.seed

    @seed.setter
    def seed(self, value: Any) -> None:
        self.initializer = with_seed(self.initializer, value)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """`[H, H]`."""
        if len(shape) != 2 or shape[0] != shape[1]:
            raise KitError(
                f"SpectralRadius needs a square matrix [H, H]; received shape {tuple(shape)}. For "
                "a recurrent kernel of several gates, pass PerGate(SpectralRadius(...))."
            )
        dtype = keras.backend.standardize_dtype(dtype)
        # A model that is built in `fit` is built while its step is traced, where there are no
        # values yet to look at.
        with tf.init_scope():
            drawn = ops.convert_to_numpy(self.initializer(shape, dtype=dtype)).astype("float64")
        finite = bool(np.isfinite(drawn).all())
        largest = float(np.abs(np.linalg.eigvals(drawn)).max()) if finite else np.nan
        if not largest > 0:
            raise KitError(
                "SpectralRadius needs a finite matrix with an eigenvalue other than 0; received "
                f"one of shape {tuple(shape)} with spectral radius {largest} from "
                f"{_name(self.initializer)}. Pass another initializer."
            )
        return ops.convert_to_tensor(drawn * (self.radius / largest), dtype)

    def get_config(self) -> dict[str, Any]:
        initializer = keras.initializers.serialize(self.initializer)
        return {"radius": self.radius, "initializer": initializer}


def _name(initializer: Any) -> str:
    return getattr(initializer, "__name__", type(initializer).__name__)
