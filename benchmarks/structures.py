"""What the kit has beyond single cells, and the same in stock Keras: networks and their inputs.

Conditional, output-feedback and deep-transition networks, an encoder-decoder with attention, and a
balanced tree; the stock ones are made of `stock_structures.py`.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from benchmarks import grid
from benchmarks import stock_structures as stock
from benchmarks.grid import Shape
from benchmarks.peers import AS_IT_COMES, AT_ONCE, OURS
from keras_rnn_kit import cells, layers, models


@dataclasses.dataclass(frozen=True)
class Network:
    """A function of the inputs, and what it is built of, whose weights are to be had in order."""

    call: Callable[..., Any]
    layer: Any

    @property
    def weights(self) -> list[keras.Variable]:
        """The trained ones."""
        weights: list[keras.Variable] = self.layer.trainable_weights
        return weights


@dataclasses.dataclass(frozen=True)
class Structure:
    """The networks by peer, built, and their inputs in NumPy; those of ids have no gradient.

    `rounding` are ends of names of weights on which nothing depends, such as what a softmax sees in
    all its scores alike: their gradients are zero but for rounding, which agrees with no other's.
    """

    networks: dict[str, Network]
    inputs: Sequence[npt.NDArray[Any]]
    rounding: tuple[str, ...] = ()


Make = Callable[[Shape, np.random.Generator], Structure]


def conditional(shape: Shape, rng: np.random.Generator) -> Structure:
    """`ConditionalRNN(context="both")` of tanh; the context is as wide as the inputs."""
    ours = layers.ConditionalRNN(cells.SimpleRNNCell(shape.units), "both", return_sequences=True)
    theirs = stock.Conditional(shape.units)
    sequences, context = _sequences(shape, rng), normal(rng, shape.batch, shape.features)
    for layer in (ours, theirs):
        layer.build(sequences.shape, context.shape)
    calls = {
        peer: Network(lambda x, c, run=layer: run(x, c, training=True), layer)
        for peer, layer in ((OURS, ours), (AS_IT_COMES, theirs))
    }
    return Structure(calls, [sequences, context])


def free_feedback(feedback: str) -> Make:
    """`OutputFeedbackRNN` that meets its own outputs, of the width of its inputs."""

    def make(shape: Shape, rng: np.random.Generator) -> Structure:
        outputs, both = shape.features, feedback == "both"
        ours = layers.OutputFeedbackRNN(
            shape.units, outputs, feedback, activation="tanh", return_sequences=True
        )
        theirs = keras.layers.RNN(
            stock.OutputFeedbackCell(shape.units, outputs, both), return_sequences=True
        )
        return _sequential(ours, theirs, shape, rng)

    return make


def forced_feedback(feedback: str) -> Make:
    """The same that meets all targets: Keras's has them behind its inputs, a step later.

    At once is how Keras can do better: by dense layers over all steps, with no more in the loop
    than the product of the hidden state, where that is fed back, too.
    """

    def make(shape: Shape, rng: np.random.Generator) -> Structure:
        outputs, both = shape.features, feedback == "both"
        sequences = _sequences(shape, rng)
        targets = normal(rng, shape.batch, shape.time, outputs)
        ours = layers.OutputFeedbackRNN(
            shape.units, outputs, feedback, activation="tanh", return_sequences=True
        )
        ours.build(sequences.shape, targets.shape)
        cell = stock.OutputFeedbackCell(shape.units, outputs, both, forced=True)
        theirs = keras.layers.RNN(cell, return_sequences=True)
        theirs.build((*sequences.shape[:2], shape.features + outputs))

        def joined(x: Any, y: Any) -> Any:
            return ops.concatenate([x, stock.one_later(y)], axis=-1)

        networks = {
            OURS: Network(lambda x, y: ours(x, targets=y, training=True), ours),
            AS_IT_COMES: Network(lambda x, y: theirs(joined(x, y), training=True), theirs),
            AT_ONCE: Network(lambda x, y: stock.at_once(cell, joined(x, y)), theirs),
        }
        return Structure(networks, [sequences, targets])

    return make


def deep_transition(depth: int) -> Make:
    """`DeepTransitionRNN(transition_depth=depth)` with its skip."""

    def make(shape: Shape, rng: np.random.Generator) -> Structure:
        ours = layers.DeepTransitionRNN(shape.units, transition_depth=depth, return_sequences=True)
        cell = stock.DeepTransitionCell(shape.units, depth)
        return _sequential(ours, keras.layers.RNN(cell, return_sequences=True), shape, rng)

    return make


def decoder(shape: Shape, rng: np.random.Generator) -> Structure:
    """`EncoderDecoder(attention="luong")` on sources and targets of T steps, padded on the right.

    All of it runs, since the decoder's steps can't do without the encoder.
    """
    ours = models.EncoderDecoder(
        grid.VOCABULARY,
        grid.VOCABULARY,
        shape.units,
        embedding=shape.features,
        attention="luong",
    )
    attention: Any = ours.source_attention
    key_bias = attention.key_layer.use_bias
    theirs = stock.EncoderDecoder(grid.VOCABULARY, shape.units, shape.features, key_bias)
    ours.build()
    theirs.build()
    tokens = [
        np.where(
            grid.right_padded(shape, rng),
            rng.integers(1, grid.VOCABULARY, (shape.batch, shape.time)),
            0,
        ).astype(np.int32)
        for _ in range(2)
    ]
    networks = {
        peer: Network(lambda x, y, run=model: run((x, y), training=True), model)
        for peer, model in ((OURS, ours), (AS_IT_COMES, theirs))
    }
    return Structure(networks, tokens, rounding=("key/bias",))


def tree(shape: Shape, rng: np.random.Generator) -> Structure:
    """`RecursiveNetwork` of a GRU cell on a balanced tree of T leaves, `[B, T, H]`.

    Keras's is the recursion as it is written down, node by node; at once, level by level.
    """
    networks: dict[str, Any] = {
        OURS: layers.RecursiveNetwork(cells.GRUCell(shape.units)),
        AS_IT_COMES: stock.BalancedTree(keras.layers.GRUCell(shape.units), by_level=False),
        AT_ONCE: stock.BalancedTree(keras.layers.GRUCell(shape.units), by_level=True),
    }
    leaves = normal(rng, shape.batch, shape.time, shape.units)
    for layer in networks.values():
        layer.build(leaves.shape)
    return Structure(
        {
            peer: Network(lambda x, run=layer: run(x, training=True), layer)
            for peer, layer in networks.items()
        },
        [leaves],
    )


STRUCTURES: dict[str, Make] = {
    "conditional": conditional,
    "output feedback": free_feedback("output"),
    "output feedback, forced": forced_feedback("output"),
    "both fed back": free_feedback("both"),
    "both fed back, forced": forced_feedback("both"),
    "deep transition, 2": deep_transition(2),
    "deep transition, 3": deep_transition(3),
    "encoder-decoder": decoder,
    "balanced tree": tree,
}


def _sequential(ours: Any, theirs: Any, shape: Shape, rng: np.random.Generator) -> Structure:
    """Two layers over sequences alone."""
    sequences = _sequences(shape, rng)
    for layer in (ours, theirs):
        layer.build(sequences.shape)
    networks = {
        peer: Network(lambda x, run=layer: run(x, training=True), layer)
        for peer, layer in ((OURS, ours), (AS_IT_COMES, theirs))
    }
    return Structure(networks, [sequences])


def _sequences(shape: Shape, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    return normal(rng, shape.batch, shape.time, shape.features)


def normal(rng: np.random.Generator, *sizes: int) -> npt.NDArray[np.float32]:
    """Normal numbers in single precision."""
    return rng.normal(size=sizes).astype(np.float32)
