"""What no recurrent layer can do without: its matrix products alone, through NumPy.

Where a layer's products cost less than here, someone else's are faster than NumPy's; the bound is
the price of this machine, taken by turns with the layers.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks.grid import Shape


def products(shape: Shape, gates: int = 1, seed: int = 0) -> Callable[[], object]:
    """The products of one step forward and backward, `gates` being the recurrent kernel's.

    One product for all steps where the equations allow it (projection, and the gradients of inputs
    and both kernels); one after the other over time where each needs the one before. These go
    from and to the same small arrays, as if nothing had to be kept.
    """
    rng = np.random.default_rng(seed)
    rows, lines = shape.batch, shape.batch * shape.time  # B, B·T
    features, units, width = shape.features, shape.units, gates * shape.units

    def drawn(*sizes: int) -> npt.NDArray[np.float32]:
        return rng.normal(size=sizes).astype(np.float32)

    inputs, history, d_projected = drawn(lines, features), drawn(lines, units), drawn(lines, width)
    kernel, recurrent_kernel = drawn(features, width), drawn(units, width)
    turned = np.ascontiguousarray(recurrent_kernel.T)  # [G, H]
    state, d_recurrent = drawn(rows, units), drawn(rows, width)

    projected, d_inputs = np.empty_like(d_projected), np.empty_like(inputs)
    d_kernel, d_recurrent_kernel = np.empty_like(kernel), np.empty_like(recurrent_kernel)
    recurrent, d_state = np.empty_like(d_recurrent), np.empty_like(state)

    def run() -> None:
        np.matmul(inputs, kernel, out=projected)
        for _ in range(shape.time):
            np.matmul(state, recurrent_kernel, out=recurrent)
        for _ in range(shape.time):
            np.matmul(d_recurrent, turned, out=d_state)
        np.matmul(history.T, d_projected, out=d_recurrent_kernel)
        np.matmul(inputs.T, d_projected, out=d_kernel)
        np.matmul(d_projected, kernel.T, out=d_inputs)

    return run
