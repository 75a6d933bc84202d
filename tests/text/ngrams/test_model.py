"""N-gram models against hand-computed cases, and against counting in dictionaries."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keras_rnn_kit import generation
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.scores import Score
from keras_rnn_kit.text import NGramModel, TextEncoder
from tests.text.shared import AWKWARD, SHARED, needs_shared

SMOOTHINGS = ("kneser-ney", "laplace", "none")
HALVES = (0.5, 1.0, 1.5)  # discounts that fractions of two make exact
CLOSE = 1e-12


class Slow:
    """The definitions, one n-gram at a time, in dictionaries and fractions."""

    def __init__(self, documents, order, size, smoothing, alpha=1, discounts="modified"):
        self.order, self.size, self.smoothing, self.alpha = order, size, smoothing, Fraction(alpha)
        self.seen, self.lefts, self.begins = Counter(), {}, Counter()
        for document in map(tuple, documents):
            for n in range(1, order + 1):
                for end in range(n, len(document) + 1):
                    ngram = document[end - n : end]
                    self.seen[ngram] += 1
                    if end == n:
                        self.begins[ngram] += 1
                    else:
                        self.lefts.setdefault(ngram, set()).add(document[end - n - 1])
        self.discounts = [self.estimate(n, discounts) for n in range(1, order + 1)]

    def count(self, ngram):
        if self.smoothing != "kneser-ney" or len(ngram) == self.order:
            return self.seen[ngram]
        begins = self.begins[ngram] if len(ngram) > 1 else 0
        return len(self.lefts.get(ngram, ())) + begins

    def estimate(self, n, discounts):
        if not isinstance(discounts, str):
            return [Fraction(each) for each in discounts]
        of = Counter(self.count(ngram) for ngram in self.seen if len(ngram) == n)
        if discounts == "single":
            known = of[1] and of[2]
            return [Fraction(of[1], of[1] + 2 * of[2]) if known else Fraction(1, 2)] * 3
        if of[1] and of[2] and of[3] and of[4]:
            y = Fraction(of[1], of[1] + 2 * of[2])
            found = [k - (k + 1) * y * Fraction(of[k + 1], of[k]) for k in (1, 2, 3)]
            if min(found) > 0:
                return found
        return [Fraction(1, 2), Fraction(1), Fraction(3, 2)]

    def probability(self, token, context):
        context = tuple(context)[max(0, len(context) - self.order + 1) :]
        counts = [self.count((*context, other)) for other in range(self.size)]
        total, count = sum(counts), counts[token]
        if self.smoothing == "none":
            return Fraction(count, total) if total else Fraction(0)
        if self.smoothing == "laplace":
            return (count + self.alpha) / (total + self.alpha * self.size)
        if context:
            lower = self.probability(token, context[1:])
        else:
            lower = Fraction(1, self.size)
        if not total:
            return lower
        taken = [self.discounts[len(context)][min(c, 3) - 1] if c else 0 for c in counts]
        return (count - taken[token] + sum(taken) * lower) / total


@st.composite
def cases(draw):
    size = draw(st.integers(1, 4))
    text = st.lists(st.integers(0, size - 1), max_size=30)
    documents = draw(st.lists(text, min_size=1, max_size=4))
    assume(any(documents))
    query = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=8))
    return documents, draw(st.integers(1, 5)), size, query


@settings(deadline=None, max_examples=150)
@given(cases(), st.sampled_from(SMOOTHINGS), st.sampled_from(["modified", "single", HALVES]))
def test_every_token_has_the_probability_of_the_definitions(case, smoothing, discounts):
    documents, order, size, query = case
    model = NGramModel.fit(documents, order, size, smoothing, alpha=0.5, discounts=discounts)
    slow = Slow(documents, order, size, smoothing, Fraction(1, 2), discounts)
    wanted = [float(slow.probability(token, query[:t])) for t, token in enumerate(query)]
    np.testing.assert_allclose(np.exp(model.log_probabilities(query)), wanted, rtol=CLOSE)
    if smoothing == "kneser-ney":
        np.testing.assert_allclose(model.discounts, np.array(slow.discounts, float), rtol=CLOSE)
    else:
        assert model.discounts == ()
    assert model.ngrams == tuple(
        sum(len(ngram) == n for ngram in slow.seen) for n in range(1, order + 1)
    )


@settings(deadline=None, max_examples=150)
@given(cases(), st.sampled_from(SMOOTHINGS))
def test_a_distribution_sums_to_one_and_is_what_scoring_takes(case, smoothing):
    documents, order, size, context = case
    model = NGramModel.fit(documents, order, size, smoothing)
    slow = Slow(documents, order, size, smoothing)
    found = model.log_probabilities(context)
    for t, token in enumerate(context):  # from the shortest context on
        if not any(slow.probability(other, context[:t]) for other in range(size)):
            assert smoothing == "none"
            assert found[t] == -math.inf
            with pytest.raises(KitError, match="followed by a token"):
                model.distribution(context[:t])
            continue
        chances = model.distribution(context[:t])
        assert chances.shape == (size,)
        assert chances.sum() == pytest.approx(1, abs=CLOSE)
        assert smoothing == "none" or chances.min() > 0
        assert math.exp(found[t]) == pytest.approx(chances[token], rel=CLOSE)


def test_maximum_likelihood_by_hand():
    model = NGramModel.fit([0, 1, 0, 1, 0, 2], 2, 4, "none")
    np.testing.assert_allclose(model.distribution([]), [3 / 6, 2 / 6, 1 / 6, 0])
    np.testing.assert_allclose(model.distribution([0]), [0, 2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(model.distribution([2, 1]), [1, 0, 0, 0])
    for never_followed in (2, 3):
        with pytest.raises(KitError, match=rf"received \[{never_followed}\], which never is"):
            model.distribution([0, 1, never_followed])


def test_laplace_by_hand():
    model = NGramModel.fit([0, 1, 0, 1, 0, 2], 2, 4, "laplace")
    np.testing.assert_allclose(model.distribution([]), [4 / 10, 3 / 10, 2 / 10, 1 / 10])
    np.testing.assert_allclose(model.distribution([0]), [1 / 7, 3 / 7, 2 / 7, 1 / 7])
    np.testing.assert_allclose(model.distribution([3]), [1 / 4] * 4)
    half = NGramModel.fit([0, 1, 0, 1, 0, 2], 2, 4, "laplace", alpha=0.5)
    np.testing.assert_allclose(half.distribution([0]), [0.5 / 5, 2.5 / 5, 1.5 / 5, 0.5 / 5])


def test_kneser_ney_by_hand():
    # Each of 0, 1, 2 has one left neighbor: (1 - 1/2) / 3, and half goes to four tokens alike.
    # After 0: 1 twice, 2 once, so 1 and 1/2 of 3 are taken, which is half again.
    model = NGramModel.fit([0, 1, 0, 1, 0, 2], 2, 4, discounts=HALVES)
    lowest = np.array([7, 7, 7, 3]) / 24
    np.testing.assert_allclose(model.distribution([]), lowest)
    np.testing.assert_allclose(model.distribution([0]), np.array([7, 23, 15, 3]) / 48)
    np.testing.assert_allclose(model.distribution([1]), np.array([31, 7, 7, 3]) / 48)
    np.testing.assert_allclose(model.distribution([2]), lowest)  # never followed
    np.testing.assert_allclose(model.distribution([3]), lowest)  # never seen
    np.testing.assert_allclose(model.distribution([3, 2, 0]), np.array([7, 23, 15, 3]) / 48)


def test_kneser_ney_keeps_the_counts_of_ngrams_that_begin_a_document():
    # 0 1 begins two documents and has no left neighbor: 2. 1 2 has the neighbor 0 and begins
    # one: 2. A single token's beginnings don't count: 0, 1, 1.
    model = NGramModel.fit([[0, 1], [0, 1, 2], [1, 2]], 3, 3, discounts=HALVES)
    lowest = np.array([2, 5, 5]) / 12
    np.testing.assert_allclose(model.distribution([]), lowest)
    np.testing.assert_allclose(model.distribution([0]), np.array([2, 17, 5]) / 24)
    np.testing.assert_allclose(model.distribution([1]), np.array([2, 5, 17]) / 24)
    np.testing.assert_allclose(model.distribution([0, 1]), np.array([2, 5, 41]) / 48)


def test_contexts_do_not_cross_documents():
    apart, together = (NGramModel.fit(ids, 2, 3, "none") for ids in ([[0, 1], [2]], [0, 1, 2]))
    assert together.distribution([1])[2] == 1
    with pytest.raises(KitError):
        apart.distribution([1])
    # Empty documents hold nothing to count.
    assert NGramModel.fit([[], [0, 1], [], [2], []], 2, 3, "none").ngrams == apart.ngrams == (3, 1)


def test_discounts_by_hand():
    # Five tokens seen 1, 1, 2, 3 and 4 times: Y = 2/4.
    ids = [0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4]
    assert NGramModel.fit(ids, 1, 5).discounts == ((0.5, 0.5, 1.0),)
    assert NGramModel.fit(ids, 1, 5, discounts="single").discounts == ((0.5, 0.5, 0.5),)
    assert NGramModel.fit([*ids, *[5] * 5], 1, 6).discounts == ((0.5, 0.5, 1.0),)
    assert NGramModel.fit(ids[:-1], 1, 5).discounts == (HALVES,)  # no token seen four times
    # 2 - 3 · Y · n3/n2 with many tokens seen three times would be below 0.
    many = [0, 1, 1, *[k for k in range(2, 10) for _ in range(3)], 10, 10, 10, 10]
    assert NGramModel.fit(many, 1, 11).discounts == (HALVES,)
    assert NGramModel.fit(many, 1, 11, discounts="single").discounts == ((1 / 3,) * 3,)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_a_vocabulary_of_one_is_certain(smoothing):
    model = NGramModel.fit([0, 0, 0, 0], 3, 1, smoothing)
    assert model.distribution([0, 0]) == pytest.approx(1)
    assert model.score([0, 0, 0]).perplexity == pytest.approx(1)


def test_a_text_of_one_token():
    assert NGramModel.fit([1], 1, 3, "none").distribution([]).tolist() == [0, 1, 0]
    # Nothing stands to the left of it, so that a bigram model knows nothing of it.
    np.testing.assert_allclose(NGramModel.fit([1], 2, 3).distribution([]), [1 / 3] * 3)
    np.testing.assert_allclose(NGramModel.fit([1], 2, 3).distribution([1]), [1 / 3] * 3)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_an_order_longer_than_the_text(smoothing):
    model = NGramModel.fit([0, 1, 2], 6, 3, smoothing)
    assert model.ngrams == (3, 2, 1, 0, 0, 0)
    slow = Slow([[0, 1, 2]], 6, 3, smoothing)
    query = [0, 1, 2, 0, 1, 2, 0, 1]
    wanted = [float(slow.probability(token, query[:t])) for t, token in enumerate(query)]
    np.testing.assert_allclose(np.exp(model.log_probabilities(query)), wanted, rtol=CLOSE)


def test_any_vocabulary_and_order_fit_into_the_keys():
    ids = np.random.default_rng(0).integers(0, 3, 200)
    small = NGramModel.fit(ids, 9, 3, "none")
    large = NGramModel.fit(ids * 2**38, 9, 2**40, "none")  # 2**40 to the ninth is beyond any int
    assert large.ngrams == small.ngrams
    np.testing.assert_array_equal(
        large.log_probabilities(ids * 2**38), small.log_probabilities(ids)
    )


def test_scores_every_token_but_the_first():
    model = NGramModel.fit([0, 1, 0, 1, 0, 2], 2, 4)
    ids = np.array([3, 0, 1, 2], np.int32)
    result = model.score(ids)
    assert isinstance(result, Score)
    assert (result.tokens, result.impossible) == (3, 0)
    # 0 after a token never seen, 1 after 0, 2 after 1.
    wanted = Fraction(7, 24) * Fraction(23, 48) * Fraction(7, 48)
    assert result.nats == pytest.approx(-math.log(wanted))
    assert result.perplexity == pytest.approx(float(wanted) ** (-1 / 3))
    assert ids.tolist() == [3, 0, 1, 2]


def test_counts_the_tokens_held_for_impossible():
    model = NGramModel.fit([0, 1, 0, 1], 2, 3, "none")
    assert model.score([0, 1, 0]) == Score(nats=0.0, tokens=2)
    result = model.score([0, 1, 1, 2, 2, 0, 1])  # 1 1, 1 2, 2 2 and 2 0 were never seen
    assert (result.tokens, result.impossible) == (6, 4)
    assert result.perplexity == result.loss == result.bits_per_token == math.inf


def test_texts_that_break_naive_code():
    encoder = TextEncoder.build(AWKWARD)
    documents = encoder.encode_many(AWKWARD, bos=True)
    model = NGramModel.fit(documents, 3, len(encoder.vocabulary))
    for document in documents:
        assert np.isfinite(model.log_probabilities(document)).all()
        assert model.distribution(document).sum() == pytest.approx(1)
    # Only <bos> begins a document, and nothing is likelier after it than what was seen there.
    after = np.unique([document[1] for document in documents if len(document) > 1])
    assert np.isin(model.distribution([encoder.vocabulary.bos_id]).argsort()[-3:], after).all()


def test_generates_what_a_step_at_a_time_does():
    ids = np.random.default_rng(1).integers(0, 5, 300)
    model = NGramModel.fit(ids, 3, 5)
    prompt = [[0, 1, 2, 3], [4, 4, 0, 1]]
    slow = generation.generate(model.step, prompt, 20, seed=3, temperature=0.7, forbidden=[2])
    found = model.generate(prompt, 20, seed=3, temperature=0.7, forbidden=[2])
    assert found.shape == (2, 20)
    np.testing.assert_array_equal(found, slow)
    assert 2 not in found
    np.testing.assert_array_equal(
        model.generate([1], 5, seed=0), generation.generate(model.step, [1], 5, seed=0)
    )


def test_a_step_reads_and_returns_contexts():
    model = NGramModel.fit([0, 1, 2, 0, 1, 1], 3, 3)
    logits, states = model.step([0, 1])
    assert states.tolist() == [[0], [1]]
    logits, states = model.step([1, 2], states)
    np.testing.assert_allclose(np.exp(logits[0]), model.distribution([0, 1]))
    np.testing.assert_allclose(np.exp(logits[1]), model.distribution([1, 2]))
    assert model.step([2, 2], states)[1].tolist() == [[1, 2], [2, 2]]
    assert NGramModel.fit([0, 1], 1, 2).step([1])[1].shape == (1, 0)


def test_maximum_likelihood_generates_only_what_was_seen():
    model = NGramModel.fit([0, 1, 2, 0, 1, 0, 1, 2, 0], 3, 4, "none")
    text = [3, 0, 1, *model.generate([3, 0, 1], 50, seed=0)[0]]  # the 3 is out of sight
    seen = {(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 1, 0), (1, 0, 1)}
    assert {tuple(text[t - 2 : t + 1]) for t in range(3, len(text))} <= seen
    with pytest.raises(KitError, match="received \\[3, 3\\], which never is"):
        model.generate([3, 3], 5)


@pytest.fixture(scope="module")
def shakespeare():
    text = (SHARED / "tinyshakespeare.txt").read_text()[:200_000]
    cut = int(0.9 * len(text))
    encoder = TextEncoder.build([text[:cut]])
    return encoder.encode(text[:cut]), encoder.encode(text[cut:]), len(encoder.vocabulary)


@needs_shared
def test_held_out_perplexity_falls_with_the_order(shakespeare):
    train, val, size = shakespeare
    falling = [NGramModel.fit(train, n, size).score(val).perplexity for n in (1, 2, 3, 4, 5)]
    assert falling == sorted(falling, reverse=True)
    assert size > falling[0] > 2 * falling[2]
    assert NGramModel.fit(train, 5, size).score(val).tokens == len(val) - 1


@needs_shared
@pytest.mark.parametrize("order", [3, 5])
def test_kneser_ney_beats_laplace(shakespeare, order):
    train, val, size = shakespeare
    modified, single, laplace = (
        NGramModel.fit(train, order, size, smoothing, discounts=discounts).score(val).perplexity
        for smoothing, discounts in (
            ("kneser-ney", "modified"),
            ("kneser-ney", "single"),
            ("laplace", "modified"),
        )
    )
    assert max(modified, single) < laplace


@needs_shared
def test_maximum_likelihood_meets_impossible_tokens_in_real_text(shakespeare):
    train, val, size = shakespeare
    result = NGramModel.fit(train, 3, size, "none").score(val)
    known = {tuple(train[t : t + 3]) for t in range(len(train) - 2)}
    never = sum(tuple(val[t : t + 3]) not in known for t in range(len(val) - 2))
    pairs = {tuple(train[t : t + 2]) for t in range(len(train) - 1)}
    assert result.impossible == never + (tuple(val[:2]) not in pairs) > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order": 0}, "order must be a positive integer; received order=0"),
        ({"order": 2.0}, "received order=2.0"),
        ({"vocabulary_size": 0}, "vocabulary_size must be a positive integer"),
        ({"vocabulary_size": 2}, "ids from 0 to 1; received id 2"),
        ({"smoothing": "kneser"}, "one of kneser-ney, laplace, none; received smoothing='kneser'"),
        ({"smoothing": None}, "received smoothing=None"),
        ({"smoothing": "laplace", "alpha": 0}, "alpha must be a positive, finite number"),
        ({"discounts": "three"}, "'modified', 'single' or three numbers.*received discounts='thr"),
        ({"discounts": (0.5, 1.0)}, r"received discounts=\(0.5, 1.0\)"),
        ({"discounts": (0.5, 0, 1)}, "of at most 1, 2 and 3"),
        ({"discounts": (0.5, 1, 3.5)}, "of at most 1, 2 and 3"),
        ({"discounts": 0.75}, r"received discounts=0\.75"),
        ({"ids": []}, "at least one token to count; received none"),
        ({"ids": [[], []]}, "at least one token to count"),
        ({"ids": [0, -1]}, "ids must hold ids from 0 to 2; received id -1"),
        ({"ids": [[0], [1, 3]]}, r"ids\[1\] must hold ids from 0 to 2; received id 3"),
        ({"ids": [0.0, 1.0]}, "integer ids; received float64"),
        ({"ids": "to be"}, "integer ids"),
        ({"ids": ["to", "be"]}, r"ids\[0\] must hold integer ids"),
        ({"ids": [True, False]}, "integer ids; received bool"),
        ({"ids": np.zeros((2, 2), int)}, r"vector of ids \[N\]; received shape \[2, 2\]"),
        ({"ids": 3}, r"received shape \[\]"),
    ],
)
def test_fit_refuses(arguments, message):
    with pytest.raises(KitError, match=message):
        NGramModel.fit(**{"ids": [0, 1, 2], "order": 2, "vocabulary_size": 3, **arguments})


def test_a_model_refuses_ids_it_has_not():
    model = NGramModel.fit([0, 1, 2], 2, 3)
    for take in (model.log_probabilities, model.score, model.distribution):
        with pytest.raises(KitError, match="from 0 to 2; received id 3"):
            take([0, 3])
        with pytest.raises(KitError, match=r"received shape \[1, 2\]"):
            take([[0, 1]])
    with pytest.raises(KitError, match="at least one token; received none"):
        model.log_probabilities([])
    for short in ([], [0]):
        with pytest.raises(KitError, match=f"at least two tokens; received {len(short)}"):
            model.score(short)
    for prompt in ([0, 9], [9, 0]):
        with pytest.raises(KitError, match="prompt must hold ids from 0 to 2; received id 9"):
            model.generate(prompt, 3)
    with pytest.raises(KitError, match="at least one id"):
        model.generate([], 3)
    with pytest.raises(KitError, match="temperature must be"):
        model.generate([0], 3, temperature=-1)


def test_repr():
    assert repr(NGramModel.fit([0, 1, 0], 2, 2)) == (
        "NGramModel(order=2, vocabulary_size=2, smoothing='kneser-ney', ngrams=(2, 2))"
    )
