"""A `TextEncoder` as TensorFlow operations, so that a SavedModel takes strings.

The cleaning is `cleaning_graph.py`'s; here a text is cut into tokens and the tokens get their ids.
"""

from typing import Any

import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.exporting.cleaning_graph import CleaningGraph, re2, table
from keras_rnn_kit.text import CharacterTokenizer, TextEncoder, WordTokenizer, characters


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
      `InvalidArgumentError` and can't name the token;
    - with `lower`, for the form of a Greek sigma beside letters that are newer than
      TensorFlow's Unicode tables.

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
        self._pad_id = 0 if vocabulary.pad_id is None else vocabulary.pad_id
        self._unk_id = vocabulary.unk_id
        self._empty_id: int | None = None
        if empty_as_unknown:
            self._empty_id = self._pad_id if self._unk_id is None else self._unk_id
        ids = {token: i for i, token in enumerate(vocabulary.tokens)}
        self._table: tf.lookup.StaticHashTable
        if type(encoder.tokenizer) is CharacterTokenizer:
            self._words = False
            self._table = table({ord(t): i for t, i in ids.items() if len(t) == 1}, tf.int32)
        elif type(encoder.tokenizer) is WordTokenizer:
            self._words = True
            self._table = table(
                {t.encode("utf-8", "surrogatepass"): i for t, i in ids.items()}, tf.string
            )
        else:
            raise KitError(
                "a text graph needs the tokenizer 'characters' or 'words'; received "
                f"{encoder.tokenizer!r}. Export the model over ids, and encode beside it."
            )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="texts")])
    def __call__(self, texts: Any) -> Any:
        """Ids int32 [B, T] of the texts, tf.string [B]."""
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")  # invalid bytes to U+FFFD
        texts = self._cleaning.apply(texts)
        tokens = self._word_tokens(texts) if self._words else self._character_tokens(texts)
        found = self._table.lookup(tokens.flat_values)
        if self._unk_id is None:
            tf.debugging.assert_non_negative(
                found, "a text holds a token that the vocabulary, having no <unk>, does not list"
            )
        else:
            found = tf.where(found < 0, self._unk_id, found)
        ids = tokens.with_flat_values(found).to_tensor(self._pad_id)  # [B, T]
        if self._empty_id is None:
            return ids
        empty = tokens.row_lengths() == 0  # [B]
        wide = tf.maximum(tf.shape(ids)[1], tf.cast(tf.reduce_any(empty), tf.int32))
        ids = tf.pad(ids, [[0, 0], [0, wide - tf.shape(ids)[1]]], constant_values=self._pad_id)
        first = tf.range(wide)[tf.newaxis, :] == 0
        return tf.where(empty[:, tf.newaxis] & first, self._empty_id, ids)

    def _character_tokens(self, texts: Any) -> Any:
        """Code points, ragged int32 [B, T]."""
        return tf.strings.unicode_decode(self._cleaning.apply_characters(texts), "UTF-8")

    def _word_tokens(self, texts: Any) -> Any:
        """Words, ragged tf.string [B, T]."""
        # All white space becomes a space, a space follows each token, and what is between spaces
        # is a token: no token holds white space.
        texts = tf.strings.regex_replace(texts, f"[{re2(characters.SPACE)}]", " ")
        texts = tf.strings.regex_replace(texts, word_pattern(), r"\0 ")
        return self._cleaning.apply_tokens(tf.strings.split(texts))


def word_pattern() -> str:
    """`WordTokenizer`'s pattern for RE2, which has no possessive quantifiers and needs none."""
    word = f"[{re2(characters.word_characters())}]+"
    joiner = f"[{re2(characters.JOINERS)}]"
    return f"[{re2(characters.HAN)}]|{word}(?:{joiner}{word})*|[^{re2(characters.SPACE)}]"
