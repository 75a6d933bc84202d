"""Splits: every example once, class shares, the customary protocol, groups, duplicates."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keras_rnn_kit.data import drop_duplicates, drop_overlap, split
from keras_rnn_kit.errors import KitError

LABELS = st.lists(st.sampled_from("abc"), min_size=30, max_size=80).filter(
    lambda labels: min(labels.count(c) for c in set(labels)) >= 10 and len(set(labels)) > 1
)


@given(LABELS, st.booleans(), st.integers(0, 99))
def test_every_example_is_in_one_part_with_its_label(labels, stratify, seed):
    parts = split(range(len(labels)), labels, seed=seed, stratify=stratify)
    assert sorted(i for texts, _ in parts for i in texts) == list(range(len(labels)))
    for texts, own in parts:
        assert own == [labels[i] for i in texts]


@given(LABELS, st.integers(0, 99))
def test_stratified_parts_have_the_classes_in_the_same_shares(labels, seed):
    parts = split(range(len(labels)), labels, seed=seed)
    for label in set(labels):
        total = labels.count(label)
        for (_, own), fraction in zip(parts, (0.8, 0.1, 0.1), strict=True):
            # Both edges of a part are rounded, by half an example each at most.
            assert abs(own.count(label) - fraction * total) <= 1


def test_without_stratifying_it_is_the_customary_protocol():
    labels = [0, 1] * 50
    order = np.random.default_rng(4).permutation(100).tolist()
    train, validation, test = split(range(100), labels, seed=4, stratify=False)
    assert train[0] == order[:80]
    assert validation[0] == order[80:90]
    assert test[0] == order[90:]


def test_a_seed_settles_the_parts_and_classes_are_mixed():
    labels = [0] * 50 + [1] * 50
    first, again = split(range(100), labels, seed=1), split(range(100), labels, seed=1)
    assert first == again
    assert first != split(range(100), labels, seed=2)
    assert all(own != sorted(own) and own != sorted(own)[::-1] for _, own in first)


def test_a_part_of_nothing_is_empty():
    train, validation, test = split("abcdef", "xyxyxy", fractions=(0.5, 0, 0.5))
    assert (len(train[0]), validation, len(test[0])) == (4, ([], []), 2)


def cost(parts, labels, stratify):
    """What the split of groups makes small, by its documentation."""
    strata = sorted(set(labels)) if stratify else [None]
    total = 0.0
    for own, fraction in zip(parts, (0.8, 0.1, 0.1), strict=True):
        for stratum in strata:
            wanted = fraction * sum(stratum in (None, label) for label in labels)
            total += (sum(stratum in (None, label) for label in own) - wanted) ** 2 / wanted
    return total


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from("ab")), min_size=20, max_size=60),
    st.booleans(),
    st.integers(0, 99),
)
def test_groups_stay_together_and_every_example_comes_once(examples, stratify, seed):
    groups, labels = zip(*examples, strict=True)
    # With a very large group there may be none for one of the parts, which is an error.
    assume(len(set(groups)) > 4 and max(map(groups.count, groups)) < len(groups) / 2)
    assume(len(set(labels)) == 2)
    parts = split(range(len(labels)), labels, seed=seed, stratify=stratify, groups=groups)
    assert sorted(i for texts, _ in parts for i in texts) == list(range(len(labels)))
    homes = [{groups[i] for i in texts} for texts, _ in parts]
    assert sum(map(len, homes)) == len(set(groups))
    for texts, own in parts:
        assert own == [labels[i] for i in texts]

    # No group alone could move and make the parts better.
    found = cost([own for _, own in parts], labels, stratify)
    for source, target in product(range(3), range(3)):
        for group in homes[source]:
            moved = [list(texts) for texts, _ in parts]
            members = [i for i in moved[source] if groups[i] == group]
            moved[source] = [i for i in moved[source] if groups[i] != group]
            moved[target] += members
            other = cost([[labels[i] for i in texts] for texts in moved], labels, stratify)
            assert other > found - 1e-6


def test_many_small_groups_give_the_sizes_and_shares_asked_for():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 400, 4000).tolist()
    labels = ["rare" if share < 0.2 else "common" for share in rng.random(4000)]
    parts = split(range(4000), labels, groups=groups)
    for (texts, own), fraction in zip(parts, (0.8, 0.1, 0.1), strict=True):
        assert abs(len(texts) - fraction * 4000) <= 8
        assert abs(own.count("rare") - fraction * labels.count("rare")) <= 4


def test_a_seed_settles_the_parts_of_groups():
    groups, labels = [i // 5 for i in range(200)], [0, 1] * 100
    first = split(range(200), labels, seed=1, groups=groups)
    assert first == split(range(200), labels, seed=1, groups=groups)
    assert first != split(range(200), labels, seed=2, groups=groups)
    assert all(texts != sorted(texts) for texts, _ in first)  # groups are mixed


def test_groups_of_a_part_of_nothing():
    train, validation, test = split(
        "abcdef", "xyxyxy", fractions=(0.5, 0, 0.5), groups=[1, 1, 2, 2, 3, 3]
    )
    assert sorted((len(train[0]), len(test[0]))) == [2, 4]
    assert validation == ([], [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0]}, "every text needs one label; received 4 texts and 1 labels"),
        ({"labels": [1, 1, 1, 1]}, r"two classes or more; received 4 examples of \['1'\]"),
        ({"texts": [], "labels": []}, "two classes or more; received 0 examples"),
        ({"fractions": (0.5, 0.4)}, r"three shares .* received fractions=\(0.5, 0.4\)"),
        ({"fractions": (0.8, 0.1, 0.2)}, "sum to 1"),
        ({"fractions": (1.2, -0.1, -0.1)}, "three shares of 0 or more"),
        ({"fractions": (float("nan"), 0.1, 0.1)}, "sum to 1"),
        ({}, "the validation part must hold an example; received 4 examples and"),
        ({"groups": [1, 2]}, "every text needs one group; received 4 texts and 2 groups"),
        ({"groups": [1, 1, 2, 2]}, "must hold an example; received 4 examples in 2 groups and"),
    ],
)
def test_wrong_arguments_are_told(change, message):
    arguments = {"texts": list("abcd"), "labels": [0, 1, 0, 1]}
    with pytest.raises(KitError, match=message):
        split(**(arguments | change))


def test_duplicates_keep_their_first_place_and_label():
    texts, labels, dropped = drop_duplicates(["a", "b", "a", "c", "b"], [0, 1, 1, 0, 1])
    assert (texts, labels, dropped) == (["a", "b", "c"], [0, 1, 0], 2)
    assert drop_duplicates([], []) == ([], [], 0)
    with pytest.raises(KitError, match="2 texts and 1 labels"):
        drop_duplicates(["a", "b"], [0])


def test_training_texts_that_others_have_are_dropped_and_counted():
    texts, labels = ["A  film.", "dull", "Fine!", "DULL", "new"], [1, 0, 1, 0, 1]
    assert drop_overlap(texts, labels, ["a film."], ["Dull\n", "else"]) == (
        ["Fine!", "new"],
        [1, 1],
        3,
    )
    assert drop_overlap(texts, labels, ["a film."], ["dull"], key=None) == (
        ["A  film.", "Fine!", "DULL", "new"],
        [1, 1, 0, 1],
        1,
    )
    assert drop_overlap(texts, labels, ["five letters"], key=len)[2] == 0
    assert drop_overlap(texts, labels, ["four"], key=len)[0] == ["A  film.", "Fine!", "new"]
    assert drop_overlap(texts, labels) == (texts, labels, 0)
    assert drop_overlap([], [], ["a"]) == ([], [], 0)


def test_white_space_and_case_are_those_of_unicode():
    assert drop_overlap(["STRASSE\u3000x", "b"], [0, 1], [" straße\x85x "])[:2] == (["b"], [1])


def test_what_drop_overlap_refuses():
    with pytest.raises(KitError, match="2 texts and 1 labels"):
        drop_overlap(["a", "b"], [0], ["a"])
    with pytest.raises(KitError, match="no held-out part; received 2 texts that all do"):
        drop_overlap(["a", "A"], [0, 1], ["a"])
