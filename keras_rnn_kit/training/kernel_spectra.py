"""The square blocks of a cell's recurrent kernel: their eigenvalues and largest singular value."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_rnn_kit import cells
from keras_rnn_kit.cells.contract import ProjectedCell

# The blocks of gated cells in the order of their kernels.
_GATES: dict[tuple[type, ...], tuple[str, ...]] = {
    (cells.LSTMCell, keras.layers.LSTMCell): (
        "input gate",
        "forget gate",
        "candidate",
        "output gate",
    ),
    (cells.GRUCell, keras.layers.GRUCell): ("update gate", "reset gate", "candidate"),
    (cells.MGUCell,): ("forget gate", "candidate"),
    (cells.UGRNNCell,): ("gate", "candidate"),
}


@dataclasses.dataclass(frozen=True)
class KernelSpectrum:
    """What repeated multiplication by a matrix does: grow, or shrink, by its eigenvalues.

    The spectral radius is the largest absolute value of an eigenvalue: over many steps the powers
    of the matrix grow or shrink as its powers do. The largest singular value bounds a single step.
    Both are NaN for a matrix that is not finite.
    """

    eigenvalues: list[complex]
    largest_singular_value: float

    @property
    def spectral_radius(self) -> float:
        """max |λ|."""
        return max(map(abs, self.eigenvalues))


def kernel_spectra(cell: Any) -> dict[str, KernelSpectrum]:
    """The spectrum of each square block by which a cell's step multiplies its state, by name.

    The matrix is the one that meets the state: with a bound on its norm, antisymmetric, and so on.
    A diagonal counts as a matrix. A cell that has no such block, or none that is square, gives
    nothing.

    Args:
        cell: a built cell, of this kit or of Keras.

    Example:

    >>> cell = cells.GRUCell(4, recurrent_initializer="orthogonal")
    >>> cell.build((None, 3))
    >>> list(kernel_spectra(cell))
    ['update gate', 'reset gate', 'candidate']
    """
    return {name: _spectrum(block) for name, block in _blocks(unwrapped(cell))}


def unwrapped(cell: Any) -> Any:
    """The cell within all wrappers around it."""
    while isinstance(cell, cells.CellWrapper):
        cell = cell.cell
    return cell


def _blocks(cell: Any) -> Iterator[tuple[str, np.ndarray]]:
    matrix = _matrix(cell)
    if matrix is None:
        return
    sizes = keras.tree.flatten(cell.state_size)
    names = next((names for kinds, names in _GATES.items() if isinstance(cell, kinds)), None)
    top = 0
    for k, height in enumerate(sizes):
        rows = matrix[top : top + height]
        top += height
        if len(rows) < height or rows.shape[1] % height:
            return
        count = rows.shape[1] // height
        of_state = f" of state {k + 1}" if matrix.shape[0] > height else ""
        for j, block in enumerate(np.split(rows, count, axis=1)):
            if names is not None and len(names) == count:
                name = names[j]
            else:
                name = "recurrent kernel" if count == 1 else f"recurrent kernel, block {j + 1}"
            yield name + of_state, block


def _matrix(cell: Any) -> np.ndarray | None:
    """`[H, k · H]`, what multiplies the state."""
    if isinstance(cell, cells.MultiplicativeRNNCell):
        # Between the two lies a product with what the input makes, around 1.
        return _values(cell.recurrent_kernel) @ _values(cell.factor_kernel)
    if isinstance(cell, cells.LinearRecurrentCell):
        return None if cell.gated else np.diag(_values(cell.decay()))
    kernel = getattr(cell, "recurrent_kernel", None)
    kernel = None if kernel is None else _values(kernel)
    if kernel is not None and kernel.ndim == 1:
        return np.diag(kernel)
    if not isinstance(cell, ProjectedCell):
        return kernel
    made = cell.recurrent_matrix()
    made = None if made is None else _values(made)
    # A GRU that resets before its product has a part of the kernel meet the state by itself.
    if kernel is not None and (made is None or kernel.shape[1] > made.shape[1]):
        return kernel
    return made


def _values(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor), "float64")


def _spectrum(block: np.ndarray) -> KernelSpectrum:
    if not np.isfinite(block).all():
        return KernelSpectrum([complex("nan")], float("nan"))
    eigenvalues = [complex(value) for value in np.linalg.eigvals(block)]
    return KernelSpectrum(eigenvalues, float(np.linalg.norm(block, 2)))
