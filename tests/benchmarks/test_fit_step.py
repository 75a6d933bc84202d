"""The fit steps at toy sizes: every peer runs and agrees, and one that doesn't is refused."""

import numpy as np
import pytest

from benchmarks import fit_models, fit_step, layer_step
from benchmarks.grid import Shape
from benchmarks.peers import AS_IT_COMES, JIT, OURS, UNROLL
from keras_rnn_kit import layers
from keras_rnn_kit.errors import KitError
from tests.benchmarks.test_layer_step import another_activation
from tests.catalogue import THOROUGH, cases_of

TINY = Shape(3, 5, 2, 4)
TASKS = ["character model", "classifier"]


@pytest.mark.parametrize("task", cases_of(TASKS, ["classifier"]))
def test_every_peer_of_the_fit_step_is_timed_and_agrees(task):
    row = fit_step.fit_row(task, TINY, rounds=2, seconds=0.001)
    assert set(row.times) == set(fit_step.PEERS)
    assert {len(seconds) for seconds in row.times.values()} == {2}
    assert max(row.differences.values()) <= layer_step.TOLERANCE


@pytest.mark.parametrize("task", TASKS)
def test_the_fit_models_differ_in_what_they_are_compiled_with(task):
    models = fit_models.fit_models(task, TINY, np.random.default_rng(0))
    assert bool(models[JIT].jit_compile)
    assert models[OURS].jit_compile == models[AS_IT_COMES].jit_compile
    ours = [p for p, model in models.items() if isinstance(_recurrent(model), layers.SimpleRNN)]
    assert ours == [OURS]
    assert _recurrent(models[UNROLL]).unroll
    first, *others = [model.get_weights() for model in models.values()]
    for other in others:
        for ours, theirs in zip(first, other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def _recurrent(model):
    (layer,) = (layer for layer in model.layers if hasattr(layer, "return_sequences"))
    return layer


def test_the_classifier_masks_its_padding():
    rng = np.random.default_rng(0)
    tokens, classes = fit_models.fit_batch("classifier", TINY, rng)
    assert tokens.shape == (3, 5)
    assert classes.shape == (3,)
    assert (tokens == 0).any()
    model = fit_models.fit_models("classifier", TINY, rng)[OURS]
    longer = np.concatenate([tokens, tokens * 0], axis=1)[:, : TINY.time]
    np.testing.assert_array_equal(model(tokens), model(longer))
    assert model(tokens).shape == (3, fit_models.CLASSES)
    assert model.layers[1].mask_zero


def test_the_character_model_reads_one_character_ahead():
    inputs, targets = fit_models.fit_batch("character model", TINY, np.random.default_rng(0))
    assert inputs.shape == targets.shape == (3, 5)
    np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])


def test_a_fit_that_computes_something_else_is_not_timed(monkeypatch):
    monkeypatch.setattr(layers, "SimpleRNN", another_activation(layers.SimpleRNN))
    monkeypatch.setattr(fit_step, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(KitError, match="logits of Keras is away by"):
        fit_step.fit_row("character model", TINY, rounds=1)


@THOROUGH
def test_a_fit_that_trains_otherwise_is_not_timed(monkeypatch):
    make = fit_step.fit_models

    def one_with_another_optimizer(*given):
        models = make(*given)
        models[UNROLL].optimizer.learning_rate = 0.5
        return models

    monkeypatch.setattr(fit_step, "fit_models", one_with_another_optimizer)
    with pytest.raises(KitError, match="after steps: loss of Keras unroll is away by"):
        fit_step.fit_row("character model", TINY, rounds=1)
