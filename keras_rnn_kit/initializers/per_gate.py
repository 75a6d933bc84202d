"""An initializer of its own for each gate of a recurrent kernel."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.initializers.checks import square_blocks
from keras_rnn_kit.initializers.seeds import with_seed


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class PerGate(keras.initializers.Initializer):
    """Fills each square block of a recurrent kernel `[H, k · H]` with a draw of its own.

    Keras hands an initializer the kernel of all gates at once. `"orthogonal"` then makes rows of
    length k · H orthogonal and no gate's `[H, H]`, and `"identity"` fills the first gate and leaves
    the others zero. `PerGate("orthogonal")` makes every gate's block orthogonal.

    The first gate gets what the initializer draws alone, so a kernel of one gate is the same with
    and without. The others are drawn from seeds made of its seed, the same ones at every call. If
    that seed is a `keras.random.SeedGenerator`, each block takes its next draw. An initializer
    without a `seed` is called for each block as it is.

    Args:
        initializer: of one gate's block: a name, an initializer, or a function of shape and dtype.

    Raises:
        KitError: `initializer` is None; when called, the shape isn't `[H, k · H]`.

    Example:

    >>> import numpy as np
    >>> kernel = np.asarray(PerGate("identity")((2, 6)))
    >>> print(kernel)
    [[1. 0. 1. 0. 1. 0.]
     [0. 1. 0. 1. 0. 1.]]
    """

    def __init__(self, initializer: Any):
        self.initializer = keras.initializers.get(initializer)
        if self.initializer is None:
            raise KitError(
                "PerGate needs the initializer of one gate's block; received None. Pass one, such "
                'as "orthogonal".'
            )

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """`[H, k · H]`."""
        gates = square_blocks("PerGate", shape)
        block = (shape[0], shape[0])
        drawers = [self.initializer, *_others(self.initializer, gates - 1)]
        return ops.concatenate([draw(block, dtype=dtype) for draw in drawers], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"initializer": keras.initializers.serialize(self.initializer)}


def _others(initializer: Any, count: int) -> list[Any]:
    """`count` initializers like this one, with draws that differ from its own."""
    seed = getattr(initializer, "seed", None)
    if not isinstance(seed, int):
        return [initializer] * count
    # Mixed, not counted up: `seed + 1` is what a person gives the next layer.
    seeds = np.random.SeedSequence(seed % 2**64).generate_state(count)
    return [with_seed(initializer, int(s)) for s in seeds]
