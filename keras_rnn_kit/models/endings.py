"""Three ways for a decoder to end its sequence, with one interface: scores of the next token.

Each is an output layer from hidden states `[..., H]` to scores `[..., V]` that the softmax turns
into probabilities of the next token, `<eos>` among them. The sum of the log-probabilities of
`w_1 ... w_n <eos>` is then the log-likelihood of the whole sequence, its end included, so that
loss, perplexity and decoding are the same for all three.

Source: Goodfellow, Bengio and Courville, "Deep Learning", 10.2.3, "Recurrent Networks as Directed
Graphical Models".
"""

from typing import Any

import keras
from keras import ops

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError

PAD_ID = 0
TERMINATIONS = ("token", "bernoulli", "length")
# The score of what can't be. Finite, so that no gradient is NaN; its exponential is 0.
NEVER = -1e9
# Below it, log(1 - p) is that of this number: p has rounded to 1.
_SMALLEST = 1e-30


class Ending(keras.layers.Layer):
    """What the three have in common: an output layer, and log-probabilities without `<eos>`.

    Its logits `[..., V]` are a `Dense` layer's, or those of the `output_layer` that is passed.
    """

    def __init__(
        self,
        vocabulary_size: int,
        eos_id: int,
        *,
        output_layer: keras.layers.Layer | None = None,
        **kwargs: Any,
    ):
        # What comes in is not cast to half precision: the log-probabilities among it must not be.
        super().__init__(autocast=False, **kwargs)
        self.supports_masking = True
        self.vocabulary_size = vocabulary_size
        self.eos_id = eos_id
        self._given = output_layer is not None
        self.output_layer = output_layer or keras.layers.Dense(
            vocabulary_size, name="output", dtype=self.dtype_policy
        )

    def build(self, hidden_shape: Any) -> None:
        """Makes the weights for hidden states `[..., H]`."""
        self.output_layer.build((None, hidden_shape[-1]))
        self.built = True

    @property
    def score_dtype(self) -> str:
        """The type of the scores: single precision at the least."""
        return "float64" if self.compute_dtype == "float64" else "float32"

    def compute_output_shape(self, hidden_shape: Any, *_: Any) -> Any:
        """`[..., V]`."""
        return (*hidden_shape[:-1], self.vocabulary_size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "eos_id": self.eos_id,
        }
        if self._given:
            config["output_layer"] = keras.saving.serialize_keras_object(self.output_layer)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Ending":
        """The ending of that config."""
        if "output_layer" in config:
            layer = keras.saving.deserialize_keras_object(config["output_layer"])
            config = {**config, "output_layer": layer}
        return cls(**config)

    def _is(self, token_id: int) -> Any:
        """`[V]`, true at that token alone."""
        return ops.equal(ops.arange(self.vocabulary_size), token_id)

    def _logits(self, hidden: Any) -> Any:
        return ops.cast(self.output_layer(hidden), self.score_dtype)

    def _log_words(self, hidden: Any) -> Any:
        """Log-probabilities `[..., V]` of the next token where it is not `<eos>`."""
        logits = ops.where(self._is(self.eos_id), NEVER, self._logits(hidden))
        return ops.log_softmax(logits, axis=-1)


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class TokenEnding(Ending):
    """`<eos>` is a token like any other: `[..., H]` to plain logits `[..., V]`.

    Args:
        vocabulary_size: V.
        eos_id: the id of `<eos>`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models.endings import TokenEnding
    >>> TokenEnding(vocabulary_size=7, eos_id=3)(np.ones((2, 5, 4), "float32")).shape
    TensorShape([2, 5, 7])
    """

    def call(self, hidden: Any) -> Any:
        """`[..., H] -> [..., V]`."""
        return self._logits(hidden)


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class BernoulliEnding(Ending):
    """A second output s decides at each step whether the sequence ends: `[..., H]` to `[..., V]`.

    The score of `<eos>` is `log σ(s)`, that of any other token `log σ(-s) + log p(token)`, where p
    is a softmax over the tokens without `<eos>`. The scores are log-probabilities.

    Args:
        vocabulary_size: V.
        eos_id: the id of `<eos>`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models.endings import BernoulliEnding
    >>> scores = BernoulliEnding(vocabulary_size=7, eos_id=3)(np.ones((2, 4), "float32"))
    >>> np.exp(scores).sum(axis=-1).round(5).tolist()
    [1.0, 1.0]
    """

    def __init__(self, vocabulary_size: int, eos_id: int, **kwargs: Any):
        super().__init__(vocabulary_size, eos_id, **kwargs)
        self.stop_layer = keras.layers.Dense(1, name="stop", dtype=self.dtype_policy)

    def build(self, hidden_shape: Any) -> None:
        """Makes the weights for hidden states `[..., H]`."""
        self.stop_layer.build((None, hidden_shape[-1]))
        super().build(hidden_shape)

    def call(self, hidden: Any) -> Any:
        """`[..., H] -> [..., V]`."""
        stop = ops.cast(self.stop_layer(hidden), self.score_dtype)  # [..., 1]
        going_on = self._log_words(hidden) + ops.log_sigmoid(-stop)
        return ops.where(self._is(self.eos_id), ops.log_sigmoid(stop), going_on)


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class LengthEnding(Ending):
    """The length τ is known beforehand, from p(τ), and counted down: `[..., H]` to `[..., V]`.

    While `remaining = τ - t` is above 0, `<eos>` can't come, and the scores are a log-softmax over
    the other tokens. At 0 no other token can come, and the score of `<eos>` is `log p(τ)`: so p(τ)
    enters the likelihood once. What is left, `1 - p(τ)`, belongs to sequences of other lengths; it
    is put on id 0, the padding, which no sequence has and no decoder may write. Scores are
    log-probabilities.

    Args:
        vocabulary_size: V.
        eos_id: the id of `<eos>`.
        max_length: the largest τ; a longer sequence has probability 0.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models.endings import LengthEnding
    >>> ending = LengthEnding(vocabulary_size=7, eos_id=3, max_length=9)
    >>> log_lengths = ending.log_lengths(np.ones((2, 6), "float32"))
    >>> log_lengths.shape
    TensorShape([2, 10])
    >>> score = ending.of_length(log_lengths, [4, 1])
    >>> scores = ending(np.ones((2, 5), "float32"), remaining=[2, 0], length_score=score)
    >>> bool(scores[1, 3] == score[1]), np.exp(scores).sum(axis=-1).round(5).tolist()
    (True, [1.0, 1.0])
    """

    def __init__(self, vocabulary_size: int, eos_id: int, max_length: int, **kwargs: Any):
        super().__init__(vocabulary_size, eos_id, **kwargs)
        self.max_length = max_length
        self.length_layer = keras.layers.Dense(
            max_length + 1, name="length", dtype=self.dtype_policy
        )

    def log_lengths(self, context: Any) -> Any:
        """`log p(τ)` of each length from 0 to `max_length`: `[B, M] -> [B, max_length + 1]`."""
        logits = ops.cast(self.length_layer(context), self.score_dtype)
        return ops.log_softmax(logits, axis=-1)

    def likeliest(self, log_lengths: Any) -> Any:
        """The likeliest length, the shortest of several: `[B, max_length + 1] -> [B]`."""
        # Not by ops.argmax, which has no form in ONNX.
        top = ops.equal(log_lengths, ops.max(log_lengths, axis=-1, keepdims=True))
        return ops.min(ops.where(top, ops.arange(self.max_length + 1), self.max_length), axis=-1)

    def begin(self, log_lengths: Any, lengths: Any = None) -> tuple[Any, Any]:
        """The lengths to write, int32 `[B]`, and their log-probabilities `[B]`.

        `lengths`: one for all rows or one for each; `None`, or a negative one, takes the likeliest.
        """
        given = ops.cast(-1 if lengths is None else lengths, "int32")
        taken = ops.where(ops.less(given, 0), self.likeliest(log_lengths), given)
        return taken, self.of_length(log_lengths, taken)

    def of_length(self, log_lengths: Any, lengths: Any) -> Any:
        """`log p(τ)` of given lengths τ `[B]`: `[B]`."""
        wanted = ops.equal(ops.arange(self.max_length + 1), ops.expand_dims(lengths, -1))
        found = ops.sum(ops.where(wanted, log_lengths, 0.0), axis=-1)
        return ops.where(ops.less_equal(lengths, self.max_length), found, NEVER)

    def call(self, hidden: Any, remaining: Any, length_score: Any) -> Any:
        """`[..., H]`, what remains `[...]` and `log p(τ)` `[...]` or `[B, 1]`, to `[..., V]`."""
        score = ops.expand_dims(ops.cast(length_score, self.score_dtype), -1)
        # 1 - p = -expm1(log p), which for p near 1 is exact. expm1 itself has no form in ONNX.
        rest = -ops.tanh(score / 2) * (ops.exp(score) + 1)
        others = ops.log(ops.maximum(rest, _SMALLEST))
        at_end = ops.where(self._is(PAD_ID), others, NEVER)
        at_end = ops.where(self._is(self.eos_id), score, at_end)
        before = ops.where(self._is(self.eos_id), NEVER, self._log_words(hidden))
        return ops.where(ops.expand_dims(ops.greater(remaining, 0), -1), before, at_end)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "max_length": self.max_length}


def check_ending_ids(vocabulary_size: int, **ids: Any) -> None:
    """`KitError` unless they are different tokens, none of them the padding.

    Example:

    >>> check_ending_ids(30, bos_id=2, eos_id=3)
    """
    for name, value in ids.items():
        arguments.positive_integer(name, value)
    if len(set(ids.values())) < len(ids) or max(ids.values()) >= vocabulary_size:
        received = " and ".join(f"{name}={value}" for name, value in ids.items())
        several = len(ids) > 1
        raise KitError(
            f"{' and '.join(ids)} must be {'different tokens' if several else 'a token'} of the "
            f"vocabulary of {vocabulary_size}; received {received}. Pass the vocabulary's own."
        )
