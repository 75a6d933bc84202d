"""One recurrent layer forward and backward, by every peer: the same weights, the same gradients.

The peers are the kit's layer; Keras's of that name as it comes (on a CPU, Keras's `fit` leaves XLA
out), with `jit_compile=True` and with `unroll=True`; and PyTorch's where that is installed, which
has no such mask and so stands aside where there is one. The Keras ones stand in a `tf.function` of
their own, as in a train step, and shapes are static, as `tf.data` gives them. The bound is timed
with them.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks import bound, grid, torch_layers
from benchmarks.agreement import check_agreement
from benchmarks.grid import Shape
from benchmarks.peers import AS_IT_COMES, BOUND, JIT, OURS, TORCH, UNROLL
from benchmarks.report import Row
from benchmarks.timing import alternate
from keras_rnn_kit import layers

PEERS = (OURS, AS_IT_COMES, JIT, UNROLL, TORCH, BOUND)
RESULTS = ("outputs", "d_inputs", "d_kernel", "d_recurrent_kernel", "d_bias")
# A gradient adds up as many as T·B = 12,800 float32 products, which each peer does in another
# order: 3e-6 is usual. A peer that really differs is away by 1e-2 and more.
TOLERANCE = 3e-5

# A timing repeats short steps for so long. Idle threads of the peer before, which look out for work
# for about a millisecond, then don't count.
SECONDS = 0.05

Step = Callable[[], list[Any]]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A layer that Keras, PyTorch and the kit all have."""

    name: str
    torch: str
    gates: int = 1
    biases: int = 1
    unrolled: bool = False  # unroll=True takes minutes to trace where a step has many operations


SIMPLE_RNN = Kind("SimpleRNN", "RNN", unrolled=True)
GRU = Kind("GRU", "GRU", gates=3, biases=2)
LSTM = Kind("LSTM", "LSTM", gates=4)


def layer_row(
    kind: Kind,
    shape: Shape,
    *,
    masked: bool,
    rounds: int,
    seconds: float = SECONDS,
    seed: int = 0,
) -> Row:
    """Times one shape; `KitError` where the peers don't agree."""
    steps = layer_steps(kind, shape, masked=masked, seed=seed)
    results = {peer: [array_of(result) for result in step()] for peer, step in steps.items()}
    if TORCH in results:
        results[TORCH] = torch_layers.in_keras_order(kind.torch, results[TORCH])
    differences = check_agreement(
        results, RESULTS, tolerance=TOLERANCE, case=f"{kind.name} [{shape}]"
    )
    timed = {peer: fetching(step) for peer, step in steps.items()}
    timed[BOUND] = bound.products(shape, kind.gates)
    turns = alternate(timed, rounds=rounds, warmup=1, min_seconds=seconds)
    return Row.of({"B, T, E, H": str(shape)}, turns, differences)


def layer_steps(kind: Kind, shape: Shape, *, masked: bool, seed: int = 0) -> dict[str, Step]:
    """By peer, a function that returns `RESULTS`, the gradients those of `Σ outputs · fixed`."""
    rng = np.random.default_rng(seed)
    weights = grid.weights(shape, rng, kind.gates, kind.biases)
    given = Given.drawn(shape, rng, masked=masked)

    steps = {}
    for peer in (OURS, AS_IT_COMES, JIT, *([UNROLL] if kind.unrolled else [])):
        layer = keras_layer(kind, peer, shape)
        layer.set_weights(weights)
        steps[peer] = keras_step(layer, given, jit_compile=peer == JIT)
    if not masked and torch_layers.installed():
        steps[TORCH] = torch_layers.torch_step(kind.torch, weights, given.inputs, given.d_outputs)
    return steps


def keras_layer(kind: Kind, peer: str, shape: Shape) -> Any:
    """The layer that the peer runs, built."""
    module = layers if peer == OURS else keras.layers
    arguments = {"unroll": True} if peer == UNROLL else {}
    layer = getattr(module, kind.name)(shape.units, return_sequences=True, **arguments)
    layer.build((shape.batch, shape.time, shape.features))
    return layer


@dataclasses.dataclass(frozen=True)
class Given:
    """What a step is given: `[B, T, E]`, the gradient of its outputs `[B, T, H]`, its mask."""

    inputs: npt.NDArray[np.float32]
    d_outputs: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_] | None

    @classmethod
    def drawn(cls, shape: Shape, rng: np.random.Generator, *, masked: bool) -> "Given":
        """Normal numbers and, where it is `masked`, rows padded on the right."""
        inputs = rng.normal(size=(shape.batch, shape.time, shape.features)).astype(np.float32)
        d_outputs = rng.normal(size=(shape.batch, shape.time, shape.units)).astype(np.float32)
        return cls(inputs, d_outputs, grid.right_padded(shape, rng) if masked else None)


def keras_step(layer: Any, given: Given, *, jit_compile: bool = False) -> Step:
    """A layer's outputs and the gradients of its inputs and weights, as one `tf.function`."""

    @tf.function(jit_compile=jit_compile, autograph=False)
    def step(inputs: tf.Tensor, d_outputs: tf.Tensor, mask: tf.Tensor | None) -> list[tf.Tensor]:
        variables = [weight.value for weight in layer.trainable_weights]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, mask=mask, training=True)
            loss = tf.reduce_sum(outputs * d_outputs)
        return [outputs, *tape.gradient(loss, [inputs, *variables])]

    arrays = (given.inputs, given.d_outputs, given.mask)
    tensors = [None if array is None else tf.constant(array) for array in arrays]
    return lambda: step(*tensors)


def fetching(step: Step) -> Callable[[], object]:
    """Fetches every gradient, so that nothing is left undone when the clock is read."""
    return lambda: [array_of(result) for result in step()[1:]]


def array_of(tensor: Any) -> npt.NDArray[Any]:
    """The tensor's numbers, TensorFlow's or PyTorch's."""
    array: npt.NDArray[Any] = tensor.numpy()
    return array
