"""Statistics of a corpus: frequencies by rank, growth of the vocabulary, lengths, unknown words."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

import numpy as np

from keras_rnn_kit.arguments import positive_integer, rate
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.encoder import TextEncoder
from keras_rnn_kit.text.reading.pieces import pieces_of
from keras_rnn_kit.text.statistics.counts import CorpusCounts, NGramCounts
from keras_rnn_kit.text.statistics.power_law import fit_power_law, log_spaced
from keras_rnn_kit.text.statistics.results import Lengths, NGrams, TextStatistics
from keras_rnn_kit.text.statistics.sentence_cuts import ended_sentences
from keras_rnn_kit.text.tokenizers import Tokenizer, tokenizer_from_config
from keras_rnn_kit.text.vocabulary import Vocabulary

LengthsOf = Literal["texts", "sentences"]

ZIPF_MIN_COUNT = 5  # rarer n-grams share their frequency with so many others that ranks say little
PERCENTILES = (5, 25, 50, 75, 95, 99)

_BINS = 40


def text_statistics(
    texts: Iterable[str],
    tokenizer: str | Tokenizer = "words",
    cleaning: Cleaning | None = None,
    *,
    lengths_of: LengthsOf = "texts",
    max_n: int = 3,
    held_out: float = 0.1,
    first_rank: int = 1,
    last_rank: int | None = None,
    top: int = 20,
    progress: Callable[[int], object] | None = None,
) -> TextStatistics:
    """Statistics of texts that pass by once.

    - Frequencies of n-grams, and Zipf's law (1949), `count = C · rank^−alpha`. The line is
      fitted by least squares to ln count on ln rank, at the ranks listed in `NGrams.ranks` and at
      both ends of the range: so every decade of ranks weighs the same. N-grams don't reach from
      one text into the next.
    - Growth of the vocabulary, and Heaps' law (1978), `types = K · tokens^beta`, fitted in the
      same way to the last two decades of tokens. It depends on the order of the texts.
    - Lengths in tokens.
    - The share of unknown tokens for each size of vocabulary. The last tokens are held out; the
      words come in the order in which `Vocabulary.build(max_size=...)` keeps them.

    "Dive into Deep Learning", chapter 9.2, looks at the same figures.

    Memory: the texts go by, their counts stay: the types, and 16 bytes for each different n-gram,
    some three times that while counts are merged. Most trigrams of words are seen once, so they
    take more than the text itself; `max_n=2` or `max_n=1` goes without.

    Args:
        texts: the texts, in any iterable; a single string is one text. Of `texts(...)`, which
            offers its texts in pieces, a piece is held at a time, and cleaned by itself.
        tokenizer: a tokenizer, or the name of one that learns nothing: "words", "characters".
        cleaning: what is taken out first; nothing by default. For an encoder's own tokens pass
            `encoder.tokenizer` and `encoder.cleaning`.
        lengths_of: "texts" where a text is short, "sentences" for running text: then each of its
            `sentences` is cut into tokens by itself.
        max_n: counts n-grams up to this n, 3 at the most.
        held_out: the share of the tokens at the end of the corpus that is held out, in [0, 1).
            The cut is exact up to 262,144 tokens, and to 0.2% of the tokens beyond.
        first_rank, last_rank: Zipf's law is fitted between these ranks; None takes the last one
            that has a count of 5 or more.
        top: how many of the most frequent n-grams are listed.
        progress: is called with the number of tokens so far, every 262,144 tokens or so.

    Raises:
        KitError: for a corpus without a token, a text that is no string, or a wrong argument.

    Example:
        >>> found = text_statistics(["to be or not to be", "that is the question"])
        >>> found.tokens, found.types, found.most_frequent[:2]
        (10, 8, [('be', 2), ('to', 2)])
        >>> found.ngrams[2].most_frequent[0]
        (('to', 'be'), 2)
        >>> found.out_of_vocabulary[-1]  # "question" is held out, and unknown
        (7, 1.0)
    """
    reader = _Reader(tokenizer, cleaning, lengths_of)
    if positive_integer("max_n", max_n) > 3:
        raise KitError(f"max_n must be 1, 2 or 3; received max_n={max_n}. Pass 3.")
    positive_integer("top", top)
    positive_integer("first_rank", first_rank)
    if last_rank is not None and positive_integer("last_rank", last_rank) < first_rank + 2:
        raise KitError(
            f"a line needs three ranks; received first_rank={first_rank} and "
            f"last_rank={last_rank}. Pass a last_rank of {first_rank + 2} or more."
        )
    counts = CorpusCounts(max_n, rate("held_out", held_out), progress)
    for piece, ends_text in pieces_of(texts):
        reader.read(piece, ends_text, counts)
    counts.finish()
    if not counts.tokens:
        raise KitError(
            f"statistics need at least one token; received {reader.texts:,} "
            f"{'text' if reader.texts == 1 else 'texts'} without any. Give texts that hold some."
        )

    types = counts.types
    spelling = np.empty(len(types), np.int64)
    spelling[sorted(range(len(types)), key=types.__getitem__)] = np.arange(len(types))
    held = counts.held_out_counts()
    return TextStatistics(
        texts=reader.texts,
        empty_texts=reader.empty,
        tokens=counts.tokens,
        types=len(types),
        ngrams={
            n: _ngrams(found, types, spelling, first_rank, last_rank, top)
            for n, found in counts.ngrams.items()
        },
        uncounted=tuple(counts.uncounted),
        growth=tuple(counts.growth),
        heaps=fit_power_law(
            [tokens for tokens, _ in counts.growth],
            [seen for _, seen in counts.growth],
            first=-(-counts.tokens // 100),
        ),
        lengths=_lengths(lengths_of, reader.lengths),
        train_tokens=counts.tokens - int(held.sum()),
        held_out_tokens=int(held.sum()),
        out_of_vocabulary=_out_of_vocabulary(counts.ngrams[1].counts - held, held, spelling),
    )


class _Reader:
    """Cuts texts into tokens and notes their lengths, or those of their sentences."""

    def __init__(
        self, tokenizer: str | Tokenizer, cleaning: Cleaning | None, lengths_of: LengthsOf
    ) -> None:
        if lengths_of not in get_args(LengthsOf):
            raise KitError(
                f"lengths_of must be 'texts' or 'sentences'; received {lengths_of!r}. Pass one."
            )
        if isinstance(tokenizer, str):
            tokenizer = tokenizer_from_config({"type": tokenizer})
        # An encoder, because it knows which cleaning goes with which tokenizer.
        self._encoder = TextEncoder(tokenizer, Vocabulary((), ()), cleaning)
        self._by_sentence = lengths_of == "sentences"
        self.texts = 0
        self.empty = 0  # texts without a token
        self.lengths: Counter[int] = Counter()
        self._in_text = 0  # tokens so far of the text that is being read
        self._in_sentence = 0  # and of its sentence

    def read(self, piece: str, ends_text: bool, counts: CorpusCounts) -> None:
        """Count the tokens of a text, or of a piece of it."""
        cleaning, tokenizer = self._encoder.cleaning, self._encoder.tokenizer
        text = cleaning.apply(piece)
        for part, ended in ended_sentences(text) if self._by_sentence else [(text, False)]:
            tokens = cleaning.apply_tokens(tokenizer.tokenize(part))
            counts.add(tokens)
            self._in_text += len(tokens)
            self._in_sentence += len(tokens)
            if ended:
                self._end_sentence()
        if ends_text:
            self._end_sentence()
            counts.end_text()
            self.texts += 1
            self.empty += not self._in_text
            self._in_text = 0

    def _end_sentence(self) -> None:
        if self._in_sentence:
            self.lengths[self._in_sentence] += 1
        self._in_sentence = 0


def _ngrams(
    found: NGramCounts,
    types: Sequence[str],
    spelling: np.ndarray,
    first_rank: int,
    last_rank: int | None,
    top: int,
) -> NGrams:
    counts = found.counts
    falling = np.sort(counts)[::-1]
    ranks = log_spaced(len(falling), 20)
    last = int((counts >= ZIPF_MIN_COUNT).sum()) if last_rank is None else last_rank
    last = min(last, len(falling))
    inside = {rank for rank in ranks if first_rank <= rank <= last}
    fitted = sorted(inside | {first_rank, last}) if first_rank <= last else []
    # All that are as frequent as the last one listed, so that spelling can choose among them.
    candidates = np.flatnonzero(counts >= (falling[min(top, len(falling)) - 1] if ranks else 1))
    ids = found.ids(candidates)
    order = np.lexsort((*spelling[ids].T[::-1], -counts[candidates]))[:top]
    return NGrams(
        n=found.n,
        total=int(counts.sum()),
        types=len(counts),
        once=int((counts == 1).sum()),
        most_frequent=tuple(
            (tuple(types[i] for i in row), int(counts[place]))
            for row, place in zip(ids[order].tolist(), candidates[order], strict=True)
        ),
        ranks=tuple(ranks),
        counts=tuple(int(falling[rank - 1]) for rank in ranks),
        zipf=fit_power_law(fitted, [falling[rank - 1] for rank in fitted]),
    )


def _lengths(of: str, counter: Counter[int]) -> Lengths:
    values = np.array(sorted(counter), dtype=np.int64)
    numbers = np.array([counter[value] for value in values.tolist()], dtype=np.int64)
    number, seen = int(numbers.sum()), np.cumsum(numbers)
    percentiles = {
        p: int(values[np.searchsorted(seen, -(-p * number // 100))]) for p in PERCENTILES
    }
    shortest = int(values[0])
    span = percentiles[99] - shortest + 1
    width = -(-span // _BINS)
    edges = shortest + width * np.arange(-(-span // width) + 1)
    counts, _ = np.histogram(values[values < edges[-1]], edges, weights=numbers[values < edges[-1]])
    return Lengths(
        of=of,
        number=number,
        mean=int(values @ numbers) / number,
        shortest=shortest,
        longest=int(values[-1]),
        percentiles=percentiles,
        edges=tuple(edges.tolist()),
        counts=tuple(int(count) for count in counts),
        longer=number - int(counts.sum()),
    )


def _out_of_vocabulary(
    train: np.ndarray, held: np.ndarray, spelling: np.ndarray
) -> tuple[tuple[int, float], ...]:
    total = int(held.sum())
    if not total:
        return ()
    order = np.lexsort((spelling, -train))
    unknown = total - np.cumsum(held[order])
    sizes = log_spaced(int((train > 0).sum()), 10)
    return tuple((size, int(unknown[size - 1]) / total) for size in sizes)
