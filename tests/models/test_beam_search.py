"""Beam search against all sequences there are, and against a search written out in NumPy."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.models.beam_search import beam_search

BOS, EOS = 2, 3
SIZE, LENGTH = 6, 3  # ids 0 and 2 are never written: words are 1, 4, 5


def table(seed: int) -> np.ndarray:
    """Log-probabilities `[L + 1, V, V]` of the next token, by step and token before."""
    scores = np.random.default_rng(seed).normal(0, 2, (LENGTH + 1, SIZE, SIZE))
    return (scores - np.log(np.exp(scores).sum(-1, keepdims=True))).astype(np.float32)


def run(tables: np.ndarray, beam: int, penalty: float, length: int = LENGTH):
    """The search over one table a row; the state is the number of the step, the memory the row."""
    stacked = tf.constant(tables)

    def step(tokens, states, memory):
        (t,), (row,) = states, memory
        return tf.gather_nd(stacked, tf.stack([row, t, tokens], axis=1)), [t + 1]

    rows = len(tables)
    found = beam_search(
        step,
        [tf.zeros([rows], tf.int32)],
        [tf.range(rows)],
        rows=rows,
        bos_id=BOS,
        eos_id=EOS,
        beam=beam,
        max_length=length,
        length_penalty=penalty,
    )
    return [value.numpy() for value in found]


def score(log_p: np.ndarray, words: tuple[int, ...], penalty: float) -> float:
    """Of a sequence that ends."""
    tokens = [BOS, *words, EOS]
    total = sum(log_p[t, a, b] for t, (a, b) in enumerate(itertools.pairwise(tokens)))
    return total / ((5 + len(tokens) - 1) / 6) ** penalty


def best_of_all(log_p: np.ndarray, penalty: float) -> tuple[tuple[int, ...], float]:
    written = (words for n in range(LENGTH + 1) for words in itertools.product((1, 4, 5), repeat=n))
    return max(((words, score(log_p, words, penalty)) for words in written), key=lambda p: p[1])


def searched(log_p: np.ndarray, beam: int, penalty: float) -> tuple[list[int], float]:
    """The search of one source, with lists."""
    live, ended = [(0.0, [])], []
    for t in range(LENGTH):
        candidates = []
        for total, words in live:
            last = words[-1] if words else BOS
            candidates += [
                (total + log_p[t, last, token], words, token)
                for token in range(SIZE)
                if token not in (0, BOS)
            ]
        candidates.sort(key=lambda c: -c[0])
        norm = ((5 + t + 1) / 6) ** penalty
        ended += [(c[0] / norm, c[1]) for c in candidates[:beam] if c[2] == EOS]
        live = [(c[0], [*c[1], c[2]]) for c in candidates[: 2 * beam] if c[2] != EOS][:beam]
        best = max(ended)[0] if ended else -np.inf
        hope, as_it_stands = (live[0][0] / ((5 + n) / 6) ** penalty for n in (LENGTH + 1, t + 1))
        if hope <= best or (len(ended) >= beam and as_it_stands <= best):
            break
    if ended:
        value, words = max(ended, key=lambda e: e[0])
        return words, value
    value, words = live[0]
    return words, value / ((5 + LENGTH) / 6) ** penalty


@pytest.mark.parametrize("penalty", [0.0, 0.6])
def test_a_beam_that_holds_all_finds_the_best_of_all(penalty):
    # Sequences of all three words and an end at the last step are cut: none may be needed.
    tables = [table(seed) for seed in range(40)]
    for log_p in tables:
        log_p[LENGTH] = -1e9  # no sequence of that many words ends
    ids, counts, scores = run(np.stack(tables), beam=27, penalty=penalty)
    for log_p, row, count, value in zip(tables, ids, counts, scores, strict=True):
        words, expected = best_of_all(log_p, penalty)
        # Sums of at most four float32 numbers of size 10.
        if expected > -1e8:
            np.testing.assert_allclose(value, expected, rtol=1e-5)
            assert tuple(row[:count]) == words


@pytest.mark.parametrize(("beam", "penalty"), [(1, 0.0), (1, 1.0), (2, 0.6), (3, 0.0)])
def test_it_is_the_search_with_lists_whatever_else_is_in_the_batch(beam, penalty):
    tables = [table(seed) for seed in range(60)]
    ids, counts, scores = run(np.stack(tables), beam, penalty)
    for log_p, row, count, value in zip(tables, ids, counts, scores, strict=True):
        words, expected = searched(log_p, beam, penalty)
        assert row[:count].tolist() == words
        assert not row[count:].any()
        np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_a_beam_of_one_takes_the_likeliest_token_at_each_step():
    tables = [table(seed) for seed in range(60)]
    ids, counts, _ = run(np.stack(tables), beam=1, penalty=0.7)
    for log_p, row, count in zip(tables, ids, counts, strict=True):
        words, last = [], BOS
        for t in range(LENGTH):
            allowed = log_p[t, last].copy()
            allowed[[0, BOS]] = -np.inf
            last = int(allowed.argmax())
            if last == EOS:
                break
            words.append(last)
        assert row[:count].tolist() == words


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
def test_ends_that_come_second_at_every_step_do_not_stop_it(penalty):
    # All but sure of 1 4 5, and next of an end, as a model with a decision of its own may be.
    words = [1, 4, 5]
    log_p = np.full((LENGTH + 2, SIZE, SIZE), -12.0, np.float32)
    for t, (before, after) in enumerate(itertools.pairwise([BOS, *words, EOS])):
        log_p[t, before, EOS] = -9
        log_p[t, before, after] = -0.01
    ids, counts, _ = run(log_p[None], beam=2, penalty=penalty, length=4)
    assert ids[0, : counts[0]].tolist() == words


def test_what_never_ends_is_cut():
    log_p = table(0)
    log_p[:, :, EOS] = -1e9
    ids, counts, scores = run(log_p[None], beam=2, penalty=0.0, length=2)
    assert (ids.shape, counts.tolist()) == ((1, 2), [2])
    assert scores[0] > -100
