"""A recurrent language model: which token comes next?

What a text is known to be beforehand is a part of its states. They begin where its label has them
begin, and the label's embedding, where the steps need it, is one state more, which they hand on
unchanged; a length that is known beforehand is counted down in another. All that works over
`step(tokens, states)` then works for these models as for any other.
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
from keras_rnn_kit.models.countdown import Countdown
from keras_rnn_kit.models.endings import (
    PAD_ID,
    TERMINATIONS,
    BernoulliEnding,
    LengthEnding,
    check_ending_ids,
)
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
        termination: how a text ends: with a `"token"` like any other; by a second output that
            decides at each step, `"bernoulli"`; or by its `"length"`, which is known before its
            first token and counted down. The scores of the latter two are log-probabilities: it
            is trained on texts that end with `<eos>` (`data.document_windows`, for `"length"` with
            windows that hold the longest), and generates with `stop="<eos>"`. See
            `models/endings.py`.
        eos_id: the id of `<eos>`, for `"bernoulli"` and `"length"`.
        max_length: the most tokens that a text may have before its `<eos>`, for `"length"`.

    Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)`. To go on from
    given states, pass `states` and `return_states=True`, or take one `step` at a time; what is
    returned as states is accepted as states.

    A conditional model begins from `initial_states(batch, labels)`, and has no beginning without a
    label.

    With `termination="length"`, a call without states takes each row for a whole text: its length
    is the number of tokens that are not id 0, the padding. The sum of the row's log-probabilities
    is then that of the text and its length, of which `log_lengths` has the distribution. `step`
    takes the likeliest length, or the one that `initial_states(batch, text_lengths=...)` is given.

    Raises `KitError` for sizes below 1, rates outside [0, 1), a cell that isn't known or doesn't
    take its arguments, an ending that there is not, labels that are not different names or meet
    `stateful=True`, as a length does, and in a call for a label that is not known or a length above
    `max_length`.

    Source: Zhang et al., "Dive into Deep Learning", "Recurrent Neural Network Implementation";
    Goodfellow, Bengio and Courville, "Deep Learning", 2016, 10.2.3, of the endings, and 10.2.4, of
    the labels.

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

    Of a known length, the text ends when it is reached:

    >>> model = LanguageModel(20, units=8, embedding=4, termination="length", max_length=9)
    >>> logits, states = model.step(np.array([3]), model.initial_states(1, text_lengths=2))
    >>> logits, states = model.step(np.array([7]), states)
    >>> int(np.argmax(logits[:, 1:])) + 1 == model.eos_id
    True
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
        max_length: int = 100,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.autocast = False  # the layers cast what is theirs; counts stay as they are
        arguments.positive_integer("vocabulary_size", vocabulary_size)
        arguments.positive_integer("units", units)
        arguments.positive_integer("layers", layers)
        if embedding is not None:
            arguments.positive_integer("embedding", embedding)
        arguments.rate("dropout", dropout)
        arguments.one_of("termination", termination, TERMINATIONS)
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
        self.max_length = max_length
        self.countdown = None
        named: Any = {"name": "output", "dtype": self.dtype_policy}
        if termination == "token":
            self.output_layer: Any = keras.layers.Dense(vocabulary_size, **named)
        else:
            check_ending_ids(vocabulary_size, eos_id=eos_id)
        if termination == "bernoulli":
            self.output_layer = BernoulliEnding(vocabulary_size, eos_id, **named)
        if termination == "length":
            if stateful:
                raise KitError(
                    "a model of termination='length' begins each text with its length, a stateful "
                    "one goes on from the window before; received stateful=True. Leave out one."
                )
            self.countdown = Countdown(
                max_length, embedding or units, name="countdown", dtype=self.dtype_policy
            )
            self.output_layer = LengthEnding(vocabulary_size, eos_id, max_length, **named)
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
        if self.countdown is not None:
            self.countdown.build((batch, length))
            self.output_layer.length_layer.build((batch, len(self.labels or [None])))
            width += self.countdown.embedding
        more = self._context_size or 0
        for layer in self.recurrent_layers:
            layer.build((batch, length, width + more))
            width = layer.cell.output_size
        self.output_layer.build((batch, length, width))
        if self.label_states is not None:
            self.label_states.build((batch,))
        self.built = True

    def _embed(self, tokens: Any, remaining: Any = None) -> Any:
        """What the first recurrent layer reads of `tokens [...]`, and of what then remains."""
        if self.embedding_layer is not None:
            embedded = self.embedding_layer(tokens)
        else:
            embedded = ops.one_hot(tokens, self.vocabulary_size, dtype=self.compute_dtype)
        if self.countdown is None:
            return embedded
        return ops.concatenate([embedded, self.countdown(remaining)], axis=-1)

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
        elif states is None and self.countdown is not None:
            states = self._of_whole_texts(tokens)
        by_layer, of_label, of_length = self._apart(states)
        length = ops.shape(tokens)[1]
        counted = self._counted(of_length, ops.arange(1, length + 1))
        hidden = self._embed(tokens, *counted[:1])
        new_states: list[Any] = []
        for k, layer in enumerate(self.recurrent_layers):
            hidden = beside(hidden, *of_label) if of_label else hidden
            hidden, *after = layer(hidden, initial_state=by_layer[k], training=training)
            new_states.extend(after)
            hidden = self.dropout_layers[k](hidden, training=training)
        logits = self.output_layer(hidden, *counted)
        if not return_states:
            return logits
        return logits, [*new_states, *of_label, *self._counted(of_length, length)]

    def _begin(self, inputs: Any, states: Any) -> tuple[Any, Any]:
        """`(tokens, labels)` as tokens, and the states that they begin from."""
        if self.label_states is None or states is not None or len(inputs) != 2:
            raise KitError(
                "(tokens, labels) are for a model with labels, where no states are given; received "
                f"{len(inputs)} inputs and {'no' if states is None else 'given'} states for a "
                f"model whose labels are {self.labels}. Pass the tokens alone."
            )
        tokens, labels = inputs
        return tokens, self._of_whole_texts(tokens, labels)

    def _of_whole_texts(self, tokens: Any, labels: Any = None) -> list[Any]:
        """What they begin from: where lengths are to be known, each row is a text, and its end."""
        lengths = None
        if self.countdown is not None:
            lengths = ops.sum(ops.cast(ops.not_equal(tokens, PAD_ID), "int32"), axis=1)
        return self.initial_states(ops.shape(tokens)[0], labels, lengths)

    def compute_output_shape(self, input_shape: Any, **kwargs: Any) -> Any:
        """`[B, T, V]`."""
        return (*_of_tokens(input_shape), self.vocabulary_size)

    def initial_states(
        self, batch_size: int, labels: Any = None, text_lengths: Any = None
    ) -> list[Any]:
        """What B texts begin from: `[B, H]` for each state of each recurrent layer.

        Zeros, or what the labels make of them: one name or id for all rows, or one for each. A
        model whose steps need the label's embedding `[B, C]` has it as the next state. One that
        counts down the length of a text has that, and its log-probability, as its last two, `[B,
        1]` each.

        `text_lengths`: how many tokens each text has before its `<eos>`, one number for all rows or
        one for each; `None`, or a negative number, takes the likeliest.
        """
        if not self.built:
            self.build(self.free_shape)
        if self.label_states is None:
            if labels is not None:
                raise KitError(
                    "a label is for a model that was made with labels=...; received "
                    f"{labels!r} for one without. Leave it out."
                )
            sizes = [size for layer in self.recurrent_layers for size in layer.cell.state_sizes]
            states = [ops.zeros((batch_size, size), self.compute_dtype) for size in sizes]
        elif labels is None:
            raise _no_label(self.labels)
        else:
            labels = self.label_states.ids(labels, batch_size)
            states = self.label_states(labels)
        if self.countdown is not None:
            return [*states, *self._length_states(batch_size, labels, text_lengths)]
        if text_lengths is not None:
            raise KitError(
                "text_lengths are for a model that was made with termination='length'; received "
                f"some for termination={self.termination!r}. Leave them out."
            )
        return states

    def log_lengths(self, batch_size: int, labels: Any = None) -> Any:
        """`log p(τ)` of each length τ from 0 to `max_length` tokens: `[B, max_length + 1]`.

        Of a model made with `termination="length"`; labels as `initial_states` takes them.
        """
        if self.countdown is None:
            raise KitError(
                "lengths have probabilities in a model that was made with termination='length'; "
                f"received termination={self.termination!r}. Make one."
            )
        if self.label_states is None:
            context = ops.ones((batch_size, 1), self.compute_dtype)
        else:
            ids = self.label_states.ids(labels, batch_size)
            context = ops.one_hot(ids, len(self.label_states.labels), dtype=self.compute_dtype)
        if not self.built:
            self.build(self.free_shape)
        return self.output_layer.log_lengths(context)

    def _length_states(self, batch_size: int, labels: Any, text_lengths: Any) -> list[Any]:
        begun = self.output_layer.begin(self.log_lengths(batch_size, labels), text_lengths)
        longest = ops.max(begun[0])
        if hasattr(longest, "numpy") and longest > self.max_length:
            raise KitError(
                f"a text must have at most max_length={self.max_length} tokens; received "
                f"{int(longest)}. Shorten it, or make a model for longer texts."
            )
        return [ops.cast(ops.expand_dims(one, 1), self.score_dtype) for one in begun]

    def _counted(self, of_length: list[Any], steps: Any) -> list[Any]:
        """What remains so many steps on, a number or `[T]`, and the length's score; or nothing."""
        if self.countdown is None:
            return []
        remaining, score = of_length
        return [self.countdown.after(remaining, steps), score]

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
        """The widths of the states, layer by layer, then of the label's and the length's."""
        sizes = [size for layer in self.recurrent_layers for size in layer.cell.state_sizes]
        sizes += [] if self._context_size is None else [self._context_size]
        return sizes if self.countdown is None else [*sizes, 1, 1]

    @property
    def state_dtypes(self) -> list[str]:
        """The types of the states: counts, and log-probabilities, are never in half precision."""
        counted = 0 if self.countdown is None else 2
        others = len(self.state_sizes) - counted
        return [self.compute_dtype] * others + [self.score_dtype] * counted

    @property
    def beginnings(self) -> tuple[str, ...]:
        """What `initial_states` takes beside the number of rows, by name."""
        labels = () if self.labels is None else ("labels",)
        return labels if self.countdown is None else (*labels, "text_lengths")

    @property
    def state_names(self) -> list[str]:
        """A name for each state, in their order."""
        return [f"state_{k}" for k in range(len(self.state_sizes))]

    def _apart(self, states: Sequence[Any] | None) -> tuple[list[Any], list[Any], list[Any]]:
        """The states of each layer, `[label [B, C]]` or nothing, and those of the length."""
        if states is None:
            return [None] * len(self.recurrent_layers), [], []
        if len(states) != len(self.state_sizes):
            raise KitError(
                f"states must be the {len(self.state_sizes)} of the model, {self.state_names}; "
                f"received {len(states)}. Pass what it returned, or None for its initial ones."
            )
        left = iter(states)
        of_layers = [
            [next(left) for _ in layer.cell.state_sizes] for layer in self.recurrent_layers
        ]
        rest = list(left)
        count = 0 if self._context_size is None else 1
        return of_layers, rest[:count], rest[count:]

    def step(self, tokens: Any, states: Sequence[Any] | None = None) -> tuple[Any, list[Any]]:
        """One token a row: `tokens [B] -> (logits [B, V], states)`.

        `None` starts from `initial_states(B)`; a model with labels has no start of its own.
        """
        tokens = ops.convert_to_tensor(tokens)
        if not self.built:
            self.build(self.free_shape)
        if states is None:
            states = self.initial_states(ops.shape(tokens)[0])
        by_layer, of_label, of_length = self._apart(states)
        of_length = self._counted(of_length, 1)
        by_row = [one[:, 0] for one in of_length]  # what remains, and the length's score
        hidden = self._embed(tokens, *by_row[:1])
        new_states: list[Any] = []
        for layer, before in zip(self.recurrent_layers, by_layer, strict=True):
            hidden = ops.concatenate([hidden, *of_label], axis=-1) if of_label else hidden
            hidden, after = layer.cell(hidden, before)
            new_states.extend(after)
        scores = self.output_layer(hidden, *by_row)
        return scores, [*new_states, *of_label, *of_length]

    def warm_up(self, tokens: Any, lengths: Any, states: Sequence[Any] | None = None) -> list[Any]:
        """The states after the first `lengths [B]` tokens of each row, `tokens [B, T]`."""
        by_layer, of_label, of_length = self._apart(states)
        steps, lengths = ops.arange(ops.shape(tokens)[1]), ops.expand_dims(lengths, 1)
        hidden = self._embed(tokens, *self._counted(of_length, steps + 1)[:1])
        mask = ops.less(steps, lengths)
        new_states: list[Any] = []
        for layer, before in zip(self.recurrent_layers, by_layer, strict=True):
            hidden = beside(hidden, *of_label) if of_label else hidden
            hidden, *after = layer(hidden, initial_state=before, mask=mask, training=False)
            new_states.extend(after)
        return [*new_states, *of_label, *self._counted(of_length, lengths)]

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
            "max_length": self.max_length,
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
