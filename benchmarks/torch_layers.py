"""The same layer in PyTorch: Keras's weights, laid out and ordered as PyTorch has them."""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.cores import available_cores

Array = npt.NDArray[np.float32]

# Where PyTorch has Keras's gates. Keras: GRU z, r, h and LSTM i, f, c, o; PyTorch: r, z, n and
# i, f, g, o. PyTorch's GRU is Keras's with reset_after=True, both of its biases included.
ORDERS: dict[str, tuple[int, ...]] = {"RNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 1, 2, 3)}


def installed() -> bool:
    """Whether PyTorch is there; it need not be."""
    return importlib.util.find_spec("torch") is not None


def reordered(array: Array, order: Sequence[int]) -> Array:
    """The gates of the last axis in another order.

    Example:

    >>> reordered(np.array([[1, 2, 3, 4, 5, 6]]), (1, 0, 2))
    array([[3, 4, 1, 2, 5, 6]])
    """
    gates = np.split(array, len(order), axis=-1)
    return np.concatenate([gates[k] for k in order], axis=-1)


def give_weights(layer: Any, name: str, weights: Sequence[Array], end: str = "l0") -> list[Any]:
    """Keras's kernel, recurrent kernel and bias to a `torch.nn.<name>`; returns its parameters.

    `end` is what PyTorch appends to the names of a layer and direction, as in `weight_ih_l0`.
    """
    import torch

    kernel, recurrent_kernel, bias = (reordered(array, ORDERS[name]) for array in weights)
    # PyTorch adds two biases; where Keras has one, the second stays zero.
    of_input, of_state = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    own = [getattr(layer, f"{parameter}_{end}") for parameter in names]
    with torch.no_grad():
        for parameter, array in zip(
            own, (kernel.T, recurrent_kernel.T, of_input, of_state), strict=True
        ):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))
    return own


def torch_step(
    name: str, weights: Sequence[Array], inputs: Array, d_outputs: Array
) -> Callable[[], list[Any]]:
    """`torch.nn.<name>` forward and backward: its outputs `[B, T, H]`, then the gradients.

    They are those of the inputs, kernel, recurrent kernel and bias, in PyTorch's order of gates
    (`in_keras_order` turns them over), as tensors.
    """
    import torch

    torch.set_num_threads(available_cores())  # as many as TensorFlow uses
    two_biases = weights[2].ndim == 2
    layer = getattr(torch.nn, name)(inputs.shape[-1], d_outputs.shape[-1], batch_first=True)
    own = give_weights(layer, name, weights)
    fed = torch.from_numpy(inputs).requires_grad_()
    fixed = torch.from_numpy(d_outputs)

    def step() -> list[Any]:
        outputs, _ = layer(fed)
        loss = (outputs * fixed).sum()
        d_inputs, d_kernel, d_recurrent, *d_biases = torch.autograd.grad(loss, [fed, *own])
        d_bias = torch.stack(d_biases) if two_biases else d_biases[0]
        return [outputs.detach(), d_inputs, d_kernel.T, d_recurrent.T, d_bias]

    return step


def in_keras_order(name: str, results: Sequence[Array]) -> list[Array]:
    """What `torch_step` returned, as arrays with Keras's order of gates."""
    outputs, d_inputs, *d_weights = results
    back = np.argsort(ORDERS[name])
    return [outputs, d_inputs, *(reordered(array, [int(k) for k in back]) for array in d_weights)]
