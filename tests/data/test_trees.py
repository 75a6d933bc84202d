"""Batches of sequences with trees: the merges are those of the very rows, in every order."""

from typing import Any

import numpy as np
import pytest

from keras_rnn_kit.data import tree_batches
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.trees import Tree, balanced, chain, parse_tree, tree_levels

RNG = np.random.default_rng(3)


def random_tree(leaves: int) -> Tree:
    """Neighbors joined in any order."""
    row, merges = list(range(leaves)), []
    while len(row) > 1:
        k = int(RNG.integers(len(row) - 1))
        merges.append((row[k], row[k + 1]))
        row[k : k + 2] = [leaves + len(merges) - 1]
    return Tree((), tuple(merges), leaves)


LENGTHS = [1 + i % 9 for i in range(24)]
TREES = [
    balanced(n) if i % 5 == 0 else chain(n) if i % 5 == 1 else random_tree(n)
    for i, n in enumerate(LENGTHS)
]
# An id that names its example.
IDS = [[1 + i] * n for i, n in enumerate(LENGTHS)]
LABELS = [i % 3 for i in range(len(IDS))]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("buckets", [None, [4, 12]])
def test_the_merges_are_those_of_the_rows(shuffle: bool, buckets: Any) -> None:
    batches = tree_batches(
        IDS, TREES, LABELS, batch_size=5, buckets=buckets, seed=1, shuffle=shuffle
    )
    ids_spec, merges_spec = batches.element_spec[0]
    assert ids_spec.shape.rank == 2
    assert (merges_spec.shape.rank, merges_spec.shape[-1]) == (4, 2)
    epochs = [list(batches.as_numpy_iterator()) for _ in range(2)]
    for epoch in epochs:
        assert len(epoch) == int(batches.cardinality())
        seen: list[int] = []
        for (ids, merges), labels in epoch:
            assert ids.dtype == merges.dtype == labels.dtype == np.int32
            examples = (ids[:, 0] - 1).tolist()
            seen += examples
            wanted = tree_levels([TREES[i] for i in examples], ids.shape[1])
            np.testing.assert_array_equal(merges, wanted)
            np.testing.assert_array_equal(labels, [LABELS[i] for i in examples])
            assert [(row > 0).sum() for row in ids] == [LENGTHS[i] for i in examples]
            if buckets:
                assert ids.shape[1] in buckets
        assert sorted(seen) == list(range(len(IDS)))
    firsts = [[ids.tolist() for (ids, _), _ in epoch] for epoch in epochs]
    assert (firsts[0] != firsts[1]) == shuffle


def test_a_seed_the_padding_and_the_remainder() -> None:
    def epoch(seed: int, **more: Any) -> Any:
        batches = tree_batches(IDS, TREES, LABELS, batch_size=5, buckets=[9], seed=seed, **more)
        return [(ids.tolist(), m.tolist()) for (ids, m), _ in batches.as_numpy_iterator()]

    assert epoch(3) == epoch(3) != epoch(4)
    assert len(epoch(3, drop_remainder=True)) == len(epoch(3)) - 1 == 4
    ids = epoch(3, pad_id=99)[0][0]
    assert {row.count(99) + LENGTHS[row[0] - 1] for row in ids} == {9}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trees": TREES[:2]}, "received 3 sequences, 2 trees and 3 labels"),
        ({"labels": [0, 1]}, "received 3 sequences, 3 trees and 2 labels"),
        ({"trees": [chain(1), chain(2), chain(4)]}, "4 leaves for 3 tokens in example 2"),
        ({"labels": [0, 1, 0.5]}, "labels must be .* Number the classes 0, 1"),
        ({"sequences": [[5], [6, 7], [[8]]]}, r"sequences\[2\] must be"),
        ({"sequences": [], "trees": [], "labels": []}, "must not be empty"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"buckets": [2]}, "must hold the longest sequence, of 3 ids"),
    ],
)
def test_what_does_not_fit_is_told(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "sequences": [[5], [6, 7], [8, 9, 5]],
        "trees": [parse_tree("a"), chain(2), chain(3)],
        "labels": [0, 1, 0],
        "batch_size": 2,
    }
    with pytest.raises(KitError, match=message):
        tree_batches(**{**given, **change})
