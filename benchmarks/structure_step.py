"""The networks of `structures.py` forward and backward, by every peer.

Each is one `tf.function` of fixed shapes, with the same weights and inputs, and gives outputs and
all gradients.
"""

import keras
import numpy as np
import tensorflow as tf

from benchmarks.agreement import check_agreement
from benchmarks.cell_step import TOLERANCE
from benchmarks.grid import Shape
from benchmarks.layer_step import SECONDS, Step, array_of, fetching
from benchmarks.peers import AS_IT_COMES, AT_ONCE, JIT, OURS
from benchmarks.report import Row
from benchmarks.structures import STRUCTURES, Network, normal
from benchmarks.timing import alternate

PEERS = (OURS, AS_IT_COMES, JIT, AT_ONCE)


def structure_row(
    name: str, shape: Shape, *, rounds: int, seconds: float = SECONDS, seed: int = 0
) -> Row:
    """Times one structure at one shape; `KitError` where the peers don't agree."""
    names, steps = structure_steps(name, shape, seed=seed)
    results = {
        peer: [array_of(result) for name, result in zip(names, step(), strict=True) if name]
        for peer, step in steps.items()
    }
    compared, case = [name for name in names if name], f"{name} [{shape}]"
    differences = check_agreement(results, compared, tolerance=TOLERANCE, case=case)
    timed = {peer: fetching(step) for peer, step in steps.items()}
    turns = alternate(timed, rounds=rounds, warmup=1, min_seconds=seconds)
    return Row.of({"structure": name, "B, T, E, H": str(shape)}, turns, differences)


def structure_steps(name: str, shape: Shape, seed: int = 0) -> tuple[list[str], dict[str, Step]]:
    """What the results are called, by peer a function that returns them; "" is mere rounding."""
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    structure = STRUCTURES[name](shape, rng)
    networks = structure.networks
    ours = networks[OURS]
    for weight in ours.weights:
        if not np.any(weight.numpy()):  # a bias that is zero could be forgotten unseen
            weight.assign(rng.normal(0, 0.1, weight.shape))
    for network in networks.values():
        for theirs, weight in zip(network.weights, ours.weights, strict=True):
            theirs.assign(weight)

    inputs = [tf.constant(array) for array in structure.inputs]
    d_outputs = tf.constant(normal(rng, *ours.call(*inputs).shape))
    steps = {peer: _step(network, inputs, d_outputs) for peer, network in networks.items()}
    steps[JIT] = _step(networks[AS_IT_COMES], inputs, d_outputs, jit_compile=True)
    watched = [f"d_input_{k}" for k, array in enumerate(inputs) if array.dtype.is_floating]
    paths = [weight.path for weight in ours.weights]
    named = [f"d_{path}" if not path.endswith(structure.rounding) else "" for path in paths]
    return ["outputs", *watched, *named], steps


def _step(
    network: Network, inputs: list[tf.Tensor], d_outputs: tf.Tensor, *, jit_compile: bool = False
) -> Step:
    @tf.function(jit_compile=jit_compile, autograph=False)
    def step(inputs: list[tf.Tensor], d_outputs: tf.Tensor) -> list[tf.Tensor]:
        sources = [tensor for tensor in inputs if tensor.dtype.is_floating]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = network.call(*inputs)
            loss = tf.reduce_sum(outputs * d_outputs)
        sources += [weight.value for weight in network.weights]
        return [outputs, *map(tf.convert_to_tensor, tape.gradient(loss, sources))]

    return lambda: step(inputs, d_outputs)
