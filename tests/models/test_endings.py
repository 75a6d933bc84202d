from typing import Any

import keras
import numpy as np
import pytest

from keras_rnn_kit.models.endings import NEVER, BernoulliEnding, LengthEnding, TokenEnding

VOCABULARY, EOS, LONGEST = 6, 3, 4
# float32 sums of some ten terms of size 1.
TOLERANCE = 1e-5


def drawn(layer: keras.Layer) -> keras.Layer:
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(0, 0.8, weight.shape) for weight in layer.get_weights()])
    return layer


def hidden(*shape: int) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 1, (*shape, 5)).astype("float32")


def logits(layer: keras.Layer, h: np.ndarray) -> np.ndarray:
    kernel, bias = (np.asarray(w, np.float64) for w in layer.get_weights())
    return h @ kernel + bias


def log_softmax(x: np.ndarray) -> np.ndarray:
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def without_end(x: np.ndarray) -> np.ndarray:
    """Log-softmax over the tokens but `<eos>`, in V columns, that of `<eos>` being -inf."""
    kept = log_softmax(np.delete(x, EOS, axis=-1))
    return np.insert(kept, EOS, -np.inf, axis=-1)


@pytest.fixture(scope="module")
def length_ending() -> LengthEnding:
    layer = LengthEnding(VOCABULARY, EOS, LONGEST)
    layer.build((None, 5))
    layer.length_layer.build((None, 5))
    return drawn(layer)


def test_a_token_has_plain_logits() -> None:
    layer = TokenEnding(VOCABULARY, EOS)
    h = hidden(2, 3)
    layer.build(h.shape)
    drawn(layer)
    assert layer(h).shape == layer.compute_output_shape(h.shape) == (2, 3, VOCABULARY)
    np.testing.assert_allclose(layer(h), logits(layer.output_layer, h), rtol=0, atol=TOLERANCE)


def test_a_stop_output_shares_the_probability_with_the_tokens() -> None:
    layer = BernoulliEnding(VOCABULARY, EOS)
    h = hidden(2, 3)
    layer.build(h.shape)
    drawn(layer)
    scores = np.asarray(layer(h))
    stop = 1 / (1 + np.exp(-logits(layer.stop_layer, h)))  # [2, 3, 1]
    expected = np.exp(without_end(logits(layer.output_layer, h))) * (1 - stop)
    expected[..., EOS] = stop[..., 0]
    np.testing.assert_allclose(np.exp(scores), expected, rtol=0, atol=TOLERANCE)
    # So the softmax of a loss from logits leaves them as they are.
    np.testing.assert_allclose(np.exp(scores).sum(-1), 1, rtol=0, atol=TOLERANCE)


def test_a_length_enters_the_likelihood_once(length_ending: LengthEnding) -> None:
    context, words = hidden(2), [[4, 5, 4], [5]]
    log_lengths = length_ending.log_lengths(context)
    expected_lengths = log_softmax(logits(length_ending.length_layer, context))
    np.testing.assert_allclose(log_lengths, expected_lengths, rtol=0, atol=TOLERANCE)
    for row, sentence in enumerate(words):
        h, length = hidden(len(sentence) + 1), len(sentence)
        score = length_ending.of_length(log_lengths, [length, length])[row]
        scores = length_ending(h, length - np.arange(length + 1), score[None])
        scores = np.asarray(scores, np.float64)
        np.testing.assert_allclose(np.exp(scores).sum(-1), 1, rtol=0, atol=TOLERANCE)
        of_words = without_end(logits(length_ending.output_layer, h))
        expected = expected_lengths[row, length]
        expected += sum(of_words[t, word] for t, word in enumerate(sentence))
        received = sum(scores[t, word] for t, word in enumerate([*sentence, EOS]))
        assert received == pytest.approx(expected, abs=TOLERANCE)
        # Before its end a sequence can't end, and at its end nothing else can come.
        assert (scores[:-1, EOS] == NEVER).all()
        others = np.delete(scores[-1], [0, EOS])
        assert (others == NEVER).all()


def test_all_sequences_together_have_probability_1(length_ending: LengthEnding) -> None:
    # Where the words do not depend on the step, every length's words sum to 1 by themselves.
    log_lengths = length_ending.log_lengths(hidden(1))
    scores = length_ending.of_length(log_lengths, np.arange(LONGEST + 1))
    assert np.exp(scores).sum() == pytest.approx(1, abs=TOLERANCE)


def test_a_length_beyond_the_longest_is_impossible(length_ending: LengthEnding) -> None:
    log_lengths = length_ending.log_lengths(hidden(1))
    assert float(length_ending.of_length(log_lengths, [LONGEST + 1])[0]) == NEVER


def test_the_likeliest_length(length_ending: LengthEnding) -> None:
    log_lengths = np.log([[0.1, 0.2, 0.4, 0.3, 0.0001], [0.3, 0.1, 0.3, 0.2, 0.1]])
    assert np.asarray(length_ending.likeliest(log_lengths)).tolist() == [2, 0]


def test_a_certain_length_has_finite_gradients(length_ending: LengthEnding) -> None:
    import tensorflow as tf

    score = tf.Variable([0.0])
    with tf.GradientTape() as tape:
        scores = length_ending(hidden(1), remaining=np.array([0]), length_score=score)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.array([EOS]), scores)
    assert float(loss) == pytest.approx(0, abs=TOLERANCE)
    assert np.isfinite(tape.gradient(loss, score)).all()
    # d(-log p)/d(log p) = -1, whatever p is.
    score = tf.Variable([-0.7])
    with tf.GradientTape() as tape:
        scores = length_ending(hidden(1), remaining=np.array([0]), length_score=score)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.array([EOS]), scores)
    np.testing.assert_allclose(tape.gradient(loss, score), [-1], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", [TokenEnding, BernoulliEnding, LengthEnding])
def test_half_precision_gives_single_precision_scores(kind: type) -> None:
    more: dict[str, Any] = {"max_length": LONGEST} if kind is LengthEnding else {}
    layer = kind(VOCABULARY, EOS, dtype="mixed_float16", **more)
    score = np.log([0.5, 0.5]).astype("float32")
    given = {"remaining": np.array([0, 2]), "length_score": score} if more else {}
    scores = layer(hidden(2), **given)
    assert scores.dtype == "float32"
    assert np.isfinite(scores).all()
    config = layer.get_config()
    assert kind.from_config(config).get_config() == config  # type: ignore[attr-defined]
