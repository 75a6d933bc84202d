"""Windows of labelled texts: each of one text, its label beside it, no token twice."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.data import labelled_windows
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.training import PerplexityLogs
from tests.data.test_windows import FEW

# Ids that tell their text and their place in it.
TEXTS = {"a": 1000 + np.arange(23), "b": 2000 + np.arange(31), "c": 3000 + np.arange(11)}
LENGTHS = st.lists(st.integers(10, 40), min_size=1, max_size=4)


def epoch_of(dataset):
    """`(tokens, labels, targets)`, all rows of a pass together."""
    batches = list(dataset.as_numpy_iterator())
    assert len(batches) == int(dataset.cardinality())
    parts = zip(*((tokens, labels, targets) for (tokens, labels), targets in batches), strict=True)
    return [np.concatenate(part) for part in parts]


@FEW
@given(LENGTHS, st.integers(1, 3), st.integers(1, 5), st.booleans())
def test_each_window_is_of_one_text_and_no_token_comes_twice(lengths, rows, steps, shuffle):
    texts = {f"of {k}": 1000 * (k + 1) + np.arange(size) for k, size in enumerate(lengths)}
    names = [*reversed(texts), "not here"]
    dataset = labelled_windows(
        texts, batch_size=rows, seq_length=steps, labels=names, seed=1, shuffle=shuffle
    )
    most = steps - 1 if shuffle else 0
    count = sum((size - 1 - most) // steps for size in lengths)
    for _ in range(2):
        tokens, labels, targets = epoch_of(dataset)
        assert tokens.shape == targets.shape == (count // rows * rows, steps)
        assert {part.dtype for part in (tokens, labels, targets)} == {np.dtype("int32")}
        np.testing.assert_array_equal(targets, tokens + 1)
        np.testing.assert_array_equal(tokens, tokens[:, :1] + np.arange(steps))
        assert np.unique(targets).size == targets.size
        of = targets // 1000 - 1
        assert np.all(of == of[:, :1])
        assert [names.index(f"of {k}") for k in of[:, 0]] == labels.tolist()
        assert np.all(targets % 1000 < np.array(lengths)[of])


def test_epochs_differ_and_seeds_settle_them():
    def passes(seed, **how):
        dataset = labelled_windows(TEXTS, batch_size=2, seq_length=4, seed=seed, **how)
        return [[part.tolist() for part in epoch_of(dataset)] for _ in range(3)]

    one = passes(5)
    assert one == passes(5) != passes(6)
    assert one[0] != one[1] != one[2]
    # Offsets are drawn for each text: windows of two texts begin at unequal places.
    begins = [(labels, [row[0] % 4 for row in tokens]) for tokens, labels, _ in one]
    of_texts = [
        {k: {b for k_, b in zip(*each, strict=True) if k_ == k} for k in range(3)}
        for each in begins
    ]
    assert all(len(found) <= 1 for each in of_texts for found in each.values())
    assert any(each[0] != each[1] for each in of_texts)
    in_order = passes(None, shuffle=False)
    assert in_order[0] == in_order[1]
    assert in_order[0][0][:3] == [
        [1000, 1001, 1002, 1003],
        [1004, 1005, 1006, 1007],
        [1008, 1009, 1010, 1011],
    ]


def test_a_model_with_labels_trains_on_them():
    keras.utils.set_random_seed(0)
    texts = {"zeros": np.tile([0, 1], 40), "twos": np.tile([2, 3], 40)}
    batches = labelled_windows(texts, batch_size=8, seq_length=4)
    model = LanguageModel(4, units=8, embedding=4, labels=list(texts))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss)
    history = model.fit(
        batches,
        validation_data=batches,
        epochs=8,
        shuffle=False,
        verbose=0,
        callbacks=[PerplexityLogs()],
    ).history
    # All is settled by the token before: near 1, where a guess has 4.
    assert history["val_perplexity"][-1] < 1.3 < history["perplexity"][0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"texts": {}}, "texts must be ids by label, one label or more; received dict of 0"),
        ({"texts": [[1, 2]]}, "received list of 1"),
        ({"labels": ["a", "b"]}, "a text's label must be one of a, b; received 'c'"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"seq_length": 6}, r"needs 12 ids of each text; received 11 of the label 'c'"),
        ({"seq_length": 11, "shuffle": False}, r"needs 12 ids of each text; received 11"),
        ({"batch_size": 15}, r"batch_size=15 windows must be there.*received texts with 11"),
        ({"seed": -1}, "seed must be None or an integer"),
        ({"texts": {"a": [[1, 2]]}}, r"texts\['a'\] must be a vector of integers"),
        ({"texts": {"a": [0.5] * 9}}, r"texts\['a'\] must be a vector of integers"),
    ],
)
def test_what_it_refuses(wrong, message):
    arguments = {"texts": TEXTS, "batch_size": 2, "seq_length": 4, **wrong}
    with pytest.raises(KitError, match=message):
        labelled_windows(arguments.pop("texts"), **arguments)
