import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation import Sampler, sample

P = np.array([0.4, 0.3, 0.2, 0.1])


def rng():
    return np.random.default_rng(0)


def draw(count, **settings):
    """Shares of each id among `count` draws from P."""
    ids = sample(np.tile(np.log(P), (count, 1)), rng(), **settings)
    return np.bincount(ids, minlength=len(P)) / count


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, P),
        ({"temperature": 0.5}, P**2 / (P**2).sum()),
        ({"temperature": 2.0}, P**0.5 / (P**0.5).sum()),
        ({"top_k": 2}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.7}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.71}, [4 / 9, 3 / 9, 2 / 9, 0]),
        ({"top_k": 3, "top_p": 0.5}, [4 / 7, 3 / 7, 0, 0]),
        ({"forbidden": [0]}, [0, 3 / 6, 2 / 6, 1 / 6]),
        ({"forbidden": [0], "top_k": 1}, [0, 1, 0, 0]),
    ],
)
def test_distribution(settings, expected):
    expected = np.asarray(expected)
    probabilities = Sampler(**settings).probabilities(np.log(P)[None])
    np.testing.assert_allclose(probabilities[0], expected, atol=1e-12)
    count = 20_000
    shares = draw(count, **settings)
    assert (shares[expected == 0] == 0).all()
    # Pearson's statistic has 3 degrees of freedom or fewer; 25 is passed once in 60,000 tables,
    # and the seed is fixed.
    likely = expected > 0
    deviation = count * ((shares - expected)[likely] ** 2 / expected[likely]).sum()
    assert deviation < 25


def test_temperature_zero_takes_the_largest_and_draws_nothing():
    generator = rng()
    ids = sample([[1, 5, 2], [9, 0, 9]], generator, temperature=0)
    np.testing.assert_array_equal(ids, [1, 0])
    assert ids.dtype == np.int32
    assert generator.random() == rng().random()
    np.testing.assert_array_equal(
        Sampler(temperature=0).probabilities([[1, 5, 2]]), [[0.0, 1.0, 0.0]]
    )


def test_temperature_zero_keeps_to_forbidden():
    assert sample([[1.0, 5.0, 2.0]], rng(), temperature=0, forbidden=[1]) == 2


@pytest.mark.parametrize("temperature", [1e-320, 1e-9])
def test_temperature_near_zero_is_greedy(temperature):
    assert sample([[1.0, 1.001, 0.0]], rng(), temperature=temperature) == 1


def test_huge_logits_do_not_overflow():
    probabilities = Sampler().probabilities([[3e38, 3e38, -3e38], [-1e30, 0.0, -np.inf]])
    np.testing.assert_array_equal(probabilities, [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])


def test_top_k_of_equals_keeps_k_lowest_ids():
    probabilities = Sampler(top_k=3).probabilities([[0.0, 1.0, 0.0, 0.0, 0.0]])[0]
    assert np.flatnonzero(probabilities).tolist() == [0, 1, 2]


def test_top_k_above_v_keeps_all():
    np.testing.assert_allclose(Sampler(top_k=99).probabilities(np.log(P)[None])[0], P)


def test_top_p_is_the_smallest_set_of_float32_logits():
    probabilities = Sampler(top_p=0.9).probabilities(np.log([[0.5, 0.4, 0.1]]).astype(np.float32))
    assert probabilities[0, 2] == 0


def test_top_p_keeps_at_least_one():
    np.testing.assert_array_equal(
        Sampler(top_p=1e-9).probabilities(np.log(P)[None])[0], [1, 0, 0, 0]
    )


def test_same_seed_same_ids_and_rows_differ():
    logits = np.zeros((50, 10))
    first = sample(logits, rng())
    np.testing.assert_array_equal(first, sample(logits, rng()))
    assert len(np.unique(first)) > 1


def test_logits_are_left_as_they_were():
    logits = np.log(P)[None].copy()
    sample(logits, rng(), temperature=0.5, top_k=2, forbidden=[1])
    np.testing.assert_array_equal(logits, np.log(P)[None])


def test_a_sampler_serves_vocabularies_of_several_sizes():
    choose = Sampler(temperature=0, forbidden=[1])
    assert choose([[0.0, 2.0, 1.0]], rng()) == 2
    assert choose([[0.0, 2.0]], rng()) == 0


@hypothesis_settings(deadline=None)  # a time would fail on a busy machine
@given(
    st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=12),
    st.floats(0.01, 10),
    st.none() | st.integers(1, 15),
    st.none() | st.floats(0.01, 1),
    st.integers(0, 2**32),
)
def test_a_drawn_token_is_one_of_the_kept(logits, temperature, top_k, top_p, seed):
    choose = Sampler(temperature=temperature, top_k=top_k, top_p=top_p)
    probabilities = choose.probabilities([logits])[0]
    # A sum of 12 float64 shares.
    assert probabilities.sum() == pytest.approx(1, abs=1e-12)
    assert np.count_nonzero(probabilities) <= (top_k or len(logits))
    # What was dropped is never likelier than what was kept.
    full = Sampler(temperature=temperature).probabilities([logits])[0]
    kept = probabilities > 0
    assert full[~kept].max(initial=0) <= full[kept].min()
    if top_p is not None and top_k is None:
        mass = full[kept].sum()
        assert mass >= top_p * (1 - 2e-6)
        # A p of 1 keeps all, also what is too unlikely to change a float64 sum.
        assert top_p == 1 or mass - full[kept].min() < top_p
    assert probabilities[choose([logits], np.random.default_rng(seed))[0]] > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, "temperature must be a number of 0 or more"),
        ({"temperature": float("nan")}, "temperature must be"),
        ({"temperature": "hot"}, "temperature must be"),
        ({"top_k": 0}, "top_k must be a positive integer"),
        ({"top_k": 1.5}, "top_k must be a positive integer"),
        ({"top_p": 0}, "top_p must be a number above 0 and at most 1"),
        ({"top_p": 1.01}, "top_p must be a number above 0"),
        ({"forbidden": [0.5]}, "forbidden must hold integer ids"),
        ({"forbidden": [3]}, "received id 3 for a vocabulary of V=3"),
        ({"forbidden": [-1]}, "received id -1 for a vocabulary of V=3"),
        ({"forbidden": [0, 1, 2, 0]}, "forbidden must leave a token"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(KitError, match=message):
        sample(np.zeros((1, 3)), rng(), **settings)


@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (np.zeros(3), r"shape \[B, V\]; received shape \[3\]"),
        (np.zeros((1, 0)), r"received shape \[1, 0\]"),
        ([[0.0, 1.0], [np.nan, 0.0]], "NaN in row 1"),
        ([[-np.inf, -np.inf]], "no token that can come in row 0"),
        ([[np.inf, 0.0]], r"\+inf in row 0"),
    ],
)
@pytest.mark.parametrize("temperature", [0, 1])
def test_logits_without_a_distribution(logits, message, temperature):
    with pytest.raises(KitError, match=message):
        sample(logits, rng(), temperature=temperature)


def test_nan_among_the_forbidden_is_still_told():
    with pytest.raises(KitError, match="NaN"):
        sample([[np.nan, 0.0]], rng(), forbidden=[0])
