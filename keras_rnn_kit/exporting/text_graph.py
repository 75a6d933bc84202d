"""A `TextEncoder` as TensorFlow operations, so that a SavedModel takes strings.

The graph and the Python encoder share their tables (`text/characters.py`, `text/cleaning.py`);
here they are written for RE2, TensorFlow's regular expressions, and for look-up tables.
"""

import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import CharacterTokenizer, TextEncoder, WordTokenizer, characters
from keras_rnn_kit.text.cleaning import HTML_ENTITIES, HTML_TAG

_SIGMA = "Σ"
# TensorFlow's lower case stops at a NUL, so NUL goes through it in disguise: U+FFFF begins an
# escape, and a U+FFFF of the text's own is escaped too.
_ESCAPES = {"\uffff": "\uffff\ufffe", "\0": "\uffff\ufdd0"}


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
        self._cleaning = encoder.cleaning
        self._pad_id = 0 if vocabulary.pad_id is None else vocabulary.pad_id
        self._unk_id = vocabulary.unk_id
        self._empty_id: int | None = None
        if empty_as_unknown:
            self._empty_id = self._pad_id if self._unk_id is None else self._unk_id
        ids = {token: i for i, token in enumerate(vocabulary.tokens)}
        self._table: tf.lookup.StaticHashTable
        if type(encoder.tokenizer) is CharacterTokenizer:
            self._words = False
            self._table = _table({ord(t): i for t, i in ids.items() if len(t) == 1}, tf.int32)
        elif type(encoder.tokenizer) is WordTokenizer:
            self._words = True
            self._table = _table(
                {t.encode("utf-8", "surrogatepass"): i for t, i in ids.items()}, tf.string
            )
        else:
            raise KitError(
                "a text graph needs the tokenizer 'characters' or 'words'; received "
                f"{encoder.tokenizer!r}. Export the model over ids, and encode beside it."
            )
        self._stop_words: tf.lookup.StaticHashTable | None = None
        if self._cleaning.stop_words:
            words = sorted(self._cleaning.stop_word_set())
            self._stop_words = _table({word.encode(): 1 for word in words}, tf.string)
        self._lower_table: tf.lookup.StaticHashTable | None = None
        if self._cleaning.lower or self._stop_words is not None:
            self._lower_table = _table(_lower_code_points(), tf.int32)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="texts")])
    def __call__(self, texts: Any) -> Any:
        """Ids int32 [B, T] of the texts, tf.string [B]."""
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")  # invalid bytes to U+FFFD
        if self._cleaning.strip_html:
            texts = _strip_html(texts)
        if self._cleaning.lower:
            texts = self._lower(texts)
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
        if self._cleaning.strip_punctuation:
            texts = tf.strings.regex_replace(texts, f"[{_re2(characters.punctuation())}]", "")
        return tf.strings.unicode_decode(texts, "UTF-8")

    def _word_tokens(self, texts: Any) -> Any:
        """Words, ragged tf.string [B, T]."""
        # All white space becomes a space, a space follows each token, and what is between spaces
        # is a token: no token holds white space.
        texts = tf.strings.regex_replace(texts, f"[{_re2(characters.SPACE)}]", " ")
        texts = tf.strings.regex_replace(texts, word_pattern(), r"\0 ")
        tokens = tf.strings.split(texts)
        if self._cleaning.strip_punctuation:
            pattern = f"[{_re2(characters.punctuation())}]+"
            is_punctuation = tf.strings.regex_full_match(tokens.flat_values, pattern)
            tokens = _keep(tokens, ~is_punctuation)
        if self._stop_words is not None:
            plain = tf.strings.regex_replace(self._lower(tokens.flat_values), "’", "'")
            tokens = _keep(tokens, self._stop_words.lookup(plain) < 0)
        return tokens

    def _lower(self, texts: Any) -> Any:
        """Python's `str.lower` of a vector of texts.

        TensorFlow's own knows an older Unicode and follows the machine's language (a Turkish one
        takes I to ı). So the code points go through a table of Python's, and what is left for
        TensorFlow is the sigma, whose form depends on its neighbours.
        """
        texts = tf.strings.regex_replace(texts, "İ", "i\u0307")
        codes = tf.strings.unicode_decode(texts, "UTF-8")  # ragged [N, T]
        found = self._lower_table.lookup(codes.flat_values)  # type: ignore[union-attr]
        codes = codes.with_flat_values(tf.where(found < 0, codes.flat_values, found))
        texts = tf.strings.unicode_encode(codes, "UTF-8")
        for character, escape in _ESCAPES.items():
            texts = tf.strings.regex_replace(texts, character, escape)
        texts = tf.strings.lower(texts, encoding="utf-8")
        for character, escape in reversed(_ESCAPES.items()):
            texts = tf.strings.regex_replace(texts, escape, character)
        return texts


def _table(entries: Mapping[Any, int], key_dtype: Any) -> tf.lookup.StaticHashTable:
    """A table that answers -1 for what it does not hold."""
    # A table of no entries can't be made; this one is never met, being no code point and no token.
    entries = entries or {(-1 if key_dtype == tf.int32 else b" "): -1}
    keys = tf.constant(list(entries), key_dtype)
    values = tf.constant(list(entries.values()), tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)


def _lower_code_points() -> dict[int, int]:
    """Each code point whose lower case is another single one, but the sigma's."""
    codes = (code for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    pairs = ((code, chr(code).lower()) for code in codes if chr(code) != _SIGMA)
    return {code: ord(low) for code, low in pairs if len(low) == 1 and ord(low) != code}


def _strip_html(texts: Any) -> Any:
    texts = tf.strings.regex_replace(texts, HTML_TAG, " ")
    for entity, character in HTML_ENTITIES.items():
        texts = tf.strings.regex_replace(texts, re.escape(entity), character)
    return texts


def _keep(tokens: Any, mask: Any) -> Any:
    """The tokens of each row where the flat mask holds."""
    return tf.ragged.boolean_mask(tokens, tokens.with_flat_values(mask))


def word_pattern() -> str:
    """`WordTokenizer`'s pattern for RE2, which has no possessive quantifiers and needs none."""
    word = f"[{_re2(characters.word_characters())}]+"
    joiner = f"[{_re2(characters.JOINERS)}]"
    return f"[{_re2(characters.HAN)}]|{word}(?:{joiner}{word})*|[^{_re2(characters.SPACE)}]"


def _re2(ranges: characters.Ranges) -> str:
    """The ranges as the inside of a `[...]` for RE2."""
    return "".join(
        f"\\x{{{low:x}}}" + (f"-\\x{{{high:x}}}" if high > low else "") for low, high in ranges
    )
