"""Splits: every example once, class shares, the customary protocol, duplicates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.data import drop_duplicates, split
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
        ({}, "the validation part must hold an example; received 4 examples"),
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
