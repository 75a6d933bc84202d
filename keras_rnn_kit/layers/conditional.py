"""A recurrence that a context goes with: beside its inputs, in its initial states, or both."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops, tree
from keras.src.backend import get_keras_mask

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.recurrent import RNN

CONTEXTS = ("input", "state", "both")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class ConditionalRNN(keras.layers.Layer):
    """Runs a cell over `sequences [B, T, E]` under a `context [B, C]`: to `[B, O]` or `[B, T, O]`.

    The context is one vector for a whole sequence: what a picture shows, who is speaking, which
    text it is. With it beside the inputs, the step of a cell `h = φ(x W + h U + b)` becomes
    `h = φ(x W + c R + h U + b)`: W and R are the rows of the cell's one kernel `[E + C, G]`. In the
    initial states, state k of the cell starts from `tanh(c W_k + b_k)`, each with weights of its
    own. That is for every state: the cell state of an LSTM, too, starts within (-1, 1), and the
    steps may take it further.

    A call is `layer(sequences, context, initial_state=None, mask=None)`. A given `initial_state`
    takes the place of the context's. A masked step leaves states as they are, as in `layers.RNN`.

    Args:
        cell: the cell, or a list of cells, each fed with the outputs of the one before. Of a list
            the first one has the context beside its inputs, and all of them start from it; layers
            put on each other bring it to every one.
        context: `"input"`, beside the inputs at every step; `"state"`, in the initial states; or
            `"both"`.
        return_sequences: whether to return the outputs of all steps.
        return_state: whether to return the final states too: a flat list, cell by cell, in the
            order in which `initial_state` takes them back in the call.
        go_backwards, stateful, zero_output_for_mask, recurrence: as in `layers.RNN`. A `stateful`
            layer goes on from the states before, so that its context is `"input"`.
        initial_state: what a call starts from, as in `layers.RNN`, where the context is `"input"`.

    Raises:
        KitError: `context` is none of the three; one that makes the initial states meets
            `stateful=True` or another `initial_state` than `"zeros"`; in a call, the context is not
            `[B, C]`, or `initial_state` has another number of states than the cell; and what
            `layers.RNN` raises.

    Source: Goodfellow, Bengio and Courville, "Deep Learning", 2016, 10.2.4, "Modeling Sequences
    Conditioned on Context with RNNs".

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.cells import LSTMCell
    >>> from keras_rnn_kit.layers import ConditionalRNN
    >>> layer = ConditionalRNN(LSTMCell(4), context="both", return_state=True)
    >>> output, *states = layer(np.ones((2, 3, 5), "float32"), np.ones((2, 6), "float32"))
    >>> output.shape, [tuple(state.shape) for state in states]
    (TensorShape([2, 4]), [(2, 4), (2, 4)])
    """

    def __init__(
        self,
        cell: Any,
        context: str = "both",
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        zero_output_for_mask: bool = False,
        initial_state: str = "zeros",
        recurrence: str = "auto",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.context = checked_context(context)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.zero_output_for_mask = zero_output_for_mask
        self.initial_state = initial_state
        self.recurrence = recurrence
        if context != "input" and (stateful or initial_state != "zeros"):
            raise KitError(
                f"with context={context!r} the context makes the initial states; received "
                f"stateful={stateful!r} and initial_state={initial_state!r}. Pass "
                "context='input', or leave these two out."
            )
        if isinstance(cell, (list, tuple)):
            # Made here, so that it hands the states on in this layer's type of numbers.
            cell = keras.layers.StackedRNNCells(cell, dtype=self.dtype_policy)
        self.recurrent_layer = RNN(
            cell,
            return_sequences=return_sequences,
            return_state=True,
            stateful=stateful,
            zero_output_for_mask=zero_output_for_mask,
            initial_state=initial_state,
            recurrence=recurrence,
            dtype=self.dtype_policy,
            name="recurrent",
        )
        self.context_states = (
            None
            if context == "input"
            else ContextStates(self.state_size, dtype=self.dtype_policy, name="context_states")
        )
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    @property
    def cell(self) -> Any:
        """The cell; of a list of cells, `keras.layers.StackedRNNCells` of them."""
        return self.recurrent_layer.cell

    @property
    def state_size(self) -> list[int]:
        """The widths of the states, cell by cell."""
        return tree.flatten(self.recurrent_layer.state_size)

    @property
    def states(self) -> list[Any] | None:
        """What a stateful layer goes on from; `None` where there is nothing."""
        states = self.recurrent_layer.states
        return None if states is None else tree.flatten(states)

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zero."""
        self.recurrent_layer.reset_state()

    def reset_states(self) -> None:
        """`reset_state`, by Keras's other name."""
        self.reset_state()

    def build(
        self, sequences_shape: Any, context_shape: Any, initial_state_shape: Any = None
    ) -> None:
        """Makes the weights for inputs `[B, T, E]` and a context `[B, C]`."""
        if len(context_shape) != 2 or context_shape[-1] is None:
            raise KitError(
                f"context must be [B, C], one vector a sequence; received the shape "
                f"{tuple(context_shape)} in the layer {self.name!r}. Embed a label, or pool what "
                "has more axes."
            )
        batch, length, features = sequences_shape
        if self.context != "state":
            features += context_shape[-1]
        self.recurrent_layer.build((batch, length, features))
        if self.context_states is not None:
            self.context_states.build(context_shape)

    def call(
        self,
        sequences: Any,
        context: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
    ) -> Any:
        """Runs the cell over `sequences [B, T, E]` under `context [B, C]`."""
        if mask is None:
            mask = get_keras_mask(sequences)  # Keras hands it in where there is one input alone
        if mask is not None:
            mask = ops.cast(ops.reshape(mask, ops.shape(sequences)[:2]), "bool")
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        if initial_state is None and self.context_states is not None:
            initial_state = self.context_states(context)
        if initial_state is not None:
            initial_state = self._by_cell(initial_state)
        if self.context != "state":
            sequences = beside(sequences, context)
        output, *states = self.recurrent_layer(
            sequences, initial_state=initial_state, mask=mask, training=training
        )
        return (output, *tree.flatten(states)) if self.return_state else output

    def _by_cell(self, states: Any) -> Any:
        """The flat list of states as `layers.RNN` takes it."""
        flat = tree.flatten(states)
        if len(flat) != len(self.state_size):
            raise KitError(
                f"initial_state must have the {len(self.state_size)} states of the layer "
                f"{self.name!r}, of the widths {self.state_size}; received {len(flat)}. Pass the "
                "states as a call with return_state=True returns them."
            )
        return tree.pack_sequence_as(self.recurrent_layer.state_size, flat)

    def compute_output_shape(
        self, sequences_shape: Any, context_shape: Any = None, initial_state_shape: Any = None
    ) -> Any:
        """`[B, O]` or `[B, T, O]`, followed by the shapes of the states where they are returned."""
        output, *_ = self.recurrent_layer.compute_output_shape(sequences_shape)
        if not self.return_state:
            return output
        return (output, *((sequences_shape[0], size) for size in self.state_size))

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        """The mask in the order of the outputs, or `None` where time is gone; `None` for states."""
        mask = tree.flatten(mask)[0] if self.return_sequences else None
        if mask is not None and self.go_backwards:
            mask = ops.flip(mask, axis=1)
        return [mask, *[None] * len(self.state_size)] if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them; the cells serialized."""
        return {
            **super().get_config(),
            "cell": keras.saving.serialize_keras_object(self.cell),
            "context": self.context,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "zero_output_for_mask": self.zero_output_for_mask,
            "initial_state": self.initial_state,
            "recurrence": self.recurrence,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ConditionalRNN":
        """The layer again, from `get_config()`."""
        cell = keras.saving.deserialize_keras_object(config["cell"], custom_objects=custom_objects)
        return cls(**{**config, "cell": cell})


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class ContextStates(keras.layers.Layer):
    """A context `[B, C]` to initial states, `tanh(c W_k + b_k) [B, H]` for each width H.

    Args:
        sizes: the widths of the states.

    Example:

    >>> import numpy as np
    >>> [tuple(state.shape) for state in ContextStates([4, 3])(np.ones((2, 5), "float32"))]
    [(2, 4), (2, 3)]
    """

    def __init__(self, sizes: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        self.sizes = list(sizes)

    def build(self, context_shape: Any) -> None:
        """Makes the weights of each state for contexts `[B, C]`."""
        self.kernels = [
            self.add_weight(shape=(context_shape[-1], size), name=f"kernel_{k}")
            for k, size in enumerate(self.sizes)
        ]
        self.biases = [
            self.add_weight(shape=(size,), initializer="zeros", name=f"bias_{k}")
            for k, size in enumerate(self.sizes)
        ]

    def call(self, context: Any) -> list[Any]:
        """The states, in the order of their widths."""
        weights = zip(self.kernels, self.biases, strict=True)
        return [ops.tanh(ops.matmul(context, kernel) + bias) for kernel, bias in weights]

    def compute_output_shape(self, context_shape: Any) -> list[Any]:
        """`[B, H]` for each state."""
        return [(context_shape[0], size) for size in self.sizes]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as the constructor takes them."""
        return {**super().get_config(), "sizes": self.sizes}


def checked_context(context: Any) -> str:
    """`context`, if it is one of the three; `KitError` otherwise."""
    if context not in CONTEXTS:
        raise KitError(
            f"context must be one of {', '.join(CONTEXTS)}; received {context!r}. Pass 'input' for "
            "one at every step, 'state' for one to begin from, or 'both'."
        )
    return str(context)


def beside(sequences: Any, context: Any) -> Any:
    """Every step with the context after its features: `[B, T, E], [B, C] -> [B, T, E + C]`."""
    batch, length, _ = ops.shape(sequences)
    at_every_step = ops.broadcast_to(context[:, None, :], (batch, length, context.shape[-1]))
    return ops.concatenate([sequences, ops.cast(at_every_step, sequences.dtype)], axis=-1)
