"""How well a language model predicts a text, every token counted once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit import arguments
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models.copying import inference_copy
from keras_rnn_kit.scores import Score


def score(model: Any, ids: Any, *, label: Any = None, chunk_length: int = 512) -> Score:
    """Scores `ids [N]` as one stream: N - 1 predictions, the state carried from chunk to chunk.

    `model` is a `LanguageModel`; its own `stateful` states are neither read nor changed. A model
    with labels begins from `label`, a name or an id. One that counts down a text's length scores
    a whole text, `<eos>` included, and its length with it.
    Raises `KitError` for fewer than two tokens, for ids that the model doesn't have, for a label
    that it doesn't know or lacks, and for a `chunk_length` below 1.

    Example: before any training a model is close to a uniform guess over its V = 20 tokens.

    >>> import numpy as np
    >>> from keras_rnn_kit.models import LanguageModel, score
    >>> result = score(LanguageModel(20, units=4), np.arange(20))
    >>> result.tokens, 15 < result.perplexity < 27
    (19, True)
    """
    return _Scorer(model, chunk_length).score(ids, label)


def score_by_label(
    model: Any,
    texts: Mapping[str, Any],
    *,
    under: Mapping[str, str] | None = None,
    chunk_length: int = 512,
) -> dict[str, Score]:
    """Scores the ids `[N]` of each label's text, from its label where the model has labels.

    The same texts can so be scored by a model with labels and by one without. `under` says which
    label the model is given for each text, where that is not the text's own. Raises what `score`
    raises.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models import LanguageModel
    >>> model = LanguageModel(20, units=4, labels=["prose", "verse"])
    >>> texts = {"verse": np.arange(20), "prose": np.arange(9)}
    >>> {label: found.tokens for label, found in score_by_label(model, texts).items()}
    {'verse': 19, 'prose': 8}
    """
    scorer, given = _Scorer(model, chunk_length), under or {}
    return {
        label: scorer.score(ids, given.get(label, label) if model.labels else None)
        for label, ids in texts.items()
    }


class _Scorer:
    """One traced function for all the texts that a model scores."""

    def __init__(self, model: Any, chunk_length: int) -> None:
        self.chunk_length = arguments.positive_integer("chunk_length", chunk_length)
        self.model = plain = inference_copy(model)

        ids = tf.TensorSpec([1, None], tf.int32)
        kinds = zip(plain.state_sizes, plain.state_dtypes, strict=True)
        states = [tf.TensorSpec([1, size], dtype) for size, dtype in kinds]

        @tf.function(input_signature=[ids, ids, states])
        def one_chunk(inputs: tf.Tensor, targets: tf.Tensor, states: list[tf.Tensor]) -> Any:
            logits, states = plain(inputs, states=states, return_states=True, training=False)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=targets, logits=tf.cast(logits, tf.float32)
            )
            return tf.reduce_sum(tf.cast(losses, tf.float64)), states

        self._one_chunk = one_chunk

    def score(self, ids: Any, label: Any) -> Score:
        ids = np.asarray(ids)
        if ids.ndim != 1 or len(ids) < 2:
            raise KitError(
                f"scoring needs a vector of at least two tokens; received shape {list(ids.shape)}. "
                "Pass the ids of a longer text."
            )
        size = self.model.vocabulary_size
        if ids.min() < 0 or ids.max() >= size:
            raise KitError(
                f"ids must lie in [0, {size}), the model's vocabulary; received {ids.min()} to "
                f"{ids.max()}. Encode the text with the model's encoder."
            )
        ids = ids.astype(np.int32)
        nats = 0.0
        begin = {} if label is None else {"labels": label}
        if self.model.countdown is not None:
            begin["text_lengths"] = self._length(ids)
        states = list(self.model.initial_states(1, **begin))
        for start in range(0, len(ids) - 1, self.chunk_length):
            piece = ids[None, start : start + self.chunk_length + 1]
            total, states = self._one_chunk(piece[:, :-1], piece[:, 1:], states)
            nats += float(total)
        return Score(nats=nats, tokens=len(ids) - 1)

    def _length(self, ids: np.ndarray) -> int:
        """How many tokens a text has before its end, which must be there to be scored."""
        if ids[-1] != self.model.eos_id:
            raise KitError(
                f"a model that counts down a text's length scores whole texts, which end with "
                f"<eos> (id {self.model.eos_id}); received one that ends with id {ids[-1]}. Encode "
                "it with eos=True."
            )
        return len(ids) - 1
