"""Smoothed targets, beside Keras's own loss of one-hot vectors."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training import PerplexityLogs, SmoothedCrossentropy

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(3, 5, 7)).astype("float32")
IDS = RNG.integers(0, 7, (3, 5)).astype("int32")
# Single precision: sums of seven terms of size 1.
TOLERANCE = 1e-5


def of_one_hot(logits, ids, smoothing):
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction=None
    )
    return loss(keras.ops.one_hot(ids, logits.shape[-1]), logits)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_it_is_kerass_with_one_hot_vectors(smoothing):
    logits = tf.constant(LOGITS)
    found = []
    for loss in (
        SmoothedCrossentropy(smoothing, reduction=None),
        lambda ids, logits: of_one_hot(logits, ids, smoothing),
    ):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            values = loss(IDS, logits)
        found.append((values, tape.gradient(values, logits)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)


def test_probabilities_do_as_well():
    probabilities = keras.ops.softmax(LOGITS)
    values = SmoothedCrossentropy(0.2, from_logits=False)(IDS, probabilities)
    expected = SmoothedCrossentropy(0.2)(IDS, LOGITS)
    np.testing.assert_allclose(values, expected, rtol=0, atol=TOLERANCE)


def test_tokens_that_cannot_come_get_no_share():
    barred = np.concatenate([LOGITS, np.full((3, 5, 2), -1e9, "float32")], axis=-1)
    barred = tf.constant(barred)
    with tf.GradientTape() as tape:
        tape.watch(barred)
        values = SmoothedCrossentropy(0.2, reduction=None)(IDS, barred)
    np.testing.assert_allclose(values, of_one_hot(LOGITS, IDS, 0.2), rtol=0, atol=TOLERANCE)
    assert not np.any(tape.gradient(values, barred)[..., 7:])


def test_an_ignored_class_costs_nothing():
    ids = np.where(np.arange(5) < 2, -1, IDS).astype("int32")
    values = np.asarray(SmoothedCrossentropy(0.2, ignore_class=-1, reduction=None)(ids, LOGITS))
    assert not values[:, :2].any()
    expected = of_one_hot(LOGITS, IDS, 0.2)[:, 2:]
    np.testing.assert_allclose(values[:, 2:], expected, rtol=0, atol=TOLERANCE)


def test_perplexity_is_counted_without_it():
    model = keras.Sequential([keras.Input((5,), dtype="int32"), keras.layers.Embedding(7, 7)])
    logs = []
    for loss in (
        SmoothedCrossentropy(0.3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    ):
        model.compile("sgd", loss)
        logs.append(
            model.evaluate(IDS, IDS, verbose=0, callbacks=[PerplexityLogs()], return_dict=True)
        )
    smoothed, plain = logs
    assert smoothed["perplexity"] == pytest.approx(plain["perplexity"], rel=1e-6)
    assert smoothed["perplexity"] == pytest.approx(np.exp(plain["loss"]), rel=1e-5)


def test_it_is_saved_with_its_arguments():
    loss = SmoothedCrossentropy(0.2, ignore_class=0, reduction="sum", name="mine")
    config = keras.saving.serialize_keras_object(loss)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == loss.get_config()
    assert again(IDS, LOGITS) == loss(IDS, LOGITS)


def test_a_smoothing_out_of_range():
    with pytest.raises(KitError, match=r"smoothing must be a number in \[0, 1\); received"):
        SmoothedCrossentropy(1.0)
