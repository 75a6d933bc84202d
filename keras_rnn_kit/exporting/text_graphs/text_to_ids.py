"""A `TextEncoder` as TensorFlow operations, so that a SavedModel takes strings.

The cleaning is `cleaning.py`'s, the tokenizers are `tokens.py`'s and `subwords.py`'s; here their
ids become a batch.
"""

from typing import Any

import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.text_graphs.cleaning import CleaningGraph
from keras_rnn_kit.exporting.text_graphs.subwords import SubwordGraph
from keras_rnn_kit.exporting.text_graphs.tokens import (
    ByteGraph,
    CharacterGraph,
    GraphemeGraph,
    WordGraph,
)
from keras_rnn_kit.text import (
    ByteTokenizer,
    CharacterTokenizer,
    GraphemeTokenizer,
    SubwordTokenizer,
    TextEncoder,
    WordTokenizer,
)

_GRAPHS: dict[type, type] = {
    ByteTokenizer: ByteGraph,
    CharacterTokenizer: CharacterGraph,
    GraphemeTokenizer: GraphemeGraph,
    WordTokenizer: WordGraph,
}


def text_to_ids(encoder: TextEncoder, *, empty_as_unknown: bool = False) -> tf.Module:
    """The module that encodes a batch of texts as the encoder does.

    `module(texts)` takes tf.string `[B]` in UTF-8 and gives ids int32 `[B, T]`, where T is the
    length of the batch's longest text and shorter rows are filled up at the right with `<pad>`
    (0 where the vocabulary has none). The vocabulary lies inside the graph: after
    `tf.saved_model.save` nothing but TensorFlow is needed.

    It can't be equal to the encoder
    - for bytes that are not UTF-8, which Python refuses to decode and the graph reads as U+FFFD,
      and so for half surrogates, which UTF-8 has not;
    - where a vocabulary without `<unk>` meets an unknown token: the graph raises
      `InvalidArgumentError` and can't name the token.

    Args:
        encoder: with one of the kit's tokenizers.
        empty_as_unknown: gives a text without tokens one `<unk>` (`<pad>` where there is none),
            as the kit's classifiers want it, in place of no ids.

    Raises:
        KitError: for a tokenizer of one's own, which no graph can run.

    Example:
        >>> module = text_to_ids(TextEncoder.build(["to be or not"], tokenizer="words"))
        >>> module(["be not afraid", "to"]).numpy()
        array([[4, 5, 1],
               [7, 0, 0]], dtype=int32)
    """
    return _TextToIds(encoder, empty_as_unknown)


class _TextToIds(tf.Module):
    def __init__(self, encoder: TextEncoder, empty_as_unknown: bool) -> None:
        super().__init__(name="text_to_ids")
        vocabulary = encoder.vocabulary
        self._cleaning = CleaningGraph(encoder.cleaning)
        self._ids = _ids_graph(encoder, self._cleaning)
        self._pad_id = 0 if vocabulary.pad_id is None else vocabulary.pad_id
        self._unk_id = vocabulary.unk_id
        self._empty_id: int | None = None
        if empty_as_unknown:
            self._empty_id = self._pad_id if self._unk_id is None else self._unk_id

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="texts")])
    def __call__(self, texts: Any) -> Any:
        """Ids int32 [B, T] of the texts, tf.string [B]."""
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")  # invalid bytes to U+FFFD
        rows = self._ids(self._cleaning.apply(texts))  # ragged [B, T]
        found = rows.flat_values
        if self._unk_id is None:
            tf.debugging.assert_non_negative(
                found, "a text holds a token that the vocabulary, having no <unk>, does not list"
            )
        else:
            found = tf.where(found < 0, self._unk_id, found)
        ids = rows.with_flat_values(found).to_tensor(self._pad_id)  # [B, T]
        if self._empty_id is None:
            return ids
        empty = rows.row_lengths() == 0  # [B]
        wide = tf.maximum(tf.shape(ids)[1], tf.cast(tf.reduce_any(empty), tf.int32))
        ids = tf.pad(ids, [[0, 0], [0, wide - tf.shape(ids)[1]]], constant_values=self._pad_id)
        first = tf.range(wide)[tf.newaxis, :] == 0
        return tf.where(empty[:, tf.newaxis] & first, self._empty_id, ids)


def _ids_graph(encoder: TextEncoder, cleaning: CleaningGraph) -> tf.Module:
    """The graph of the encoder's tokenizer and vocabulary."""
    ids = {token: i for i, token in enumerate(encoder.vocabulary.tokens)}
    tokenizer, kind = encoder.tokenizer, type(encoder.tokenizer)
    if isinstance(tokenizer, SubwordTokenizer) and kind is SubwordTokenizer:
        return SubwordGraph(tokenizer, ids)
    if kind not in _GRAPHS:
        raise KitError(
            f"a text graph needs one of the kit's own tokenizers; received {tokenizer!r}. "
            "Export the model over ids, and encode beside it."
        )
    return _GRAPHS[kind](ids, cleaning)
