"""The work behind `TextEncoder.encode`: texts through cleaning, tokenizer and vocabulary."""

import functools
import itertools

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.lookups import Lookup, Other, lookup_of
from keras_rnn_kit.text.tokenizers import Tokenizer
from keras_rnn_kit.text.vocabulary import Vocabulary

_DROPPED, _MISSING = -1, -2  # by the cleaning; in a vocabulary without <unk>


class Encoding:
    """What an encoder does to texts; its arguments are `TextEncoder`'s."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: Vocabulary, cleaning: Cleaning) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._cleaning = cleaning

    def tokenize(self, text: str) -> list[str]:
        """The tokens of the cleaned text."""
        tokens = self._tokenizer.tokenize(self._cleaned(text))
        return self._cleaning.apply_tokens(tokens) if self._cleaning.cleans_tokens else tokens

    def rows(self, texts: list[str]) -> list[np.ndarray]:
        """The ids int32 `[T]` of each text: all are looked up at once, where that can be done.

        Raises:
            KitError: for what is not a string, or unknown tokens without an `<unk>`.
        """
        if self._lookup is None:
            return [self._vocabulary.encode(self.tokenize(text)) for text in texts]
        ids, ends = self._lookup.rows([self._cleaned(text) for text in texts], self._other())
        if ids.size and ids.min() < 0:
            row = np.searchsorted(ends, np.arange(len(ids)), side="right")
            if (ids == _MISSING).any():
                first = texts[row[ids == _MISSING][0]]
                raise self._vocabulary.unknown_error(self._vocabulary.unknown(self.tokenize(first)))
            ends = np.cumsum(np.bincount(row[ids != _DROPPED], minlength=len(texts)))
            ids = ids[ids != _DROPPED]
        return [ids[begin:end] for begin, end in itertools.pairwise([0, *ends.tolist()])]

    def _cleaned(self, text: str) -> str:
        if not isinstance(text, str):
            raise KitError(f"a text must be a string; received {type(text).__name__}.")
        return self._cleaning.apply(text)

    @functools.cached_property
    def _lookup(self) -> Lookup | None:
        ids = {token: i for i, token in enumerate(self._vocabulary.tokens)}
        if self._cleaning.cleans_tokens:
            kept = set(self._cleaning.apply_tokens(ids))
            ids = {token: i if token in kept else _DROPPED for token, i in ids.items()}
        return lookup_of(self._tokenizer, ids)

    def _other(self) -> Other:
        """The id of a token that is not listed."""
        unknown = _MISSING if self._vocabulary.unk_id is None else self._vocabulary.unk_id
        if not self._cleaning.cleans_tokens:
            return unknown
        return lambda token: unknown if self._cleaning.apply_tokens([token]) else _DROPPED
