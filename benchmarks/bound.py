"""What no recurrent layer can do without: its matrix products alone.

As they come, through NumPy: where a layer's products cost less than that, someone else's are faster
than NumPy's. Or, for any cell, as many operations in one large product of XLA's, which found the
most of all in a second on the machine that NOTES.md tells of. Either is the price of this machine,
taken by turns with the layers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

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


def operations(cell: Any, shape: Shape) -> int:
    """Additions and multiplications in the products of a built cell, forward and backward.

    Backward a product has two gradients, each as much work as itself.
    """
    rows = shape.batch
    states = [tf.TensorSpec([rows, size]) for size in cell.state_sizes]
    step = tf.function(lambda inputs, states: cell(inputs, states), autograph=False)
    traced = step.get_concrete_function(tf.TensorSpec([rows, shape.features]), states)
    found = 0
    for op in traced.graph.get_operations():
        if op.type in ("MatMul", "BatchMatMulV2") and op.outputs[0].shape[0] == rows:
            found += 2 * op.outputs[0].shape.num_elements() * op.inputs[0].shape[-1]
    return 3 * shape.time * found


def one_product(operations: int, seed: int = 0) -> Callable[[], object]:
    """One square product of about as many operations, compiled by XLA."""
    side = max(1, round((operations / 2) ** (1 / 3)))
    rng = np.random.default_rng(seed)
    one, other = (tf.constant(rng.normal(size=(side, side)), tf.float32) for _ in range(2))
    product = tf.function(tf.matmul, jit_compile=True, autograph=False)
    return lambda: product(one, other)
