import numpy as np
import pytest

from keras_rnn_kit.runtime.tokens import chunks, log_probabilities


def test_chunks_are_the_ids_in_order():
    ids = np.arange(100, dtype=np.int32)
    parts = list(chunks(ids, 10**9))
    assert [start for start, _ in parts] == [0, 16, 32, 48, 64, 80, 96]
    np.testing.assert_array_equal(np.concatenate([part[0] for _, part in parts]), ids)


def test_a_small_vocabulary_has_long_chunks_and_no_ids_none():
    assert [part.shape for _, part in chunks(np.zeros(65_537, np.int32), 64)] == [
        (1, 65_536),
        (1, 1),
    ]
    assert list(chunks(np.zeros(0, np.int32), 64)) == []


def test_log_probabilities_of_large_logits():
    logits = np.array([[1e4, 0, 1e4], [-1e4, -1e4, -1e4]], np.float32)
    out = log_probabilities(logits, np.array([0, 2], np.int32))
    # The targets' logits are the largest of their rows, so nothing is rounded but the logarithm.
    np.testing.assert_allclose(out, -np.log([2, 3]), rtol=1e-12)
    assert logits[0, 0] == 1e4


def test_an_impossible_token_is_minus_infinity_and_nan_stays_nan():
    logits = np.array([[0, -np.inf], [np.nan, 0], [np.inf, 0], [-np.inf, -np.inf]], np.float32)
    out = log_probabilities(logits, np.array([1, 1, 1, 1], np.int32))
    assert out[0] == -np.inf
    assert np.isnan(out[1:]).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_log_probabilities_of_any_float_are_float64(dtype):
    out = log_probabilities(np.zeros((1, 5000), dtype), np.array([0], np.int32))
    assert out.dtype == np.float64
    # float16 exponentials would do for none of these digits.
    np.testing.assert_allclose(out, -np.log(5000), rtol=1e-12)
