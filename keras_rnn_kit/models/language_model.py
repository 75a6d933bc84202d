"""A recurrent language model: which token comes next?

What a label brings to a conditional model is a part of its states: they begin where the label has
them begin, and its embedding, where the steps need it, is one state more, which they hand on
unchanged. All that works over `step(tokens, states)` then works for it as for any other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.conditional import beside, checked_context
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.models.cells import (
    CellClass,
    as_config,
    make_cell,
    name_of_cell,
    serialized,
    serialized_arguments,
)
from keras_rnn_kit.models.endings import BernoulliEnding, check_ending_ids
from keras_rnn_kit.models.label_states import LabelStates


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LanguageModel(keras.Model):
    """Tokens `[B, T]` to the next token's logits `[B, T, V]`: embedding, recurrence, output layer.

    Args:
        vocabulary_size: V, the number of token ids.
        units: H, the width of each recurrent layer.
        cell: the recurrence: the name of one of the kit's cells, such as `"GRU"`, or a projected
            cell class of your own, registered with Keras, whose first argument is its units.
        embedding: E, the width of the embedding; `None` for one-hot vectors, as in the textbook.
        layers: how many recurrent layers stand on each other.
        activation: φ of the recurrent layers; `None` for the cell's own.
        dropout: the share dropped of each recurrent layer's output, drawn anew at each step
            (Zaremba et al. 2014, who drop the embedding too).
        stateful: whether a batch goes on from the states that the one before left behind: for
            `language_model_windows(partition="sequential")`. The batch size is then fixed.
        labels: the names of the labels that a text may have, in the order of their ids; `None` for
            a model without. With labels, it is the conditional model of `(tokens [B, T], labels
            [B])`, trained on `data.labelled_windows`.
        context: where a label's embedding goes, as in `layers.ConditionalRNN`: `"input"`, beside
            the inputs of every recurrent layer at every step; `"state"`, into the initial states of
            all of them; or `"both"`.
        label_embedding: C, the width of a label's embedding; `None` for that of the tokens, one-hot
            vectors included.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults.
        termination: how a text ends: with a `"token"` like any other, or by a second output that
            decides at each step, `"bernoulli"`. The scores are then log-probabilities, that of
            `eos_id` being the decision's: it is trained on texts that end with `<eos>`
            (`data.document_windows`), and generates with `stop="<eos>"`. See `models/endings.py`.
        eos_id: the id of `<eos>`, for `"bernoulli"`.

    Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`. To go on from
    given states, pass `states` and `return_states=True`, or take one `step` at a time; what is
    returned as states is accepted as states.

    A conditional model begins from `initial_states(batch, labels)`, and has no beginning without a
    label.

    Raises `KitError` for sizes below 1, rates outside [0, 1), a cell that isn't known or doesn't
    take its arguments, an ending that there is not, labels that are not different names or meet
    `stateful=True`, and in a call for a label that is not known.

    Source: Zhang et al., "Dive into Deep Learning", "Recurrent Neural Network Implementation";
    Goodfellow, Bengio and Courville, "Deep Learning", 2016, 10.2.4, of the labels.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import LanguageModel
    >>> model = LanguageModel(vocabulary_size=20, units=8, embedding=4)
    >>> model(np.array([[3, 7, 2]])).shape
    TensorShape([1, 3, 20])
    >>> logits, states = model.step(np.array([3]))
    >>> logits, states = model.step(np.array([7]), states)
    >>> logits.shape
    TensorShape([1, 20])

    With labels, the same step goes on from where a label begins:

    >>> model = LanguageModel(20, units=8, embedding=4, labels=("prose", "verse"))
    >>> model((np.array([[3, 7, 2]]), np.array([1]))).shape
    TensorShape([1, 3, 20])
    >>> logits, states = model.step(np.array([3]), model.initial_states(1, "verse"))
    """

    kind: ClassVar[str] = "language_model"

    def __init__(
        self,
        vocabulary_size: int,
        units: int = 256,
        *,
        cell: str | CellClass = "SimpleRNN",
        embedding: int | None = 64,
        layers: int = 1,
        activation: Any = None,
        dropout: float = 0.0,
        stateful: bool = False,
        labels: Sequence[str] | None = None,
        context: str = "both",
        label_embedding: int | None = None,
        cell_arguments: Mapping[str, Any] | None = None,
        termination: str = "token",
        eos_id: int = 3,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        arguments.positive_integer("vocabulary_size", vocabulary_size)
        arguments.positive_integer("units", units)
        arguments.positive_integer("layers", layers)
        if embedding is not None:
            arguments.positive_integer("embedding", embedding)
        arguments.rate("dropout", dropout)
        arguments.one_of("termination", termination, ("token", "bernoulli"))
        self.termination = termination
        self.eos_id = eos_id
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.embedding = embedding
        self.cell = name_of_cell(cell)
        self.cell_arguments = serialized_arguments(cell, cell_arguments)
        self.activation = activation
        self.dropout = dropout
        self.stateful = stateful
        self.embedding_layer = (
            None
            if embedding is None
            else keras.layers.Embedding(
                vocabulary_size, embedding, name="embedding", dtype=self.dtype_policy
            )
        )
        self.recurrent_layers = [
            RNN(
                make_cell(cell, units, activation, self.dtype_policy, self.cell_arguments),
                return_sequences=True,
                return_state=True,
                stateful=stateful,
                name=f"recurrent_{k}",
                dtype=self.dtype_policy,
            )
            for k in range(layers)
        ]
        self.dropout_layers = [
            keras.layers.Dropout(dropout, name=f"dropout_{k}", dtype=self.dtype_policy)
            for k in range(layers)
        ]
        if termination == "bernoulli":
            check_ending_ids(vocabulary_size, eos_id=eos_id)
            self.output_layer: Any = BernoulliEnding(
                vocabulary_size, eos_id, name="output", dtype=self.dtype_policy
            )
        else:
            self.output_layer = keras.layers.Dense(
                vocabulary_size, name="output", dtype=self.dtype_policy
            )
        self.context = checked_context(context)
        self.label_embedding = label_embedding
        self.label_states = None
        if labels is not None:
            if stateful:
                raise KitError(
                    "a model with labels begins each window from its label, a stateful one goes on "
                    "from the window before; received labels and stateful=True. Leave out one."
                )
            self.label_states = LabelStates(
                labels,
                [size for layer in self.recurrent_layers for size in layer.cell.state_sizes],
                context,
                embedding if label_embedding is None else label_embedding,
                name="label_states",
                dtype=self.dtype_policy,
            )

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The names of the labels, in the order of their ids; `None` for a model without."""
        return None if self.label_states is None else self.label_states.labels

    @property
    def free_shape(self) -> Any:
        """What `build` takes where the sizes of batch and time are free."""
        return (None, None) if self.labels is None else ((None, None), (None,))

    def build(self, input_shape: Any) -> None:
        """Builds the layers for tokens `[B, T]`; with labels, for these and labels `[B]`."""
        # Both, since Keras makes a SavedModel's signature of what it was built for.
        if (self.labels is None) == isinstance(input_shape[0], (list, tuple)):
            raise KitError(
                f"a model is built for tokens [B, T], one with labels for those and labels [B]; "
                f"received the shape {input_shape} for labels {self.labels}. Pass "
                f"{self.free_shape}."
            )
        batch, length = _of_tokens(input_shape)
        if self.embedding_layer is not None:
            self.embedding_layer.build((batch, length))
        width = self.vocabulary_size if self.embedding is None else self.embedding
        more = self._context_size or 0
        for layer in self.recurrent_layers:
            layer.build((batch, length, width + more))
            width = layer.cell.output_size
        self.output_layer.build((batch, length, width))
        if self.label_states is not None:
            self.label_states.build((batch,))
        self.built = True

    def _embed(self, tokens: Any) -> Any:
        if self.embedding_layer is not None:
            return self.embedding_layer(tokens)
        return ops.one_hot(tokens, self.vocabulary_size, dtype=self.compute_dtype)

    def call(
        self,
        tokens: Any,
        states: Sequence[Any] | None = None,
        return_states: bool = False,
        training: bool = False,
    ) -> Any:
        """`[B, T] -> logits [B, T, V]`, with `return_states=True` followed by the states.

        With labels, `tokens` is `(tokens [B, T], labels [B])`, or the tokens alone where `states`
        are given, which bring what their labels were.
        """
        if isinstance(tokens, (list, tuple)):
            tokens, states = self._begin(tokens, states)
        elif states is None and self.label_states is not None:
            raise _no_label(self.labels)
        hidden = self._embed(tokens)
        by_layer, of_label = self._by_layer(states)
        new_states: list[Any] = []
        for k, layer in enumerate(self.recurrent_layers):
            hidden = beside(hidden, *of_label) if of_label else hidden
            hidden, *after = layer(hidden, initial_state=by_layer[k], training=training)
            new_states.extend(after)
            hidden = self.dropout_layers[k](hidden, training=training)
        logits = self.output_layer(hidden)
        return (logits, [*new_states, *of_label]) if return_states else logits

    def _begin(self, inputs: Any, states: Any) -> tuple[Any, Any]:
        """`(tokens, labels)` as tokens, and the states that they begin from."""
        if self.label_states is None or states is not None or len(inputs) != 2:
            raise KitError(
                "(tokens, labels) are for a model with labels, where no states are given; received "
                f"{len(inputs)} inputs and {'no' if states is None else 'given'} states for a "
                f"model whose labels are {self.labels}. Pass the tokens alone."
            )
        tokens, labels = inputs
        return tokens, self.initial_states(ops.shape(tokens)[0], labels)

    def compute_output_shape(self, input_shape: Any, **kwargs: Any) -> Any:
        """`[B, T, V]`."""
        return (*_of_tokens(input_shape), self.vocabulary_size)

    def initial_states(self, batch_size: int, labels: Any = None) -> list[Any]:
        """What B texts begin from: `[B, H]` for each state of each recurrent layer.

        Zeros, or what the labels make of them: one name or id for all rows, or one for each. A
        model whose steps need the label's embedding `[B, C]` has it as its last state.
        """
        if self.label_states is None:
            if labels is not None:
                raise KitError(
                    "a label is for a model that was made with labels=...; received "
                    f"{labels!r} for one without. Leave it out."
                )
            return [ops.zeros((batch_size, size), self.compute_dtype) for size in self.state_sizes]
        if labels is None:
            raise _no_label(self.labels)
        if not self.built:
            self.build(self.free_shape)
        states: list[Any] = self.label_states(self.label_states.ids(labels, batch_size))
        return states

    @property
    def score_dtype(self) -> str:
        """The type of its predictions: log-probabilities are in single precision at the least."""
        made: Any = getattr(self.output_layer, "score_dtype", self.compute_dtype)
        return str(made)

    @property
    def _context_size(self) -> int | None:
        """C, where a label stands beside the inputs."""
        of_labels = self.label_states
        return of_labels.context_size if of_labels and of_labels.at_every_step else None

    @property
    def state_sizes(self) -> list[int]:
        """The widths of the states, layer by layer, and of the label where the steps need it."""
        sizes = [size for layer in self.recurrent_layers for size in layer.cell.state_sizes]
        return sizes if self._context_size is None else [*sizes, self._context_size]

    @property
    def state_names(self) -> list[str]:
        """A name for each state, in their order."""
        return [f"state_{k}" for k in range(len(self.state_sizes))]

    def _by_layer(self, states: Sequence[Any] | None) -> tuple[list[Any], list[Any]]:
        """The states of each layer, and `[label [B, C]]` or nothing."""
        if states is None:
            return [None] * len(self.recurrent_layers), []
        if len(states) != len(self.state_sizes):
            raise KitError(
                f"states must be the {len(self.state_sizes)} of the model, {self.state_names}; "
                f"received {len(states)}. Pass what it returned, or None for its initial ones."
            )
        left = iter(states)
        of_layers = [
            [next(left) for _ in layer.cell.state_sizes] for layer in self.recurrent_layers
        ]
        return of_layers, list(left)

    def step(self, tokens: Any, states: Sequence[Any] | None = None) -> tuple[Any, list[Any]]:
        """One token a row: `tokens [B] -> (logits [B, V], states)`.

        `None` starts from zeros; a model with labels starts from `initial_states(B, labels)`.
        """
        tokens = ops.convert_to_tensor(tokens)
        if not self.built:
            self.build(self.free_shape)
        if states is None:
            states = self.initial_states(ops.shape(tokens)[0])
        hidden = self._embed(tokens)
        by_layer, of_label = self._by_layer(states)
        new_states: list[Any] = []
        for layer, before in zip(self.recurrent_layers, by_layer, strict=True):
            hidden = ops.concatenate([hidden, *of_label], axis=-1) if of_label else hidden
            hidden, after = layer.cell(hidden, before)
            new_states.extend(after)
        return self.output_layer(hidden), [*new_states, *of_label]

    def warm_up(self, tokens: Any, lengths: Any, states: Sequence[Any] | None = None) -> list[Any]:
        """The states after the first `lengths [B]` tokens of each row, `tokens [B, T]`."""
        hidden = self._embed(tokens)
        mask = ops.less(ops.arange(ops.shape(tokens)[1]), ops.expand_dims(lengths, 1))
        by_layer, of_label = self._by_layer(states)
        new_states: list[Any] = []
        for layer, before in zip(self.recurrent_layers, by_layer, strict=True):
            hidden = beside(hidden, *of_label) if of_label else hidden
            hidden, *after = layer(hidden, initial_state=before, mask=mask, training=False)
            new_states.extend(after)
        return [*new_states, *of_label]

    def reset_states(self) -> None:
        """Sets the states of a `stateful=True` model back to zero."""
        for layer in self.recurrent_layers:
            layer.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; those of labels where there are labels."""
        of_labels = {
            "labels": list(self.labels or []),
            "context": self.context,
            "label_embedding": self.label_embedding,
        }
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
            "cell": self.cell,
            "embedding": self.embedding,
            "layers": len(self.recurrent_layers),
            "activation": serialized(self.activation),
            "dropout": self.dropout,
            "stateful": self.stateful,
            "termination": self.termination,
            "eos_id": self.eos_id,
            **({} if self.label_states is None else of_labels),
            **as_config(self.cell_arguments),
        }


def _of_tokens(shape: Any) -> tuple[Any, Any]:
    """`(B, T)` out of the shape of the tokens, or of the tokens and the labels."""
    batch, length = shape[0] if isinstance(shape[0], (list, tuple)) else shape[:2]
    return batch, length


def _no_label(labels: Any) -> KitError:
    return KitError(
        f"a model with labels begins from one of them, {', '.join(labels)}; received none. Pass "
        "(tokens, labels), or states=model.initial_states(batch, label)."
    )
