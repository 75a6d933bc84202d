"""The training that the recipes of language models share."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.data import language_model_windows
from keras_rnn_kit.training.next_token import fit_next_token

IDS = np.tile([1, 2, 3], 30)


@pytest.fixture(scope="module")
def windows():
    return language_model_windows(IDS, batch_size=2, seq_length=5, seed=0)


def markov(seed=0):
    """Each token's logits from that token alone, which settles this text."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((5,), dtype="int32"), keras.layers.Embedding(4, 4)])


def test_learns_and_keeps_the_best_epoch(windows):
    model = markov()
    fit = fit_next_token(model, windows, windows, epochs=5, learning_rate=0.5, clip_norm=1.0)
    assert fit.steps == 5 * int(windows.cardinality())
    assert fit.best("val_perplexity") < 1.5
    assert fit.best("val_loss") == min(fit.history["val_loss"])
    figures = fit.figures()
    assert (figures["epochs"], figures["steps"]) == (5, fit.steps)
    assert figures["train_loss_nats"] == fit.history["loss"][-1]
    assert (figures["interrupted"], figures["diverged"]) == (False, False)
    # The step size has fallen to 0 by its cosine.
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)


def test_epochs_of_so_many_steps_follow_each_other_over_the_windows(windows):
    steps = 2 * int(windows.cardinality()) + 1
    fit = fit_next_token(
        markov(), windows, windows, epochs=2, steps_per_epoch=steps, learning_rate=0.1, clip_norm=1
    )
    assert fit.steps == 2 * steps
    assert len(fit.history["loss"]) == 2
