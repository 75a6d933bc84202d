"""What classifier and tagger share: batches of like length, checks of the texts."""

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import text_model as module


def test_batches_hold_every_text_once_and_keep_their_limits(monkeypatch):
    lengths = np.random.default_rng(0).integers(1, 50, 100).tolist()
    monkeypatch.setattr(module, "_BATCH_ROWS", 8)
    monkeypatch.setattr(module, "_BATCH_TOKENS", 100)
    batches = list(module.batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(100))
    for batch in batches:
        sizes = [lengths[i] for i in batch]
        assert len(batch) <= 8
        assert len(batch) * max(sizes) <= 100
        assert sizes[-1] == max(sizes)


def test_a_text_longer_than_a_batch_is_a_batch(monkeypatch):
    monkeypatch.setattr(module, "_BATCH_TOKENS", 10)
    assert list(module.batches([3, 99, 3])) == [[0, 2], [1]]


def test_texts_are_checked_one_by_one():
    assert list(module.checked_texts(iter(["a", "b"]))) == ["a", "b"]
    with pytest.raises(KitError, match=r"received a single str\. Pass \[text\]"):
        list(module.checked_texts("a"))
    with pytest.raises(KitError, match="received a int at 1"):
        list(module.checked_texts(["a", 1]))  # type: ignore[list-item]


def test_softmax_of_large_logits():
    np.testing.assert_allclose(
        module.softmax(np.array([[1e4, 1e4], [0, np.log(3)]])),
        [[0.5, 0.5], [0.25, 0.75]],
        rtol=1e-15,
    )
