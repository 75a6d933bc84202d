"""One pass over a stream of tokens that counts n-grams, the vocabulary's growth and the end."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from keras_rnn_kit.text.statistics.power_law import log_spaced

CHUNK = 1 << 18  # tokens that are counted at once
BLOCKS = 1 << 10  # the end of the corpus begins exactly to the token, or to 2/BLOCKS of all tokens
GROWTH_POINTS = np.array(log_spaced(10**15, 10))

_KEY_BITS = 63  # of an int64 that is not negative
_GAP = -1  # stands between two texts


class CorpusCounts:
    """Counts of a corpus whose tokens pass by once.

    A token's id is its place in the order of first use, so that the highest id so far is the
    number of types so far. An n-gram is one int64: the ids of its tokens, 63/n bits each.

    Memory: the types; 16 bytes for each different n-gram, and some three times that while two
    runs of them are merged; for the held-out end, the types of each of some hundred blocks.

    Args:
        max_n: counts 1-grams to `max_n`-grams; 3 at the most.
        held_out: the share of the tokens at the end that `held_out_counts` counts.
        on_chunk: is called with the number of tokens so far, now and then.

    Attributes:
        ngrams: n → its counts.
        uncounted: each n whose n-grams were given up, having too many types for their bits (more
            than 2,097,152 for trigrams).
        tokens: how many were counted.
        growth: (tokens so far, types so far), ten points a decade.

    Example:
        >>> counts = CorpusCounts(max_n=2)
        >>> for text in (["to", "be"], ["to", "be", "or"]):
        ...     counts.add(text)
        ...     counts.end_text()
        >>> counts.finish()
        >>> counts.types, counts.ngrams[1].counts.tolist()
        (['to', 'be', 'or'], [2, 2, 1])
        >>> [[counts.types[i] for i in pair] for pair in counts.ngrams[2].ids().tolist()]
        [['to', 'be'], ['be', 'or']]
    """

    def __init__(
        self,
        max_n: int = 3,
        held_out: float = 0.1,
        on_chunk: Callable[[int], object] | None = None,
    ) -> None:
        self.ngrams = {n: NGramCounts(n) for n in range(1, max_n + 1)}
        self.uncounted: list[int] = []
        self.tokens = 0
        self.growth: list[tuple[int, int]] = []
        self._ids: defaultdict[str, int] = defaultdict()
        self._ids.default_factory = self._ids.__len__
        self._known = 0
        self._buffer = array("q")
        self._before = np.full(max_n - 1, _GAP, dtype=np.int64)  # what the next n-grams begin with
        self._end = _End(held_out)
        self._on_chunk = on_chunk

    def add(self, tokens: Sequence[str]) -> None:
        """Count more tokens of the text that is being read."""
        for start in range(0, len(tokens), CHUNK):
            self._buffer.extend(map(self._ids.__getitem__, tokens[start : start + CHUNK]))
            if len(self._buffer) >= CHUNK:
                self._count()

    def end_text(self) -> None:
        """End the text: no n-gram reaches over this place."""
        self._buffer.append(_GAP)

    def finish(self) -> None:
        """Count what is still waiting; the figures hold from here on."""
        if self._buffer:
            self._count()
        if self.tokens and self.growth[-1][0] < self.tokens:
            self.growth.append((self.tokens, len(self._ids)))

    @property
    def types(self) -> list[str]:
        """The types, by id."""
        return list(self._ids)

    def held_out_counts(self) -> np.ndarray:
        """How often each type stands in the held-out end, int64 `[V]`, V being the types."""
        return self._end.counts(self.tokens, len(self._ids))

    def _count(self) -> None:
        new = np.frombuffer(self._buffer, dtype=np.int64)
        self._buffer = array("q")
        stream = np.concatenate([self._before, new])
        for n in list(self.ngrams):
            if len(self._ids) > 1 << (_KEY_BITS // n):
                del self.ngrams[n]
                self.uncounted.append(n)
            else:
                self.ngrams[n].add(_packed(stream, n, len(self._before)))
        self._before = stream[len(stream) - len(self._before) :]
        ids = new[new != _GAP]
        if len(ids):
            self._grow(ids)
            self._end.add(self.tokens, ids)
            self.tokens += len(ids)
        self._known = len(self._ids)
        if self._on_chunk is not None:
            self._on_chunk(self.tokens)

    def _grow(self, ids: np.ndarray) -> None:
        first, last = np.searchsorted(GROWTH_POINTS, [self.tokens, self.tokens + len(ids)], "right")
        points = GROWTH_POINTS[first:last]
        highest = np.maximum.accumulate(ids)[points - self.tokens - 1]
        types = np.maximum(highest + 1, self._known)
        self.growth += zip(points.tolist(), types.tolist(), strict=True)


class NGramCounts:
    """How often each n-gram was seen: sorted runs of keys, merged as they grow.

    A run is merged with the one before it once it is half as long, so that few runs wait, and a
    key takes part in few merges.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, keys: np.ndarray) -> None:
        """Count packed n-grams, int64."""
        if not len(keys):
            return
        self._runs.append(np.unique(keys, return_counts=True))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            self._runs[-2:] = [_merged(self._runs[-2:])]

    @property
    def keys(self) -> np.ndarray:
        """Each n-gram seen, packed, sorted; int64."""
        return self._whole()[0]

    @property
    def counts(self) -> np.ndarray:
        """How often each of `keys` was seen, int64."""
        return self._whole()[1]

    def ids(self, where: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The ids of the tokens of these of `keys`, int64 `[number, n]`."""
        bits = _KEY_BITS // self.n
        shifts = bits * np.arange(self.n - 1, -1, -1)
        return self.keys[where][:, None] >> shifts & ((1 << bits) - 1)

    def _whole(self) -> tuple[np.ndarray, np.ndarray]:
        if not self._runs:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if len(self._runs) > 1:
            self._runs = [_merged(self._runs)]
        return self._runs[0]


_Block = tuple[int, int, np.ndarray, np.ndarray]  # start, stop, ids, counts


class _End:
    """Counts of the last tokens, when nobody knows yet which tokens will be the last.

    The end of a corpus that grows only moves forward. So blocks that lie before it are dropped,
    and as the corpus grows, two neighboring blocks become one.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self._size = 1  # tokens in a block
        self._blocks: list[_Block] = []

    def add(self, start: int, ids: np.ndarray) -> None:
        stop = start + len(ids)
        begin = self._begin(stop)
        self._blocks = [block for block in self._blocks if block[1] > begin]
        while stop > BLOCKS * self._size:
            self._size *= 2
            pairs = [self._blocks[k : k + 2] for k in range(0, len(self._blocks), 2)]
            self._blocks = [_joined(pair) for pair in pairs]
        for k in range(max(begin - start, 0), len(ids), self._size):
            piece = ids[k : k + self._size]
            block = (start + k, start + k + len(piece), *np.unique(piece, return_counts=True))
            if self._blocks and block[1] - self._blocks[-1][0] <= self._size:
                block = _joined([self._blocks.pop(), block])
            self._blocks.append(block)

    def counts(self, tokens: int, types: int) -> np.ndarray:
        total = np.zeros(types, np.int64)
        begin = self._begin(tokens)
        if begin == tokens:
            return total
        nearest = min((block[0] for block in self._blocks), key=lambda start: abs(start - begin))
        for start, _, ids, counts in self._blocks:
            if start >= nearest:
                total[ids] += counts
        return total

    def _begin(self, tokens: int) -> int:
        return tokens - round(tokens * self.share)


def _joined(blocks: Sequence[_Block]) -> _Block:
    """One block of neighbors."""
    return (blocks[0][0], blocks[-1][1], *_merged([block[2:] for block in blocks]))


def _packed(stream: np.ndarray, n: int, skip: int) -> np.ndarray:
    """The n-grams that end at stream[skip:] and hold no gap."""
    keys = np.zeros(len(stream) - skip, dtype=np.int64)
    whole = np.ones(len(keys), dtype=bool)
    for back in range(n - 1, -1, -1):
        ids = stream[skip - back : len(stream) - back]
        keys = keys << (_KEY_BITS // n) | ids if n > 1 else ids
        whole &= ids != _GAP
    return keys[whole]


def _merged(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """One run of all the runs' keys, the counts of equal keys added up."""
    keys = np.concatenate([run[0] for run in runs])
    counts = np.concatenate([run[1] for run in runs])
    order = np.argsort(keys, kind="stable")  # quick on runs that are sorted
    keys, counts = keys[order], counts[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(counts, first)
