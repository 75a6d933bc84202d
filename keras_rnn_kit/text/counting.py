"""How often each token of a stream of texts occurs, megabytes at once and in parallel."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.packed_words import Alphabet
from keras_rnn_kit.text.processes import ordered_map
from keras_rnn_kit.text.tokenizers import CharacterTokenizer, Tokenizer, WordTokenizer
from keras_rnn_kit.text.word_cuts import code_points, word_letters, word_pieces

_TOGETHER = 1 << 22  # characters counted at once, and handed to a process at once


def count_tokens(
    texts: Iterable[str],
    tokenizer: Tokenizer,
    cleaning: Cleaning | None = None,
    workers: int = 1,
) -> "Counter[str]":
    """The number of each token in the cleaned texts, in one pass over them.

    Args:
        texts: the texts; they are read as they are counted, some megabytes ahead.
        tokenizer: cuts a text into tokens.
        cleaning: what is taken out first; nothing by default.
        workers: processes that count side by side; see `processes.ordered_map`.

    Raises:
        KitError: for a text that is not a string, or a wrong argument.

    Example:
        >>> sorted(count_tokens(["to be or", "not to be"], WordTokenizer()).items())
        [('be', 2), ('not', 1), ('or', 1), ('to', 2)]
    """
    count = functools.partial(_count, tokenizer, Cleaning() if cleaning is None else cleaning)
    counts: Counter[str] = Counter()
    for _, some in ordered_map(count, _batches(texts), positive_integer("workers", workers)):
        counts.update(some)
    return counts


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if not isinstance(text, str):
            raise KitError(f"a text must be a string; received {type(text).__name__}.")
        batch.append(text)
        size += len(text)
        if size >= _TOGETHER:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _count(tokenizer: Tokenizer, cleaning: Cleaning, texts: list[str]) -> dict[str, int]:
    cleaned = map(cleaning.apply, texts)
    count = _COUNTS.get(type(tokenizer))
    if count is not None:
        counts: Counter[str] = count(cleaned)
    else:
        counts = Counter()
        for text in cleaned:
            counts.update(tokenizer.tokenize(text))
    if not cleaning.cleans_tokens:
        return counts
    kept = set(cleaning.apply_tokens(counts))
    return {token: n for token, n in counts.items() if token in kept}


def _count_characters(texts: Iterable[str]) -> "Counter[str]":
    codes, numbers = np.unique(code_points("".join(texts)), return_counts=True)
    return Counter(dict(zip(map(chr, codes.tolist()), numbers.tolist(), strict=True)))


def _count_words(texts: Iterable[str]) -> "Counter[str]":
    counts: Counter[str] = Counter()
    for text, codes, starts, ends in word_pieces("\n".join(texts), _TOGETHER):
        lengths = ends - starts
        signs, numbers = np.unique(codes[starts[lengths == 1]], return_counts=True)
        counts.update(dict(zip(map(chr, signs.tolist()), numbers.tolist(), strict=True)))

        alphabet = Alphabet(word_letters(codes))
        short = (lengths > 1) & (lengths <= alphabet.letters)
        keys, _ = alphabet.pack(codes, starts[short], ends[short])
        keys, numbers = np.unique(keys, return_counts=True)
        counts.update(dict(zip(alphabet.words(keys), numbers.tolist(), strict=True)))

        long = np.flatnonzero(lengths > alphabet.letters).tolist()
        counts.update(text[starts[n] : ends[n]] for n in long)
    return counts


_COUNTS: dict[type, Callable[[Iterable[str]], "Counter[str]"]] = {
    CharacterTokenizer: _count_characters,
    WordTokenizer: _count_words,
}
