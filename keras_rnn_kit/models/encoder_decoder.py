"""One sequence into another of another length: an encoder reads it, a decoder writes."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers.recurrent import RNN
from keras_rnn_kit.models.beam_search import beam_search
from keras_rnn_kit.models.cells import (
    CellClass,
    as_config,
    make_cell,
    name_of_cell,
    serialized_arguments,
)
from keras_rnn_kit.models.countdown import Countdown
from keras_rnn_kit.models.endings import (
    PAD_ID,
    TERMINATIONS,
    BernoulliEnding,
    LengthEnding,
    TokenEnding,
    check_ending_ids,
)
from keras_rnn_kit.models.source_attention import ATTENTIONS, SourceAttention
from keras_rnn_kit.models.source_encoder import SourceEncoder, embedding_layer
from keras_rnn_kit.models.tied_output import TiedOutput
from keras_rnn_kit.models.word_dropout import WordDropout

CONTEXTS = ("state", "input", "both")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class EncoderDecoder(keras.Model):
    """Sources `[B, S]` and targets so far `[B, T]` to scores of the next target token `[B, T, V]`.

    The encoder's outputs are v `[B, S, M]`, with M = 2H where it is bidirectional; its last output
    in each direction is the summary c `[B, M]`, the fixed context of Sutskever et al. and Cho et
    al. The decoder runs over the targets, which begin with `<bos>` (teacher forcing: all steps at
    once, on the engine); from its states come the scores, through attention where there is one.
    Both sides are padded with id 0, which is masked; the mask of the targets goes to the loss.

    Args:
        source_vocabulary_size: the number of token ids of the sources.
        target_vocabulary_size: V, that of the targets.
        units: H, the width of each recurrent layer, in each direction.
        cell: the recurrence: the name of one of the kit's cells, such as `"GRU"`, or a projected
            cell class of your own, registered with Keras, whose first argument is its units.
        embedding: E, the width of the embedding of either side.
        layers: how many recurrent layers stand on each other, in the encoder and in the decoder.
        bidirectional: whether the encoder reads the source from both ends.
        context: how c enters the decoder: as its initial `"state"`, `tanh(c W + b)` for each state
            of each layer; as an `"input"` beside the embedding at each step; or as `"both"`.
        attention: None, or the score of a `SourceAttention` over v, `"bahdanau"` or `"luong"`,
            between the decoder's last layer and the output. c then is no bottleneck.
        termination: how a target ends: with a `"token"`; with a second output that decides at each
            step, `"bernoulli"`; or by its `"length"`, predicted from c, of which the decoder is
            told at each step how much remains. See `models/endings.py`: the scores of all three
            are to be read the same way.
        max_length: the longest target that decoding writes; with `"length"` the longest there is.
        dropout: the share dropped of embeddings, of the encoder's outputs, between the decoder's
            layers and of what the output layer reads, drawn anew at each step.
        word_dropout: the share of words of either side that training reads as `<unk>`.
        tied: whether the output layer has the target's embedding for its matrix, as
            `models/tied_output.py` has it: fewer weights, and better for small data.
        unk_id: the id of `<unk>` in both vocabularies, for `word_dropout`.
        bos_id, eos_id: the ids of `<bos>` and `<eos>` in the target's vocabulary.
        cell_arguments: further arguments of the cell's constructor, such as `{"recurrent_dropout":
            0.2}`; `None` for its defaults.

    Train it with `keras.losses.SparseCategoricalCrossentropy(from_logits=True)` on `((source,
    target_in), target_out)`, as `data.pair_batches` gives it: `target_in` is `<bos> w_1 ... w_n`
    and `target_out` is `w_1 ... w_n <eos>`. The sum over a row is the negative log-likelihood of
    the whole target, its end included. With `"length"`, τ is the number of words in `target_in`.

    Decoding. `encode(source [B, S]) -> (states, memory)` and `step(tokens [B], states, memory) ->
    (scores [B, V], states)`; the first tokens are `<bos>`.

    - `states` is a flat list of tensors `[B, ...]` that change from step to step, named in
      `state_names`: the decoder's recurrent states, and with `"length"` what `remaining` `[B]`
      int32 and `length_score` `[B]`, the log-probability of the length.
    - `memory` is a flat list of tensors `[B, ...]` that stay, named in `memory_names`: the
      `context` `[B, M]` where it is an input, with attention the `values` `[B, S, M]`, `keys`
      `[B, S, H]` and `source_mask` `[B, S]`. It may be empty.
    - Scores are logits: `log_softmax` makes log-probabilities of them. A decoder must never write
      id 0 or `<bos>`, and leaves the other scores as they are; the sum of the log-probabilities of
      what it writes, `<eos>` included, is the log-likelihood.
    - `call` on a whole target equals `step` repeated; with `"length"`, if `encode` is given that
      target's length. By itself it takes the likeliest one.

    Raises `KitError` for sizes below 1, rates outside [0, 1), a cell that isn't known, choices that
    there are not, and `bos_id`, `eos_id` that are not two tokens of the target's vocabulary.

    Source: Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014; Cho et
    al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014; Goodfellow et al., "Deep
    Learning", 10.4; Zhang et al., "Dive into Deep Learning", 10.7 and 11.4.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import EncoderDecoder
    >>> model = EncoderDecoder(20, 30, units=8, embedding=4, attention="luong")
    >>> source, target = np.array([[5, 9, 4, 0]]), np.array([[2, 7, 8]])
    >>> model((source, target)).shape
    TensorShape([1, 3, 30])
    >>> states, memory = model.encode(source)
    >>> scores, states = model.step(np.array([2]), states, memory)
    >>> scores.shape
    TensorShape([1, 30])
    >>> model.translate(source, max_length=5).shape[0]
    1
    """

    kind: ClassVar[str] = "encoder_decoder"

    def __init__(
        self,
        source_vocabulary_size: int,
        target_vocabulary_size: int,
        units: int = 256,
        *,
        cell: str | CellClass = "GRU",
        embedding: int = 128,
        layers: int = 1,
        bidirectional: bool = True,
        context: str = "state",
        attention: str | None = None,
        termination: str = "token",
        max_length: int = 50,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        tied: bool = False,
        unk_id: int = 1,
        bos_id: int = 2,
        eos_id: int = 3,
        cell_arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        arguments.positive_integer("source_vocabulary_size", source_vocabulary_size)
        arguments.positive_integer("target_vocabulary_size", target_vocabulary_size)
        arguments.positive_integer("units", units)
        arguments.positive_integer("embedding", embedding)
        arguments.positive_integer("layers", layers)
        arguments.positive_integer("max_length", max_length)
        arguments.rate("dropout", dropout)
        arguments.rate("word_dropout", word_dropout)
        arguments.one_of("context", context, CONTEXTS)
        arguments.one_of("attention", attention, (None, *ATTENTIONS))
        arguments.one_of("termination", termination, TERMINATIONS)
        check_ending_ids(target_vocabulary_size, bos_id=bos_id, eos_id=eos_id)
        self.source_vocabulary_size = source_vocabulary_size
        self.target_vocabulary_size = target_vocabulary_size
        self.units = units
        self.cell = name_of_cell(cell)
        self.cell_arguments = serialized_arguments(cell, cell_arguments)
        self.embedding = embedding
        self.bidirectional = bidirectional
        self.context = context
        self.attention = attention
        self.termination = termination
        self.max_length = max_length
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.tied = tied
        self.unk_id = unk_id
        self.bos_id = bos_id
        self.eos_id = eos_id
        policy = self.dtype_policy

        self.encoder = SourceEncoder(
            source_vocabulary_size,
            units,
            cell=cell,
            embedding=embedding,
            layers=layers,
            bidirectional=bidirectional,
            dropout=dropout,
            cell_arguments=cell_arguments,
            name="encoder",
            dtype=policy,
        )
        self.target_embedding = embedding_layer(
            target_vocabulary_size, embedding, name="target_embedding", dtype=policy
        )
        self.decoder_layers = [
            RNN(
                make_cell(cell, units, None, policy, self.cell_arguments),
                return_sequences=True,
                name=f"decoder_{k}",
                dtype=policy,
            )
            for k in range(layers)
        ]
        self.bridges = [
            keras.layers.Dense(size, activation="tanh", name=f"bridge_{k}", dtype=policy)
            for k, size in enumerate(self._decoder_state_sizes if context != "input" else ())
        ]
        self.source_attention = (
            None
            if attention is None
            else SourceAttention(attention, units, name="source_attention", dtype=policy)
        )
        given: Any = {"name": "ending", "dtype": policy}
        if tied:
            given["output_layer"] = TiedOutput(self.target_embedding, name="output", dtype=policy)
        self.countdown = None
        if termination == "length":
            self.countdown = Countdown(max_length, embedding, name="countdown", dtype=policy)
            self.ending: Any = LengthEnding(target_vocabulary_size, eos_id, max_length, **given)
        else:
            kind = TokenEnding if termination == "token" else BernoulliEnding
            self.ending = kind(target_vocabulary_size, eos_id, **given)
        # One layer does for all places: each call of it draws its own.
        self.dropout_layer = keras.layers.Dropout(dropout, name="dropout", dtype=policy)
        specials = PAD_ID, unk_id, bos_id, eos_id
        self.word_dropout_layer = WordDropout(
            word_dropout, unk_id, specials, name="word_dropout", dtype=policy
        )

        sizes = tf.TensorSpec([None, None], tf.int32), *[tf.TensorSpec([], tf.int32)] * 2
        self._search = tf.function(
            self.search, input_signature=[*sizes, tf.TensorSpec([])], autograph=False
        )

    def build(self, input_shape: Any = None) -> None:
        """Builds the layers; their sizes are all known beforehand."""
        self.encoder.build()
        self.target_embedding.build((None, None))
        width = self.embedding
        if self.context != "state":
            width += self.encoder.width
        if self.countdown is not None:
            self.countdown.build((None, None))
            self.ending.length_layer.build((None, self.encoder.width))
            width += self.embedding
        for layer in self.decoder_layers:
            layer.build((None, None, width))
            width = layer.cell.output_size
        for bridge in self.bridges:
            bridge.build((None, self.encoder.width))
        if self.source_attention is not None:
            self.source_attention.build((None, None, self.encoder.width))
        self.ending.build((None, None, width))
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """`(source [B, S], target [B, T])`, the target beginning with `<bos>`, to `[B, T, V]`."""
        source, target = (self.word_dropout_layer(ids, training=training) for ids in inputs)
        mask = ops.not_equal(target, PAD_ID)
        lengths = ops.sum(ops.cast(mask, "int32"), axis=1) - 1  # τ; <bos> is no word
        states, memory = self._encode(source, lengths, training)
        *recurrent, remaining, score = self._apart(states)
        if remaining is not None:
            remaining = ops.expand_dims(remaining, 1) - ops.arange(ops.shape(target)[1])
            score = ops.expand_dims(score, 1)
        hidden = self._decoder_input(target, remaining, memory, training)
        for k, (layer, before) in enumerate(zip(self.decoder_layers, recurrent, strict=True)):
            hidden = self.dropout_layer(hidden, training=training) if k else hidden
            hidden = layer(hidden, initial_state=before, mask=mask, training=training)
        return self._scores(hidden, remaining, score, memory, training)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The real steps of the target `[B, T]`, for the loss."""
        return ops.not_equal(inputs[1], PAD_ID)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """`[B, T, V]`."""
        return (*input_shape[1], self.target_vocabulary_size)

    def encode(self, source: Any, lengths: Any = None) -> tuple[list[Any], list[Any]]:
        """Sources `[B, S]` to `(states, memory)`, what `step` begins with.

        With `termination="length"`, `lengths` `[B]` are the τ to write; `None` takes the likeliest.
        """
        source = ops.convert_to_tensor(source)
        if not self.built:
            self.build()
        return self._encode(source, lengths, training=False)

    def step(
        self, tokens: Any, states: Sequence[Any], memory: Sequence[Any]
    ) -> tuple[Any, list[Any]]:
        """One token a row: `tokens [B] -> (scores [B, V], states)`."""
        tokens = ops.convert_to_tensor(tokens)
        self._check_count("memory", memory, self.memory_names)
        *recurrent, remaining, score = self._apart(states)
        hidden = self._decoder_input(tokens, remaining, memory, training=False)
        new_states: list[Any] = []
        for layer, before in zip(self.decoder_layers, recurrent, strict=True):
            hidden, after = layer.cell(hidden, before)
            new_states.extend(after)
        if remaining is not None:
            new_states += [remaining - 1, score]
            remaining, score = ops.expand_dims(remaining, 1), ops.expand_dims(score, 1)
        hidden = ops.expand_dims(hidden, 1)  # [B, 1, H]
        return self._scores(hidden, remaining, score, memory, training=False)[:, 0], new_states

    def translate(
        self,
        source: Any,
        max_length: int | None = None,
        *,
        beam: int = 1,
        length_penalty: float = 0.6,
    ) -> np.ndarray:
        """The best target that a search finds: `[B, S] -> [B, L]`, without `<eos>`, id 0 behind it.

        `beam` hypotheses are kept at each step; 1 takes the likeliest token. L is `max_length`
        (None: the model's) or less. See `models/beam_search.py`.
        """
        limit = self.max_length if max_length is None else max_length
        arguments.positive_integer("max_length", limit)
        arguments.positive_integer("beam", beam)
        arguments.not_negative("length_penalty", length_penalty)
        if not self.built:
            self.build()
        ids, counts, _ = self._search(
            tf.constant(np.asarray(source), tf.int32),
            *(tf.constant(number, tf.int32) for number in (beam, limit)),
            tf.constant(length_penalty, tf.float32),
        )
        return np.asarray(ids)[:, : int(np.max(counts, initial=0))]

    def search(
        self, source: Any, beam: Any, max_length: Any, length_penalty: Any
    ) -> tuple[Any, Any, Any]:
        """`translate` within a graph: ids `[B, L]`, how many are real `[B]`, and scores `[B]`."""
        source = ops.convert_to_tensor(source)
        states, memory = self.encode(source)
        return beam_search(
            self.step,
            states,
            memory,
            rows=ops.shape(source)[0],
            bos_id=self.bos_id,
            eos_id=self.eos_id,
            beam=beam,
            max_length=max_length,
            length_penalty=length_penalty,
        )

    @property
    def state_names(self) -> list[str]:
        """A name for each of the states, in their order."""
        names = [f"state_{k}" for k in range(len(self._decoder_state_sizes))]
        return names + (["remaining", "length_score"] if self.termination == "length" else [])

    @property
    def memory_names(self) -> list[str]:
        """A name for each tensor of the memory, in their order."""
        names = [] if self.context == "state" else ["context"]
        return names + ([] if self.attention is None else ["values", "keys", "source_mask"])

    @property
    def signature(self) -> dict[str, tuple[tuple[str | int, ...], str]]:
        """Shape and type of each of the states and each tensor of the memory, by name."""
        kind, width = self.compute_dtype, self.encoder.width
        sizes = self._decoder_state_sizes
        known: dict[str, tuple[tuple[str | int, ...], str]] = {
            **{f"state_{k}": (("B", size), kind) for k, size in enumerate(sizes)},
            "remaining": (("B",), "int32"),
            "length_score": (("B",), self.ending.score_dtype),
            "context": (("B", width), kind),
            "values": (("B", "S", width), kind),
            "keys": (("B", "S", self.units), kind),
            "source_mask": (("B", "S"), "bool"),
        }
        return {name: known[name] for name in [*self.state_names, *self.memory_names]}

    def _encode(self, source: Any, lengths: Any, training: bool) -> tuple[list[Any], list[Any]]:
        values, context = self.encoder(source, training=training)
        if self.bridges:
            states = [bridge(context) for bridge in self.bridges]
        else:
            rows = ops.shape(source)[0]
            states = [
                s for layer in self.decoder_layers for s in layer.cell.get_initial_state(rows)
            ]
        if self.termination == "length":
            states += self.ending.begin(self.ending.log_lengths(context), lengths)
        memory = [] if self.context == "state" else [context]
        if self.source_attention is not None:
            mask = ops.not_equal(source, PAD_ID)
            memory += [values, self.source_attention.keys(values), mask]
        return states, memory

    def _apart(self, states: Sequence[Any]) -> list[Any]:
        """The recurrent states of each layer in a list, then what remains and the length's score.

        The last two are `None` where the length is not predicted.
        """
        self._check_count("states", states, self.state_names)
        left = iter(states)
        layers = [[next(left) for _ in layer.cell.state_sizes] for layer in self.decoder_layers]
        return [*layers, next(left, None), next(left, None)]

    def _decoder_input(self, tokens: Any, remaining: Any, memory: Any, training: bool) -> Any:
        """What the decoder reads at `tokens [B]` or `[B, T]`: their embedding and what joins it."""
        parts = [self.dropout_layer(self.target_embedding(tokens), training=training)]
        if self.countdown is not None:
            parts.append(self.countdown(remaining))
        if self.context != "state":
            context = memory[0]
            if len(parts[0].shape) == 3:  # at each step the same
                context = ops.expand_dims(context, 1) + ops.zeros_like(parts[0][..., :1])
            parts.append(context)
        return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)

    def _scores(self, hidden: Any, remaining: Any, score: Any, memory: Any, training: bool) -> Any:
        """Hidden states of the decoder `[B, T, H]` to scores `[B, T, V]`."""
        if self.source_attention is not None:
            hidden = self.source_attention(hidden, *memory[-3:])
        hidden = self.dropout_layer(hidden, training=training)
        if remaining is None:
            return self.ending(hidden)
        return self.ending(hidden, remaining, score)

    def _check_count(self, what: str, given: Sequence[Any], names: list[str]) -> None:
        if len(given) != len(names):
            raise KitError(
                f"{what} must be the {len(names)} of the model, {names}; received {len(given)}. "
                "Pass what encode or step returned."
            )

    @property
    def _decoder_state_sizes(self) -> list[int]:
        return [size for layer in self.decoder_layers for size in layer.cell.state_sizes]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "source_vocabulary_size": self.source_vocabulary_size,
            "target_vocabulary_size": self.target_vocabulary_size,
            "units": self.units,
            "cell": self.cell,
            "embedding": self.embedding,
            "layers": len(self.decoder_layers),
            "bidirectional": self.bidirectional,
            "context": self.context,
            "attention": self.attention,
            "termination": self.termination,
            "max_length": self.max_length,
            "dropout": self.dropout,
            "word_dropout": self.word_dropout,
            "tied": self.tied,
            "unk_id": self.unk_id,
            "bos_id": self.bos_id,
            "eos_id": self.eos_id,
            **as_config(self.cell_arguments),
        }
