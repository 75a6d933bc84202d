"""How often each token of a stream of texts occurs, megabytes at once and in parallel."""

import functools
import sys
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.groups import grouped
from keras_rnn_kit.text.packed_words import Alphabet
from keras_rnn_kit.text.processes import ordered_map
from keras_rnn_kit.text.tokenizers import CharacterTokenizer, Tokenizer, WordTokenizer
from keras_rnn_kit.text.word_cuts import PIECE, CodePoints, code_points, word_letters, word_pieces

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
    batches = grouped(texts, _length, _TOGETHER)
    for _, some in ordered_map(count, batches, positive_integer("workers", workers)):
        counts.update(some)
    return counts


def _length(text: str) -> int:
    if not isinstance(text, str):
        raise KitError(f"a text must be a string; received {type(text).__name__}.")
    return len(text)


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
    joined = "".join(texts)
    pieces = (joined[begin : begin + PIECE] for begin in range(0, len(joined), PIECE))
    return _single(map(code_points, pieces))


def _count_words(texts: Iterable[str]) -> "Counter[str]":
    joined = "\n".join(texts)  # which keeps the words of two texts apart
    alphabet = Alphabet(word_letters(joined))
    signs, words, long = [], [np.empty(0, np.uint64)], []
    for text, codes, starts, ends in word_pieces(joined):
        lengths = ends - starts
        signs.append(codes[starts[lengths == 1]])
        short = (lengths > 1) & (lengths <= alphabet.letters)
        words.append(alphabet.pack(codes, starts[short], ends[short])[0])
        rest = np.flatnonzero(lengths > alphabet.letters)
        places = zip(starts[rest].tolist(), ends[rest].tolist(), strict=True)
        long += [text[start:end] for start, end in places]
    counts = _single(signs)
    different, numbers = np.unique(np.concatenate(words), return_counts=True)
    counts.update(dict(zip(alphabet.words(different), numbers.tolist(), strict=True)))
    counts.update(long)
    return counts


def _single(codes: Iterable[CodePoints]) -> "Counter[str]":
    """The characters, counted."""
    numbers = np.zeros(sys.maxunicode + 1, dtype=np.intp)
    for some in codes:
        found = np.bincount(some)
        numbers[: len(found)] += found
    different = np.flatnonzero(numbers)
    pairs = zip(map(chr, different.tolist()), numbers[different].tolist(), strict=True)
    return Counter(dict(pairs))


_COUNTS: dict[type, Callable[[Iterable[str]], "Counter[str]"]] = {
    CharacterTokenizer: _count_characters,
    WordTokenizer: _count_words,
}
