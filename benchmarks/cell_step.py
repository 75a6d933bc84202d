"""Each of the kit's cells in its layer, beside the very same cell in `keras.layers.RNN`."""

import keras
import numpy as np

from benchmarks import bound
from benchmarks.agreement import check_agreement
from benchmarks.grid import Shape
from benchmarks.layer_step import SECONDS, Given, array_of, fetching, keras_step
from benchmarks.peers import AS_IT_COMES, BOUND, OURS
from benchmarks.report import Row
from benchmarks.timing import alternate
from keras_rnn_kit import layers
from keras_rnn_kit.layers.named import NamedRNN

PEERS = (OURS, AS_IT_COMES, BOUND)
# As for the layers (`layer_step.TOLERANCE`), and wider: a relu that one peer's rounding opens and
# the other's closes changes a gradient by more than its last digits.
TOLERANCE = 1e-4


def named_layers() -> dict[str, type[NamedRNN]]:
    """The package's layers that are one cell over time, by name."""
    found = {name: getattr(layers, name) for name in sorted(layers.__all__, key=str.lower)}
    return {name: layer for name, layer in found.items() if issubclass(layer, NamedRNN)}


def cell_row(
    layer_class: type[NamedRNN],
    shape: Shape,
    *,
    rounds: int,
    seconds: float = SECONDS,
    seed: int = 0,
) -> Row:
    """Times one cell at one shape; `KitError` where the two don't agree."""
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    given = Given.drawn(shape, rng, masked=False)
    ours = layer_class(shape.units, return_sequences=True)
    ours.build(given.inputs.shape)
    for weight in ours.weights:
        if not np.any(weight.numpy()):  # a bias that is zero could be forgotten unseen
            weight.assign(rng.normal(0, 0.1, weight.shape))
    theirs = keras.layers.RNN(ours.cell, return_sequences=True)
    theirs.build(given.inputs.shape)

    steps = {OURS: keras_step(ours, given), AS_IT_COMES: keras_step(theirs, given)}
    results = {peer: [array_of(result) for result in step()] for peer, step in steps.items()}
    names = ["outputs", "d_inputs", *(f"d_{weight.name}" for weight in ours.trainable_weights)]
    name = layer_class.__name__
    differences = check_agreement(results, names, tolerance=TOLERANCE, case=f"{name} [{shape}]")
    timed = {peer: fetching(step) for peer, step in steps.items()}
    timed[BOUND] = bound.one_product(bound.operations(ours.cell, shape))
    turns = alternate(timed, rounds=rounds, warmup=1, min_seconds=seconds)
    return Row.of({"cell": name, "B, T, E, H": str(shape)}, turns, differences)
