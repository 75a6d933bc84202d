"""The counts of one pass, beside `Counter`s over lists of tuples; small chunks cut everywhere."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.text.statistics import counts as corpus_counts
from keras_rnn_kit.text.statistics.counts import GROWTH_POINTS, CorpusCounts

corpora = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=30), max_size=12)


def counted(texts, **arguments):
    counts = CorpusCounts(**arguments)
    for text in texts:
        for half in (text[: len(text) // 2], text[len(text) // 2 :]):
            counts.add(half)
        counts.end_text()
    counts.finish()
    return counts


def ngrams_of(texts, n):
    return Counter(tuple(text[k : k + n]) for text in texts for k in range(len(text) - n + 1))


@settings(deadline=None, max_examples=150)
@given(corpora, st.integers(1, 3), st.sampled_from([1, 2, 3, 7, 1 << 18]))
def test_ngrams_are_those_of_a_counter(texts, max_n, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_counts, "CHUNK", chunk)
        counts = counted(texts, max_n=max_n)
    tokens = [token for text in texts for token in text]
    assert counts.tokens == len(tokens)
    assert counts.types == list(dict.fromkeys(tokens))
    assert list(counts.ngrams) == list(range(1, max_n + 1))
    for n, found in counts.ngrams.items():
        grams = [tuple(counts.types[i] for i in row) for row in found.ids().tolist()]
        assert dict(zip(grams, found.counts.tolist(), strict=True)) == ngrams_of(texts, n)
        assert (np.diff(found.keys) > 0).all()


@settings(deadline=None, max_examples=100)
@given(corpora, st.sampled_from([1, 3, 8, 1 << 18]))
def test_growth_is_that_of_a_set(texts, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_counts, "CHUNK", chunk)
        counts = counted(texts)
    tokens = [token for text in texts for token in text]
    points = [int(k) for k in GROWTH_POINTS if k < len(tokens)] + [len(tokens)] * bool(tokens)
    assert counts.growth == [(k, len(set(tokens[:k]))) for k in points]


@settings(deadline=None, max_examples=100)
@given(corpora, st.floats(0, 0.99))
def test_the_end_is_exact_in_one_chunk(texts, share):
    counts = counted(texts, held_out=share)
    tokens = [token for text in texts for token in text]
    last = Counter(tokens[len(tokens) - round(len(tokens) * share) :])
    found = dict(zip(counts.types, counts.held_out_counts().tolist(), strict=True))
    assert {token: n for token, n in found.items() if n} == last


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.5, 0.9])
def test_the_end_of_many_chunks_is_whole_and_nearly_exact(monkeypatch, share):
    monkeypatch.setattr(corpus_counts, "CHUNK", 100)
    monkeypatch.setattr(corpus_counts, "BLOCKS", 64)
    tokens = [str(k) for k in np.random.default_rng(0).integers(0, 50, 9_937)]
    counts = counted([tokens[:4000], tokens[4000:]], held_out=share)
    number = int(counts.held_out_counts().sum())
    assert abs(number - share * len(tokens)) <= 2 / 64 * len(tokens)
    found = dict(zip(counts.types, counts.held_out_counts().tolist(), strict=True))
    assert {token: n for token, n in found.items() if n} == Counter(tokens[len(tokens) - number :])


def test_few_blocks_are_kept(monkeypatch):
    monkeypatch.setattr(corpus_counts, "CHUNK", 100)
    monkeypatch.setattr(corpus_counts, "BLOCKS", 64)
    counts = counted([["a", "b"] * 50_000], held_out=0.5)
    assert len(counts._end._blocks) <= 64 + 2


def test_too_many_types_for_the_bits(monkeypatch):
    # 2 bits an id of a trigram hold four types, 3 bits an id of a bigram eight.
    monkeypatch.setattr(corpus_counts, "_KEY_BITS", 6)
    assert list(counted(["abcd"]).ngrams) == [1, 2, 3]
    counts = counted(["abcde"])
    assert (list(counts.ngrams), counts.uncounted) == ([1, 2], [3])
    assert len(counts.ngrams[2].keys) == 4
    # ... also when they come one after the other.
    monkeypatch.setattr(corpus_counts, "CHUNK", 1)
    counts = counted(["ab", "cdefghi"])
    assert (list(counts.ngrams), counts.uncounted) == ([1], [3, 2])
    assert counts.ngrams[1].counts.tolist() == [1] * 9


def test_each_chunk_is_told(monkeypatch):
    monkeypatch.setattr(corpus_counts, "CHUNK", 10)
    told = []
    counted(["a" * 25, "b" * 3], on_chunk=told.append)
    assert told[-1] == 28
    assert told == sorted(told)
    assert len(told) >= 2


def test_nothing_at_all():
    counts = counted([])
    assert (counts.tokens, counts.types, counts.growth) == (0, [], [])
    assert len(counts.ngrams[3].keys) == 0
    assert counts.held_out_counts().tolist() == []
