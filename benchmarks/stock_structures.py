"""What the kit has beyond single cells, as one writes it in stock Keras; same weights, same order.

The cells are for `keras.layers.RNN`, with all their products in `call`.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


class DeepTransitionCell(keras.layers.Layer):
    """`z = tanh(x W + h U + b)`, then further layers, the last of which sees `h S`, too."""

    def __init__(self, units: int, depth: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.depth = depth
        self.state_size = self.output_size = units

    def build(self, input_shape: Any) -> None:
        """Makes the weights; U and S stand side by side, which makes one product of two."""
        units = self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(units, 2 * units), name="recurrent_kernel")
        self.bias = self.add_weight(shape=(units,), name="bias")
        self.layers = []
        for k in range(2, self.depth + 1):
            kernel = self.add_weight(shape=(units, units), name=f"transition_kernel_{k}")
            self.layers.append((kernel, self.add_weight(shape=(units,), name=f"bias_{k}")))

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """One step."""
        recurrent, shortcut = ops.split(ops.matmul(states[0], self.recurrent_kernel), 2, axis=-1)
        h = ops.tanh(ops.matmul(inputs, self.kernel) + recurrent + self.bias)
        for number, (kernel, bias) in enumerate(self.layers, start=2):
            total = ops.matmul(h, kernel) + bias
            h = ops.tanh(total + shortcut if number == self.depth else total)
        return h, [h]


class OutputFeedbackCell(keras.layers.Layer):
    """`h = tanh(x W + o U + b)`, `o = h V + c`; `both` also feeds h back, by R.

    `forced` has the value that is fed back behind the inputs: `[B, E + O]`.
    """

    def __init__(self, units: int, outputs: int, both: bool, forced: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.units, self.outputs, self.both, self.forced = units, outputs, both, forced
        self.output_size = outputs
        self.state_size = [units, outputs] if both else outputs

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        units, outputs = self.units, self.outputs
        features = input_shape[-1] - (outputs if self.forced else 0)
        self.kernel = self.add_weight(shape=(features, units), name="kernel")
        if self.both:
            self.recurrent_kernel = self.add_weight(shape=(units, units), name="recurrent_kernel")
        self.feedback_kernel = self.add_weight(shape=(outputs, units), name="feedback_kernel")
        self.bias = self.add_weight(shape=(units,), name="bias")
        self.output_kernel = self.add_weight(shape=(units, outputs), name="output_kernel")
        self.output_bias = self.add_weight(shape=(outputs,), name="output_bias")

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
        """One step."""
        fed_back = states[-1]
        if self.forced:
            inputs, fed_back = ops.split(inputs, [self.kernel.shape[0]], axis=-1)
        total = ops.matmul(inputs, self.kernel) + ops.matmul(fed_back, self.feedback_kernel)
        if self.both:
            total = total + ops.matmul(states[0], self.recurrent_kernel)
        h = ops.tanh(total + self.bias)
        output = ops.matmul(h, self.output_kernel) + self.output_bias
        return output, [h, output] if self.both else [output]


def at_once(cell: OutputFeedbackCell, inputs: Any) -> Any:
    """The outputs of a built forced cell: in the loop is what feeds the hidden state back, if any.

    Keras's `SimpleRNN` and `Dense` would do, but for the form of the weights.
    """
    kernel = ops.concatenate([cell.kernel, cell.feedback_kernel], axis=0)
    total = ops.matmul(inputs, kernel) + cell.bias
    if cell.both:
        recurrence = Recurrence(cell.units, cell.recurrent_kernel)
        h = keras.layers.RNN(recurrence, return_sequences=True)(total)
    else:
        h = ops.tanh(total)
    return ops.matmul(h, cell.output_kernel) + cell.output_bias


class Recurrence(keras.layers.Layer):
    """`h = tanh(p + h R)`."""

    def __init__(self, units: int, recurrent_kernel: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.state_size = units
        self.recurrent_kernel = recurrent_kernel

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """One step."""
        h = ops.tanh(inputs + ops.matmul(states[0], self.recurrent_kernel))
        return h, [h]


def one_later(targets: Any) -> Any:
    """What is fed back at each step, `[B, T, O]`: zeros, then the target of the step before."""
    return ops.pad(targets[:, :-1], [[0, 0], [1, 0], [0, 0]])


class Conditional(keras.layers.Layer):
    """`keras.layers.SimpleRNN` with a context beside its inputs and in its initial state."""

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.recurrent_layer = keras.layers.SimpleRNN(units, return_sequences=True)
        self.state_layer = keras.layers.Dense(units, activation="tanh")

    def build(self, sequences_shape: Any, context_shape: Any) -> None:
        """Builds both layers."""
        width = sequences_shape[-1] + context_shape[-1]
        self.recurrent_layer.build((*sequences_shape[:2], width))
        self.state_layer.build(context_shape)

    def call(
        self, sequences: Any, context: Any, sequences_mask: Any = None, training: bool = False
    ) -> Any:
        """`[B, T, E]` and `[B, C]` to `[B, T, H]`."""
        steps = ops.shape(sequences)[1]
        repeated = ops.repeat(context[:, None], steps, axis=1)  # `RepeatVector` of a free length
        joined = ops.concatenate([sequences, repeated], axis=-1)
        state = self.state_layer(context)
        return self.recurrent_layer(
            joined, initial_state=[state], mask=sequences_mask, training=training
        )


class EncoderDecoder(keras.layers.Layer):
    """GRU encoder in both directions, GRU decoder, `keras.layers.Attention`; padding is id 0."""

    def __init__(
        self, vocabulary_size: int, units: int, embedding: int, key_bias: bool, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.units = units
        self.source_embedding = keras.layers.Embedding(vocabulary_size, embedding)
        self.encoder = keras.layers.Bidirectional(
            keras.layers.GRU(units, return_sequences=True, return_state=True)
        )
        self.target_embedding = keras.layers.Embedding(vocabulary_size, embedding)
        self.decoder = keras.layers.GRU(units, return_sequences=True)
        self.bridge = keras.layers.Dense(units, activation="tanh")
        self.key_layer = keras.layers.Dense(units, use_bias=key_bias)
        self.attention = keras.layers.Attention()
        self.attended_layer = keras.layers.Dense(units, activation="tanh", use_bias=False)
        self.output_layer = keras.layers.Dense(vocabulary_size)

    def build(self, input_shape: Any = None) -> None:
        """Builds the layers; their sizes are all known."""
        units, width = self.units, self.source_embedding.output_dim
        self.source_embedding.build()
        self.encoder.build((None, None, width))
        self.target_embedding.build()
        self.decoder.build((None, None, width))
        self.bridge.build((None, 2 * units))
        self.key_layer.build((None, None, 2 * units))
        self.attended_layer.build((None, None, 3 * units))
        self.output_layer.build((None, None, units))

    def call(self, inputs: Any, training: bool = False) -> Any:
        """`(source [B, S], target [B, T])` to `[B, T, V]`."""
        source, target = inputs
        source_mask, target_mask = ops.not_equal(source, 0), ops.not_equal(target, 0)
        values, forward, backward = self.encoder(
            self.source_embedding(source), mask=source_mask, training=training
        )
        state = self.bridge(ops.concatenate([forward, backward], axis=-1))
        hidden = self.decoder(
            self.target_embedding(target),
            initial_state=[state],
            mask=target_mask,
            training=training,
        )
        keys = self.key_layer(values)
        read = self.attention([hidden, values, keys], mask=[None, source_mask])
        return self.output_layer(self.attended_layer(ops.concatenate([hidden, read], axis=-1)))


class BalancedTree(keras.layers.Layer):
    """A cell of Keras over a balanced tree of leaves `[B, T, H]`, to its root `[B, H]`.

    By `by_level` all nodes of a level are one call of the cell; without it each node is one, as the
    recursion is written down.
    """

    def __init__(self, cell: Any, by_level: bool, **kwargs: Any):
        super().__init__(**kwargs)
        self.cell = cell
        self.compose = self._levels if by_level else self._recursion

    def build(self, leaves_shape: Any) -> None:
        """Builds the cell."""
        self.cell.build((None, leaves_shape[-1]))

    def call(self, leaves: Any, training: bool = False) -> Any:
        """`[B, T, H]` to `[B, H]`, T being known."""
        made: Callable[[Any], Any] = self.compose
        return made(leaves)

    def _levels(self, nodes: Any) -> Any:
        while (count := nodes.shape[1]) > 1:
            pairs, width = count // 2, nodes.shape[-1]
            left, right = nodes[:, 0 : 2 * pairs : 2], nodes[:, 1 : 2 * pairs : 2]
            before = [ops.reshape(left, (-1, width))]
            made, _ = self.cell(ops.reshape(right, (-1, width)), before)
            made = ops.reshape(made, (-1, pairs, width))
            odd = nodes[:, 2 * pairs :]
            nodes = made if count == 2 * pairs else ops.concatenate([made, odd], axis=1)
        return nodes[:, 0]

    def _recursion(self, nodes: Any) -> Any:
        count = nodes.shape[1]
        if count == 1:
            return nodes[:, 0]
        half = 1 << (count - 1).bit_length() - 1  # the largest power of two below the count
        left, right = self._recursion(nodes[:, :half]), self._recursion(nodes[:, half:])
        return self.cell(right, [left])[0]
