"""Pooling over the real steps."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import TemporalPooling
from tests.layers.running import every_mask

X = np.random.default_rng(0).normal(size=(9, 6, 3)).astype("float32")
MASK = every_mask(9, 6)
# Means of at most six float32 numbers of size 1.
CLOSE = 1e-6
ORACLES: dict[str, Any] = {"mean": np.mean, "max": np.max}


def pooled(mode, mask):
    real = [row[steps] for row, steps in zip(X, mask, strict=True)]
    return np.stack([ORACLES[mode](r, axis=0) if len(r) else np.zeros(3) for r in real])


@pytest.mark.parametrize("mode", ORACLES)
def test_only_real_steps_count(mode):
    layer = TemporalPooling(mode)
    for x in (X, np.where(MASK[..., None], X, 1e30)):  # whatever stands in the masked steps
        np.testing.assert_allclose(layer(x, mask=MASK), pooled(mode, MASK), rtol=0, atol=CLOSE)
    whole = np.ones_like(MASK)
    np.testing.assert_allclose(layer(X), pooled(mode, whole), rtol=0, atol=CLOSE)
    np.testing.assert_allclose(layer(X, mask=whole), pooled(mode, whole), rtol=0, atol=CLOSE)


@pytest.mark.parametrize("mode", ORACLES)
def test_gradients_reach_real_steps_alone(mode):
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = TemporalPooling(mode)(x, mask=MASK)
    gradient = tape.gradient(y, x).numpy()
    assert not gradient[~MASK].any()
    wanted = np.broadcast_to(np.any(MASK, 1, keepdims=True), (9, 3))
    np.testing.assert_allclose(gradient.sum(1), wanted, rtol=0, atol=CLOSE)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("mode", ORACLES)
def test_in_half_precision(mode, policy):
    got = TemporalPooling(mode, dtype=policy)(X, mask=MASK)
    assert got.dtype == policy.removeprefix("mixed_")
    # bfloat16 has 8 bits; a sum of six numbers is good to a few units of the last.
    np.testing.assert_allclose(tf.cast(got, "float32"), pooled(mode, MASK), rtol=0, atol=0.05)


@pytest.mark.parametrize("mode", ORACLES)
def test_the_mask_comes_from_an_embedding_and_ends_here(mode, tmp_path):
    tokens = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(5, 3, mask_zero=True)(tokens)
    model = keras.Model(tokens, TemporalPooling(mode, name="pooling")(hidden))
    assert model.output.shape == (None, 3)
    assert keras.src.backend.get_keras_mask(model.output) is None
    ids = np.array([[3, 1, 0, 0], [0, 4, 2, 0]])
    short = [model(row[row > 0][None])[0] for row in ids]
    np.testing.assert_allclose(model(ids), short, rtol=0, atol=CLOSE)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("pooling").mode == mode
    np.testing.assert_array_equal(loaded(ids), model(ids))


def test_there_are_two_modes():
    with pytest.raises(KitError, match="mode must be 'mean' or 'max'; received 'median'"):
        TemporalPooling("median")
