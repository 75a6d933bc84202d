"""What is padding in batches of a few lengths: of real texts, and of lengths like film reviews'."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from benchmarks.report import Asked, at_most
from benchmarks.timing import table
from keras_rnn_kit.data import bucket_lengths, padding_share
from keras_rnn_kit.text import WordTokenizer

# IMDB's reviews have 25,000 to train, a mean of about 230 words, a median of about 174, and 2,470
# in the longest (Maas et al. 2011); log-normal lengths like these stand in for them.
_COUNT, _MEDIAN, _MEAN, _LONGEST = 25_000, 174, 230, 2470
LIKE_IMDB = "lengths like IMDB's"
WANTED = 0.1


@dataclasses.dataclass(frozen=True)
class Padding:
    """Of lengths cut to `max_length`: how many were cut, what is padding."""

    data: str
    max_length: int | None
    cut: float
    padding: float


def paddings(texts: Sequence[str]) -> list[Padding]:
    """Uncut, cut to the customary 400 words, and cut as little as keeps padding below a tenth."""
    tokenizer = WordTokenizer()
    own = np.array([max(1, len(tokenizer.tokenize(text))) for text in texts])
    found = []
    for data, lengths in (("the texts given", own), (LIKE_IMDB, like_imdb())):
        for most in (None, 400, largest_below(lengths, WANTED)):
            found.append(padding_of(data, lengths, most))
    return found


def like_imdb() -> np.ndarray:
    """Log-normal lengths with the median and the mean of IMDB's."""
    rng = np.random.default_rng(0)
    sigma = np.sqrt(2 * np.log(_MEAN / _MEDIAN))
    return np.clip(rng.lognormal(np.log(_MEDIAN), sigma, _COUNT), 10, _LONGEST).astype(int)


def padding_of(data: str, lengths: np.ndarray, most: int | None) -> Padding:
    """The best that six lengths can do."""
    cut = lengths if most is None else np.minimum(lengths, most)
    share = padding_share(cut, bucket_lengths(cut))
    return Padding(data, most, float((lengths > cut).mean()), share)


def largest_below(lengths: np.ndarray, share: float) -> int:
    """The largest `max_length` whose padding is below `share`."""
    low, high = 1, int(lengths.max())
    while low < high:
        middle = (low + high + 1) // 2
        below = padding_of("", lengths, middle).padding < share
        low, high = (middle, high) if below else (low, middle - 1)
    return low


def padding_table(found: Sequence[Padding]) -> str:
    """A line a cut."""
    rows = [
        [one.data, one.max_length or "none", f"{one.cut:.1%}", f"{one.padding:.1%}"]
        for one in found
    ]
    return table(rows, ["lengths", "cut to", "texts cut", "padding"])


def asked_of(found: Sequence[Padding]) -> list[Asked]:
    """Below a tenth, where nothing is cut."""
    uncut = {one.data: 100 * one.padding for one in found if one.max_length is None}
    return at_most("padding, nothing cut", 100 * WANTED, uncut, " %")
