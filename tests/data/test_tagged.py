"""Tagged batches: each token beside its tag, both padded alike; buckets, cuts, wrong input."""

import numpy as np
import pytest

from keras_rnn_kit.data import tagged_batches
from keras_rnn_kit.errors import KitError


@pytest.mark.parametrize("shuffle", [False, True])
def test_each_token_comes_once_an_epoch_beside_its_tag(shuffle):
    lengths = [1 + i % 7 for i in range(30)]
    # An id and a tag that name their example and their place.
    ids = [[1 + 10 * i + t for t in range(n)] for i, n in enumerate(lengths)]
    tags = [[1000 + one for one in row] for row in ids]
    dataset = tagged_batches(ids, tags, batch_size=4, buckets=[3, 7], seed=1, shuffle=shuffle)
    epochs = [list(dataset.as_numpy_iterator()) for _ in range(2)]
    for epoch in epochs:
        assert len(epoch) == int(dataset.cardinality())
        seen = []
        for some, theirs in epoch:
            assert some.dtype == theirs.dtype == np.int32
            assert some.shape == theirs.shape
            assert some.shape[1] in (3, 7)
            np.testing.assert_array_equal(theirs, np.where(some > 0, some + 1000, 0))
            seen += [row[row > 0].tolist() for row in some]
        assert sorted(seen) == ids
    firsts = [[int(some[0, 0]) for some, _ in epoch] for epoch in epochs]
    assert (firsts[0] != firsts[1]) == shuffle


def test_the_padding_of_ids_can_be_chosen_and_a_seed_settles_the_order():
    ids, tags = [[5], [6, 7], [8]], [[2], [3, 4], [1]]

    def epoch(seed):
        batches = tagged_batches(ids, tags, batch_size=2, buckets=[2], seed=seed, pad_id=9)
        return [(a.tolist(), b.tolist()) for a, b in batches.as_numpy_iterator()]

    assert epoch(3) == epoch(3)
    rows = {tuple(row): tuple(own) for a, b in epoch(3) for row, own in zip(a, b, strict=True)}
    assert rows == {(5, 9): (2, 0), (6, 7): (3, 4), (8, 9): (1, 0)}


@pytest.mark.parametrize(
    ("keep", "places"), [("head", [0, 1, 2, 3]), ("tail", [2, 3, 4, 5]), ("both", [0, 3, 4, 5])]
)
def test_tags_are_cut_with_their_tokens(keep, places):
    batches = tagged_batches(
        [[10, 11, 12, 13, 14, 15]], [[0, 1, 2, 3, 4, 5]], batch_size=1, max_length=4, keep=keep
    )
    ids, tags = next(batches.as_numpy_iterator())
    assert tags[0].tolist() == places
    assert (ids - tags).tolist() == [[10] * 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tags": [[1], [1, 2]]}, "every sequence needs its tags; received 3 .* the tags of 2"),
        ({"tags": [[1], [1, 2, 3], [4]]}, "2 tokens and 3 tags in sequence 1. Pass as many tags"),
        ({"sequences": [[5], [6], []], "tags": [[1], [2], []]}, "received none in sequence 2. "),
        ({"tags": [[1], ["a", "b"], [4]]}, r"tags\[1\] must be a vector of integers; .*Number the"),
        ({"tags": [[1], [0, -1], [4]]}, r"tags\[1\] must lie in"),
        ({"sequences": [[5], [6, 0.5], [8]]}, r"sequences\[1\] must be a vector of integers"),
        ({"sequences": [], "tags": []}, "sequences must not be empty"),
        ({"pad_id": -1}, "pad_id must lie in"),
        ({"buckets": [1]}, "the last bucket must hold the longest sequence, of 2 ids"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
    ],
)
def test_wrong_arguments_are_told(change, message):
    arguments = {"sequences": [[5], [6, 7], [8]], "tags": [[1], [2, 3], [4]], "batch_size": 2}
    with pytest.raises(KitError, match=message):
        tagged_batches(**(arguments | change))
