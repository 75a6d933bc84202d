"""One recurrent layer forward and backward, by every peer: the same weights, the same gradients.

The peers are the kit's `SimpleRNN`; `keras.layers.SimpleRNN` as it comes (on a CPU, Keras's `fit`
leaves XLA out), with `jit_compile=True` and with `unroll=True`; and `torch.nn.RNN` where PyTorch is
installed, which has no such mask and so stands aside where there is one. The Keras ones stand in a
`tf.function` of their own, as in a train step, and shapes are static, as `tf.data` gives them.
"""

import importlib.util
import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks import grid
from benchmarks.agreement import check_agreement
from benchmarks.grid import Shape
from benchmarks.report import OURS, Row
from benchmarks.timing import alternate
from keras_rnn_kit.layers import SimpleRNN

AS_IT_COMES = "Keras"
PEERS = (OURS, AS_IT_COMES, "Keras jit_compile", "Keras unroll", "torch.nn.RNN")
RESULTS = ("outputs", "d_inputs", "d_kernel", "d_recurrent_kernel", "d_bias")
# A gradient adds up as many as T·B = 12,800 float32 products, which each peer does in another
# order: 3e-6 is usual. A peer that really differs is away by 1e-2 and more.
TOLERANCE = 3e-5

# A timing repeats short steps for so long. Idle threads of the peer before, which look out for work
# for about a millisecond, then don't count.
SECONDS = 0.05

Step = Callable[[], list[Any]]


def layer_row(
    shape: Shape, *, masked: bool, rounds: int, seconds: float = SECONDS, seed: int = 0
) -> Row:
    """Times one shape; `KitError` where the peers don't agree."""
    steps = layer_steps(shape, masked=masked, seed=seed)
    results = {peer: [_array(result) for result in step()] for peer, step in steps.items()}
    differences = check_agreement(results, RESULTS, tolerance=TOLERANCE, case=f"[{shape}]")
    timed = {peer: _fetching(step) for peer, step in steps.items()}
    times = alternate(timed, rounds=rounds, warmup=1, min_seconds=seconds)
    return Row({"B, T, E, H": str(shape)}, times, differences)


def layer_steps(shape: Shape, *, masked: bool, seed: int = 0) -> dict[str, Step]:
    """By peer, a function that returns `RESULTS`, the gradients those of `Σ outputs · fixed`."""
    rng = np.random.default_rng(seed)
    weights = grid.weights(shape, rng)
    inputs = rng.normal(size=(shape.batch, shape.time, shape.features)).astype(np.float32)
    d_outputs = rng.normal(size=(shape.batch, shape.time, shape.units)).astype(np.float32)
    mask = grid.right_padded(shape, rng) if masked else None

    makers = {
        OURS: (SimpleRNN, {}, False),
        AS_IT_COMES: (keras.layers.SimpleRNN, {}, False),
        "Keras jit_compile": (keras.layers.SimpleRNN, {}, True),
        "Keras unroll": (keras.layers.SimpleRNN, {"unroll": True}, False),
    }
    steps = {}
    for peer, (layer_class, arguments, jit_compile) in makers.items():
        layer = layer_class(shape.units, return_sequences=True, **arguments)
        layer.build(inputs.shape)
        layer.set_weights(weights)
        steps[peer] = _keras_step(layer, inputs, d_outputs, mask, jit_compile)
    if mask is None and importlib.util.find_spec("torch"):
        steps["torch.nn.RNN"] = _torch_step(weights, inputs, d_outputs)
    return steps


def _keras_step(
    layer: Any,
    inputs: npt.NDArray[np.float32],
    d_outputs: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_] | None,
    jit_compile: bool,
) -> Step:
    @tf.function(jit_compile=jit_compile, autograph=False)
    def step(inputs: tf.Tensor, d_outputs: tf.Tensor, mask: tf.Tensor | None) -> list[tf.Tensor]:
        variables = [weight.value for weight in layer.trainable_weights]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, mask=mask, training=True)
            loss = tf.reduce_sum(outputs * d_outputs)
        return [outputs, *tape.gradient(loss, [inputs, *variables])]

    given = [None if array is None else tf.constant(array) for array in (inputs, d_outputs, mask)]
    return lambda: step(*given)


def _torch_step(
    weights: list[npt.NDArray[np.float32]],
    inputs: npt.NDArray[np.float32],
    d_outputs: npt.NDArray[np.float32],
) -> Step:
    import torch

    if hasattr(os, "sched_getaffinity"):
        torch.set_num_threads(len(os.sched_getaffinity(0)))  # as many as TensorFlow uses
    kernel, recurrent_kernel, bias = weights
    layer = torch.nn.RNN(inputs.shape[-1], len(bias), batch_first=True)
    with torch.no_grad():
        # PyTorch adds two biases; the second stays zero, its gradient is the first one's again.
        layer.weight_ih_l0.copy_(torch.from_numpy(kernel.T))
        layer.weight_hh_l0.copy_(torch.from_numpy(recurrent_kernel.T))
        layer.bias_ih_l0.copy_(torch.from_numpy(bias))
        layer.bias_hh_l0.zero_()
    fed = torch.from_numpy(inputs).requires_grad_()
    fixed = torch.from_numpy(d_outputs)
    parameters = [fed, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]

    def step() -> list[Any]:
        outputs, _ = layer(fed)
        loss = (outputs * fixed).sum()
        d_inputs, d_kernel, d_recurrent, d_bias, _ = torch.autograd.grad(loss, parameters)
        return [outputs.detach(), d_inputs, d_kernel.T, d_recurrent.T, d_bias]

    return step


def _fetching(step: Step) -> Callable[[], object]:
    """Fetches every gradient, so that nothing is left undone when the clock is read."""
    return lambda: [_array(result) for result in step()[1:]]


def _array(tensor: Any) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = tensor.numpy()
    return array
