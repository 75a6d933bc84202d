"""Windows of documents: each token once, none across an end, seeds, awkward documents."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.data import document_windows
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel
from keras_rnn_kit.training import PerplexityLogs
from tests.data.test_windows import FEW

LENGTHS = st.lists(st.integers(0, 12), min_size=1, max_size=6)


def numbered(lengths):
    """Documents whose ids tell their places; a thousand lies between two documents."""
    return [1000 * (i + 1) + np.arange(length) for i, length in enumerate(lengths)]


@FEW
@given(LENGTHS, st.integers(1, 4), st.integers(1, 5), st.integers(0, 4), st.booleans())
def test_each_token_is_predicted_once_from_the_one_before(lengths, rows, steps, context, shuffle):
    documents = numbered([*lengths, 2])
    context = min(context, steps - 1)
    dataset = document_windows(
        documents,
        batch_size=rows,
        seq_length=steps,
        context=context,
        seed=1,
        shuffle=shuffle,
    )
    for _ in range(2):
        predicted = []
        batches = list(dataset.as_numpy_iterator())
        assert len(batches) == int(dataset.cardinality())
        for inputs, targets, weights in batches:
            assert inputs.shape == targets.shape == weights.shape == (rows, steps)
            assert (inputs.dtype, targets.dtype, weights.dtype) == (np.int32, np.int32, np.float32)
            counted = weights == 1
            assert set(weights[~counted]) <= {0.0}
            np.testing.assert_array_equal(targets[counted], inputs[counted] + 1)
            for row, known, ahead in zip(inputs, counted, targets, strict=True):
                real = row[row > 0]
                assert (np.diff(real) == 1).all()  # one document alone
                assert (row[: len(real)] > 0).all()  # padding at the right alone
                for at in np.flatnonzero(known):
                    # As far back as the window promises, or to the document's beginning.
                    assert at >= min(context, ahead[at] % 1000 - 1)
            predicted += targets[counted].tolist()
        assert sorted(predicted) == [i for one in documents for i in one[1:].tolist()]


def test_without_shuffling_the_order_is_kept_and_with_it_epochs_differ():
    documents = numbered([5] * 20)
    how = {"batch_size": 4, "seq_length": 4}
    fixed = document_windows(documents, **how, shuffle=False)
    firsts = np.concatenate([inputs[:, 0] for inputs, *_ in fixed.as_numpy_iterator()])
    assert firsts.tolist() == [one[0] for one in documents]

    def epochs(seed):
        dataset = document_windows(documents, **how, seed=seed)
        return [[x.tolist() for x, *_ in dataset.as_numpy_iterator()] for _ in range(2)]

    first, second = epochs(3)
    assert first != second
    assert epochs(3) == [first, second]
    assert epochs(4) != [first, second]


def test_a_model_is_fitted_and_padding_is_not_counted():
    rng = np.random.default_rng(0)
    documents = [rng.integers(1, 5, length) for length in (3, 9, 2, 6)]
    batches = document_windows(documents, batch_size=3, seq_length=4, seed=0)
    model = LanguageModel(5, units=4, embedding=3)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.build((3, 4))
    before = model.get_weights()
    history = model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[PerplexityLogs()])
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))
    assert 1 < history.history["perplexity"][0] < 10
    # Judged by hand: the mean over real tokens alone.
    logs = model.evaluate(batches, verbose=0, return_dict=True, callbacks=[PerplexityLogs()])
    total = count = 0.0
    for inputs, targets, weights in batches.as_numpy_iterator():
        logits = np.asarray(model(inputs), np.float64)
        shifted = logits - logits.max(-1, keepdims=True)
        nll = np.log(np.exp(shifted).sum(-1)) - np.take_along_axis(
            shifted, targets[..., None], -1
        ).squeeze(-1)
        total, count = total + (nll * weights).sum(), count + weights.sum()
    assert count == sum(len(one) - 1 for one in documents)
    assert logs["perplexity"] == pytest.approx(np.exp(total / count), rel=1e-5)  # float32 model


@pytest.mark.parametrize(
    ("documents", "arguments", "message"),
    [
        ([], {}, "one with two ids or more, or nothing is predicted; received 0 documents"),
        ([[1], []], {}, "received 2 documents"),
        ([[1, 2], [[3]]], {}, r"documents\[1\] must be a vector of integers"),
        ([[1, 2], [-1]], {}, r"documents\[1\] must lie in"),
        ([[1, 2]], {"context": 4}, r"context must be an integer in \[0, 4\)"),
        ([[1, 2]], {"context": -1}, "received context=-1"),
        ([[1, 2]], {"batch_size": 0}, "batch_size must be a positive integer"),
        ([[1, 2]], {"seed": -1}, "seed must be None or an integer"),
        ([[1, 2]], {"pad_id": -1}, "pad_id must lie in"),
    ],
)
def test_it_says_what_is_wrong(documents, arguments, message):
    with pytest.raises(KitError, match=message):
        document_windows(documents, **{"batch_size": 2, "seq_length": 4, **arguments})
