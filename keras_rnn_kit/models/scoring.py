"""How well a language model predicts a text, every token counted once."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models.copying import inference_copy
from keras_rnn_kit.scores import Score


def score(model: Any, ids: Any, *, chunk_length: int = 512) -> Score:
    """Scores `ids [N]` as one stream: N - 1 predictions, the state carried from chunk to chunk.

    `model` is a `LanguageModel`; its own `stateful` states are neither read nor changed.
    Raises `KitError` for fewer than two tokens, for ids that the model doesn't have, and for a
    `chunk_length` below 1.

    Example: before any training a model is close to a uniform guess over its V = 20 tokens.

    >>> import numpy as np
    >>> from keras_rnn_kit.models import LanguageModel, score
    >>> result = score(LanguageModel(20, units=4), np.arange(20))
    >>> result.tokens, 15 < result.perplexity < 27
    (19, True)
    """
    arguments.positive_integer("chunk_length", chunk_length)
    ids = np.asarray(ids)
    if ids.ndim != 1 or len(ids) < 2:
        raise KitError(
            f"scoring needs a vector of at least two tokens; received shape {list(ids.shape)}. "
            "Pass the ids of a longer text."
        )
    if ids.min() < 0 or ids.max() >= model.vocabulary_size:
        raise KitError(
            f"ids must lie in [0, {model.vocabulary_size}), the model's vocabulary; received "
            f"{ids.min()} to {ids.max()}. Encode the text with the model's encoder."
        )
    ids = ids.astype(np.int32)

    plain = inference_copy(model)

    @tf.function(reduce_retracing=True)
    def one_chunk(inputs: tf.Tensor, targets: tf.Tensor, states: list[tf.Tensor]) -> Any:
        logits, states = plain(inputs, states=states, return_states=True, training=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=targets, logits=tf.cast(logits, tf.float32)
        )
        return tf.reduce_sum(tf.cast(losses, tf.float64)), states

    nats = 0.0
    states = plain.initial_states(1)
    for start in range(0, len(ids) - 1, chunk_length):
        piece = ids[None, start : start + chunk_length + 1]
        total, states = one_chunk(piece[:, :-1], piece[:, 1:], states)
        nats += float(total)
    return Score(nats=nats, tokens=len(ids) - 1)
