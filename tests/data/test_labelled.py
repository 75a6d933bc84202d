"""Labelled batches: every example once, padding, buckets, seeds, empty and one-id sequences."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from keras_rnn_kit.data import bucket_lengths, labelled_batches, padding_share
from keras_rnn_kit.errors import KitError

# Each example traces a pipeline, so a failure is shown as found: the examples are small anyway.
FEW = settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
)
SEQUENCES = st.lists(
    st.lists(st.integers(2, 50), max_size=12).map(lambda ids: np.array(ids, np.int32)),
    min_size=1,
    max_size=30,
)


def batches_of(dataset):
    return list(dataset.as_numpy_iterator())


def padded(sequence, length):
    """What a row must be, by the documentation: cut by nobody, 1 for empty, 0 on the right."""
    ids = [int(i) for i in sequence] or [1]
    return ids + [0] * (length - len(ids))


@FEW
@given(SEQUENCES, st.integers(1, 5), st.booleans(), st.integers(0, 1000))
def test_each_example_comes_once_an_epoch_with_its_label(sequences, rows, shuffle, seed):
    names = np.arange(len(sequences))  # a label that names its example
    dataset = labelled_batches(sequences, names, batch_size=rows, shuffle=shuffle, seed=seed)
    for _ in range(2):
        epoch = batches_of(dataset)
        assert len(epoch) == int(dataset.cardinality())
        assert sorted(np.concatenate([labels for _, labels in epoch])) == list(names)
        for ids, labels in epoch:
            assert ids.dtype == labels.dtype == np.int32
            assert len(ids) == len(labels) <= rows
            for row, name in zip(ids, labels, strict=True):
                assert row.tolist() == padded(sequences[name], len(row))


@FEW
@given(SEQUENCES, st.integers(1, 5))
def test_given_buckets_take_what_they_hold_and_one_batch_of_each_is_short(sequences, rows):
    ends = [3, 7, 12]
    dataset = labelled_batches(
        sequences, np.arange(len(sequences)), batch_size=rows, buckets=ends, seed=1
    )
    want = [min(end for end in ends if end >= len(one)) for one in sequences]
    epoch = batches_of(dataset)
    for end in ends:
        sizes = sorted((len(ids) for ids, _ in epoch if ids.shape[1] == end), reverse=True)
        full, rest = divmod(want.count(end), rows)
        assert sizes == [rows] * full + [rest] * bool(rest)
    for ids, labels in epoch:
        assert all(want[name] == ids.shape[1] for name in labels)


def test_sequences_of_length_zero_and_one_alone():
    dataset = labelled_batches([[], [5], []], [0, 1, 2], batch_size=2, shuffle=False)
    (first, _), (second, labels) = batches_of(dataset)
    assert first.tolist() == [[1], [5]]
    assert second.tolist() == [[1]]
    assert labels.tolist() == [2]


def test_the_padding_and_the_stand_in_for_empty_can_be_chosen():
    dataset = labelled_batches(
        [[], [5, 6]], [0, 1], batch_size=2, shuffle=False, pad_id=9, empty_id=7
    )
    assert batches_of(dataset)[0][0].tolist() == [[7, 9], [5, 6]]


def test_max_length_keeps_the_beginning():
    dataset = labelled_batches([[4, 5, 6], [7]], [0, 1], batch_size=2, shuffle=False, max_length=2)
    assert batches_of(dataset)[0][0].tolist() == [[4, 5], [7, 0]]


@pytest.mark.parametrize(
    ("keep", "row"), [("head", [4, 5, 6, 7]), ("tail", [6, 7, 8, 9]), ("both", [4, 7, 8, 9])]
)
def test_what_is_kept_of_a_long_sequence_can_be_chosen(keep, row):
    sequences = [[4, 5, 6, 7, 8, 9], [7]]
    dataset = labelled_batches(
        sequences, [0, 1], batch_size=2, shuffle=False, max_length=4, keep=keep
    )
    assert batches_of(dataset)[0][0].tolist() == [row, [7, 0, 0, 0]]


def test_without_shuffling_one_bucket_keeps_the_order():
    sequences = [[2 + i] * (1 + i % 5) for i in range(11)]
    dataset = labelled_batches(sequences, range(11), batch_size=4, buckets=[5], shuffle=False)
    for _ in range(2):
        epoch = batches_of(dataset)
        assert np.concatenate([labels for _, labels in epoch]).tolist() == list(range(11))
    assert [len(labels) for _, labels in epoch] == [4, 4, 3]
    spec = (tf.TensorSpec([None, 5], tf.int32), tf.TensorSpec([None], tf.int32))
    assert dataset.element_spec == spec


def test_a_seed_settles_every_epoch_and_epochs_differ_in_batches_and_in_order():
    sequences = [[5] * (1 + i % 4) for i in range(40)]

    def epochs(seed):
        dataset = labelled_batches(sequences, range(40), batch_size=3, buckets=[2, 4], seed=seed)
        return [[labels.tolist() for _, labels in batches_of(dataset)] for _ in range(3)]

    first = epochs(6)
    assert first == epochs(6)
    assert first != epochs(7)
    assert first[0] != first[1] != first[2]
    groups = [{tuple(sorted(batch)) for batch in epoch} for epoch in first]
    assert groups[0] != groups[1]  # others in the batch, not the batches in another order alone
    lengths = [[batch[0] % 4 >= 2 for batch in epoch] for epoch in first]
    assert all(one != sorted(one) for one in lengths)  # buckets are mixed


def test_at_most_six_lengths_and_fewer_where_the_data_is_small():
    rng = np.random.default_rng(0)
    sequences = [[3] * int(n) for n in rng.integers(1, 200, 1000)]

    def shapes(count, rows):
        dataset = labelled_batches(sequences[:count], [0] * count, batch_size=rows)
        return {ids.shape[1] for ids, _ in batches_of(dataset)}

    assert len(shapes(1000, 8)) == 6
    assert len(shapes(100, 8)) == 3  # three buckets of four batches each, and a rest
    assert len(shapes(20, 8)) == 1


def test_the_lengths_alone_tell_the_padding_of_an_epoch():
    rng = np.random.default_rng(0)
    sequences = [[3] * int(n) for n in rng.integers(0, 60, 500)]
    lengths = [max(1, len(one)) for one in sequences]
    buckets = bucket_lengths(lengths, batch_size=16)
    for dataset in (
        labelled_batches(sequences, [0] * 500, batch_size=16),
        labelled_batches(sequences, [0] * 500, batch_size=16, buckets=buckets),
    ):
        epoch = [ids for ids, _ in batches_of(dataset)]
        assert {ids.shape[1] for ids in epoch} == set(buckets)
        padded = sum(np.count_nonzero(ids == 0) for ids in epoch)
        share = padded / sum(ids.size for ids in epoch)
        assert padding_share(lengths, buckets) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [0, 1]}, "every sequence needs one label; received 3 sequences and 2 labels"),
        ({"labels": ["a", "b", "c"]}, "labels must be a vector of integers; .*Number the classes"),
        ({"labels": [0, -1, 1]}, "labels must lie in .* received values from -1 to 1"),
        ({"labels": [[0], [1], [1]]}, r"labels must be a vector of integers; received .*\(3, 1\)"),
        ({"sequences": [], "labels": []}, "sequences must not be empty"),
        ({"sequences": [[1], [1.5], [2]]}, r"sequences\[1\] must be a vector .* float64"),
        ({"sequences": [[1], [2], [-2]]}, r"sequences\[2\] must lie in .* from -2 to -2"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"max_length": 0}, "max_length must be a positive integer; received max_length=0"),
        ({"keep": "end"}, "keep must be 'head', 'tail' or 'both'; received keep='end'"),
        ({"buckets": [2, 1, 3]}, r"buckets must be rising lengths; received buckets=\[2, 1, 3\]"),
        ({"buckets": [3, 3]}, "buckets must be rising lengths"),
        ({"buckets": []}, "buckets must be rising lengths"),
        ({"buckets": [0, 3]}, "a bucket's length must be a positive integer"),
        ({"buckets": [1, 2]}, "must hold the longest sequence, of 3 ids; .* max_length=2 to cut"),
        ({"pad_id": 1}, "empty_id must differ from pad_id"),
        ({"pad_id": -1}, r"\(pad_id, empty_id\) must lie in"),
        ({"seed": 1.5}, "seed must be None or an integer"),
    ],
)
def test_wrong_arguments_are_told(change, message):
    arguments = {"sequences": [[5], [6, 7], [8, 9, 5]], "labels": [0, 1, 0], "batch_size": 2}
    with pytest.raises(KitError, match=message):
        labelled_batches(**(arguments | change))


def test_dropping_the_remainder_leaves_one_shape_a_bucket():
    sequences = [[5] * (1 + i % 4) for i in range(44)]
    arguments = {"batch_size": 3, "buckets": [2, 4], "drop_remainder": True}
    dataset = labelled_batches(sequences, range(44), seed=0, **arguments)
    assert int(dataset.cardinality()) == 14  # 22 // 3 of each
    dropped = []
    for _ in range(5):
        epoch = batches_of(dataset)
        assert {ids.shape for ids, _ in epoch} == {(3, 2), (3, 4)}
        seen = np.concatenate([labels for _, labels in epoch])
        assert len(set(seen)) == len(seen) == 42
        dropped.append(set(range(44)) - set(seen.tolist()))
        assert sorted(i % 4 // 2 for i in dropped[-1]) == [0, 1]  # one of each bucket
    assert len(set(map(frozenset, dropped))) > 1
    assert dataset.element_spec[0].shape.as_list() == [3, None]
    assert dataset.element_spec[1].shape.as_list() == [3]
    in_order = labelled_batches(sequences, range(44), shuffle=False, **arguments)
    assert batches_of(in_order)[0][1].tolist() == [0, 1, 4]
    with pytest.raises(KitError, match=r"needs 23 sequences .* received 22 in the one of length 2"):
        labelled_batches(sequences, range(44), **(arguments | {"batch_size": 23}))


def test_keras_fits_with_masks_and_known_steps():
    sequences = [[2 + i % 3] * (1 + i % 6) for i in range(30)]
    dataset = labelled_batches(sequences, [i % 2 for i in range(30)], batch_size=4, seed=0)
    model = keras.Sequential(
        [
            keras.layers.Embedding(5, 4, mask_zero=True),
            keras.layers.SimpleRNN(3),
            keras.layers.Dense(2),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    # Keras warns of its own default, shuffle=True, whenever it is given a dataset.
    history = model.fit(dataset, epochs=2, verbose=0, shuffle=False)
    assert history.params["steps"] == int(dataset.cardinality())
    assert np.all(np.isfinite(history.history["loss"]))
