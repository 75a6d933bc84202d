"""The cells that ONNX has an operator for: `RNN`, `GRU`, `LSTM`, all steps in one node.

On CUDA cuDNN runs them, while a `Scan` runs its steps from the host. On a CPU onnxruntime's `GRU`
and `LSTM` are quick at small batches, its `RNN` is slow but for ReLU at a batch of one.
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from keras_rnn_kit.cells import GRUCell, IRNNCell, LSTMCell, SimpleRNNCell
from keras_rnn_kit.cells.contract import ProjectedCell

_DTYPES = ("float32", "float16")  # onnxruntime has none of them in float64
_RNN_ACTIVATIONS = {keras.activations.tanh: "Tanh", keras.activations.relu: "Relu"}
# Measured on a CPU; see `operator_below`.
_MANY_ROWS, _FEW_UNITS = 64, 64
# Where a gate of Keras's stands in ONNX's order.
_GRU_ORDER = (0, 1, 2)  # update, reset, candidate in both
_LSTM_ORDER = (0, 3, 1, 2)  # input, output, forget, candidate; Keras has the output gate last

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Operator:
    """One node of ONNX's: what it is called, its weights `W [1, G, E]`, `R [1, G, H]`, `B [1, 2G]`.

    `B` is the bias of the inputs, then that of the state.
    """

    kind: str
    weights: tuple[Array, Array, Array]
    attributes: dict[str, Any]


ALWAYS, NEVER = math.inf, 0


def operator_below(
    target: str, quantized: bool = False
) -> Callable[[ProjectedCell, int | None], float]:
    """Below how many rows `target` is better off with the operator of a cell than with a `Scan`.

    As `benchmarks/NOTES.md` has it: on CUDA always. On a CPU the `Scan` of a `GRU` or `LSTM` takes
    3 to 12 times as long at a batch of one; from 64 rows on that of a `GRU` is the faster one. The
    `Scan` of an `RNN` is up to 8 times as fast, but slower for a batch of one with ReLU or at most
    64 units, and only a fixed batch is taken for that. Of what is to be `quantized`, onnxruntime
    has whole numbers for the products in a `Scan`, and for an `LSTM`. Of a batch that is fixed it
    is known: `ALWAYS` or `NEVER`.
    """

    def below(cell: ProjectedCell, batch: int | None) -> float:
        if not has_operator(cell):
            return NEVER
        if quantized:
            return ALWAYS if type(cell) is LSTMCell else NEVER
        if target == "cuda" or type(cell) is LSTMCell:
            return ALWAYS
        if type(cell) is GRUCell:
            rows = _MANY_ROWS
            return rows if batch is None else ALWAYS if batch < rows else NEVER
        quick = cell.activation is keras.activations.relu or cell.units <= _FEW_UNITS
        return ALWAYS if batch == 1 and quick else NEVER

    return below


def has_operator(cell: ProjectedCell) -> bool:
    """Whether ONNX has an operator that is this very cell, and cuDNN a kernel for it."""
    if cell.compute_dtype not in _DTYPES:
        return False
    if type(cell) in (SimpleRNNCell, IRNNCell):
        return cell.activation in _RNN_ACTIVATIONS
    gated = type(cell) in (GRUCell, LSTMCell)
    if not gated or cell.activation is not keras.activations.tanh:
        return False
    return cell.recurrent_activation is keras.activations.sigmoid and (
        # With the reset gate before the product, onnxruntime has no CUDA kernel.
        type(cell) is LSTMCell or cell.reset_after
    )


def operator_of(cell: ProjectedCell) -> Operator:
    """The operator with the weights of `cell`, one that `has_operator`."""
    if type(cell) is LSTMCell:
        return Operator("LSTM", _weights(cell, _LSTM_ORDER), {})
    if type(cell) is GRUCell:
        return Operator("GRU", _weights(cell, _GRU_ORDER), {"linear_before_reset": 1})
    attributes = {"activations": [_RNN_ACTIVATIONS[cell.activation]]}
    return Operator("RNN", _weights(cell, (0,)), attributes)


def _weights(cell: Any, order: tuple[int, ...]) -> tuple[Array, Array, Array]:
    units, width = cell.units, len(order) * cell.units
    biases = np.zeros((2, width))
    if cell.bias is not None:
        given = np.asarray(cell.bias.value).reshape(-1, width)
        biases[: len(given)] = given

    def ordered(weights: Array) -> Array:  # [..., G]
        gates = weights.reshape(*weights.shape[:-1], len(order), units)
        return gates[..., list(order), :].reshape(weights.shape)

    kernels = (np.asarray(cell.kernel.value), np.asarray(cell.recurrent_kernel.value))
    dtype = keras.backend.standardize_dtype(cell.compute_dtype)
    w, r = (ordered(kernel).T[None].astype(dtype) for kernel in kernels)
    return w, r, ordered(biases).reshape(1, -1).astype(dtype)
