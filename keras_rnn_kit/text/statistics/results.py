"""What the statistics of a corpus hold, for reading in Python, as JSON and as a table."""

from dataclasses import asdict, dataclass
from typing import Any

from keras_rnn_kit.text.statistics.power_law import PowerLaw
from keras_rnn_kit.text.statistics.table import statistics_table


@dataclass(frozen=True)
class NGrams:
    """Frequencies of the n-grams of one n.

    Attributes:
        n: tokens in an n-gram.
        total: how many n-grams there are.
        types: how many different ones.
        once: how many of these were seen once.
        most_frequent: (tokens, count), by falling count, equal counts by spelling.
        ranks, counts: the count at ranks that are spaced logarithmically, 20 a decade; rank 1
            is the most frequent one.
        zipf: Zipf's law, see `text_statistics`; None where no line can be fitted.
    """

    n: int
    total: int
    types: int
    once: int
    most_frequent: tuple[tuple[tuple[str, ...], int], ...]
    ranks: tuple[int, ...]
    counts: tuple[int, ...]
    zipf: PowerLaw | None

    @property
    def alpha(self) -> float | None:
        """Zipf's exponent: the count falls as rank^−alpha."""
        return None if self.zipf is None else -self.zipf.exponent


@dataclass(frozen=True)
class Lengths:
    """Lengths in tokens.

    Attributes:
        of: "texts" or "sentences"; those without a token don't count.
        number: how many there are.
        mean, shortest, longest: of their lengths.
        percentiles: p → the smallest length that p% of them don't exceed.
        edges, counts: a histogram of up to 40 equal bins; bin k holds the lengths with
            edges[k] ≤ length < edges[k + 1].
        longer: how many lie beyond the last edge, 1% at the most.
    """

    of: str
    number: int
    mean: float
    shortest: int
    longest: int
    percentiles: dict[int, int]
    edges: tuple[int, ...]
    counts: tuple[int, ...]
    longer: int


@dataclass(frozen=True)
class TextStatistics:
    """What `text_statistics` found; `str()` gives it as a table, `to_json()` for a file.

    Attributes:
        texts, empty_texts: how many texts there are, and how many of them hold no token.
        tokens, types: how many tokens, and how many different ones.
        ngrams: n → frequencies of the n-grams.
        uncounted: each n whose n-grams had too many types to be counted (2,097,152 tokens for
            trigrams).
        growth: (tokens, types among the first so many tokens), ten points a decade.
        heaps: Heaps' law fitted to the last two decades of `growth`: `factor` is K and `exponent`
            is beta; None where no line can be fitted.
        lengths: of texts or sentences.
        train_tokens, held_out_tokens: the corpus in two parts, one after the other.
        out_of_vocabulary: (V, share of the held-out tokens that are not among the V most frequent
            ones of the training tokens), ten points a decade; specials are not counted in V.
    """

    texts: int
    empty_texts: int
    tokens: int
    types: int
    ngrams: dict[int, NGrams]
    uncounted: tuple[int, ...]
    growth: tuple[tuple[int, int], ...]
    heaps: PowerLaw | None
    lengths: Lengths
    train_tokens: int
    held_out_tokens: int
    out_of_vocabulary: tuple[tuple[int, float], ...]

    @property
    def most_frequent(self) -> list[tuple[str, int]]:
        """The most frequent tokens and their counts."""
        return [(gram[0], count) for gram, count in self.ngrams[1].most_frequent]

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON knows them, Zipf's alpha beside the n-grams; no NaN among them."""
        data = asdict(self)
        for n, ngrams in self.ngrams.items():
            data["ngrams"][n]["alpha"] = ngrams.alpha
        return _as_json(data)

    def __str__(self) -> str:
        return statistics_table(self)


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return value
