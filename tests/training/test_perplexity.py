import math
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training import BitsPerCharacter, Perplexity
from tests.training.models import (
    VOCABULARY,
    compiled,
    padded_batch,
    saves_models,
    token_model,
    token_nll,
)

# The log-likelihoods of single tokens are float32; their sums are not.
TOLERANCE = 1e-5


def measured(*batches: tuple[Any, ...], **arguments: Any) -> float:
    metric = Perplexity(**arguments)
    for batch in batches:
        metric.update_state(*batch)
    return float(metric.result())


@given(
    rows=st.integers(1, 6), steps=st.integers(1, 7), cut=st.integers(0, 6), seed=st.integers(0, 99)
)
@settings(max_examples=25, deadline=None)
def test_whole_equals_split_equals_numpy(rows: int, steps: int, cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (rows, steps, VOCABULARY)).astype("float32")
    ids = rng.integers(0, VOCABULARY, (rows, steps))
    weights = rng.integers(0, 2, (rows, steps)).astype("float32")
    weights[0, 0] = 1
    expected = math.exp(np.sum(token_nll(logits, ids) * weights) / np.sum(weights))

    assert measured((ids, logits, weights)) == pytest.approx(expected, rel=TOLERANCE)
    parts = [(ids[s], logits[s], weights[s]) for s in (slice(0, cut), slice(cut, rows))]
    parts = [part for part in parts if len(part[0])]
    assert measured(*parts) == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize("vocabulary", [2, 97, 5000])
def test_a_uniform_model_has_the_size_of_the_vocabulary(vocabulary: int) -> None:
    ids, logits = np.array([[0, 1, 1]]), np.full((1, 3, vocabulary), 7.0)
    assert measured((ids, logits)) == pytest.approx(vocabulary, rel=TOLERANCE)
    bits = BitsPerCharacter()
    bits.update_state(ids, logits)
    assert float(bits.result()) == pytest.approx(math.log2(vocabulary), rel=TOLERANCE)


@pytest.mark.parametrize("from_logits", [True, False])
def test_a_perfect_model_has_one(from_logits: bool) -> None:
    sure = np.eye(5)[[[3, 1, 4]]] * (1000.0 if from_logits else 1.0)
    assert measured(([[3, 1, 4]], sure), from_logits=from_logits) == 1.0


def test_probabilities_equal_logits() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 3, 6)).astype("float32")
    ids = np.arange(12).reshape(4, 3) % 6
    probabilities = keras.ops.softmax(logits)
    assert measured((ids, probabilities), from_logits=False) == pytest.approx(
        measured((ids, logits)), rel=TOLERANCE
    )


def test_the_three_ways_to_mark_padding_agree() -> None:
    ids, logits = np.array([[3, 2, 0], [4, 0, 0]]), np.random.default_rng(1).normal(size=(2, 3, 5))
    real = ids != 0
    expected = math.exp(token_nll(logits, ids)[real].mean())
    assert measured((ids, logits, real)) == pytest.approx(expected, rel=TOLERANCE)
    assert measured((ids, logits), ignore_id=0) == pytest.approx(expected, rel=TOLERANCE)
    masked = keras.ops.convert_to_tensor(logits)
    masked._keras_mask = keras.ops.convert_to_tensor(real)
    assert measured((ids, masked)) == pytest.approx(expected, rel=TOLERANCE)


def test_what_is_not_real_can_hold_anything() -> None:
    ids = np.array([[3, -1, 99]])
    logits = np.zeros((1, 3, 8))
    logits[0, 1:] = np.nan
    assert measured((ids, logits, [[1, 0, 0]])) == pytest.approx(8, rel=TOLERANCE)
    assert measured((ids[:, :2], logits[:, :2]), ignore_id=-1) == pytest.approx(8, rel=TOLERANCE)


def test_shapes_of_targets_and_weights() -> None:
    rng = np.random.default_rng(2)
    logits, ids = rng.normal(size=(2, 3, 5)), rng.integers(0, 5, (2, 3))
    whole = measured((ids, logits))
    assert measured((ids[..., None], logits)) == whole
    assert measured((ids.ravel(), logits.reshape(6, 5))) == whole
    assert measured((ids.astype("float32"), logits)) == whole
    first = pytest.approx(measured((ids[:1], logits[:1])), rel=TOLERANCE)
    for weights in ([1, 0], [[1], [0]], [[1, 1, 1], [0, 0, 0]], np.eye(2)[0][:, None, None]):
        if np.ndim(weights) == 3:
            weights = np.broadcast_to(weights, (2, 3, 1))
        assert measured((ids, logits, weights)) == first


def test_nothing_counted_is_nan() -> None:
    assert math.isnan(measured(([[0, 0]], np.zeros((1, 2, 3))), ignore_id=0))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_are_summed_in_full(dtype: str) -> None:
    rng = np.random.default_rng(4)
    logits = keras.ops.cast(rng.normal(0, 4, (64, 50, 20)), dtype)
    ids = rng.integers(0, 20, (64, 50))
    exact = np.array(keras.ops.cast(logits, "float32"))
    expected = math.exp(token_nll(exact, ids).mean())
    assert measured((ids, logits)) == pytest.approx(expected, rel=TOLERANCE)


def test_a_hundred_million_tokens_keep_their_digits() -> None:
    metric = Perplexity()
    metric.add(1e8 * math.log(50), 10**8)
    metric.update_state(np.zeros((1, 1000), int), np.zeros((1, 1000, 3)))
    expected = math.exp((1e8 * math.log(50) + 1000 * math.log(3)) / (1e8 + 1000))
    assert float(metric.mean()) == pytest.approx(math.log(expected), rel=1e-12)


@pytest.mark.parametrize("shape", [(2, 3, 5), (2,), (2, 3, 2)])
def test_shapes_that_do_not_belong_together_are_told(shape: tuple[int, ...]) -> None:
    with pytest.raises(KitError, match=r"received shapes .* Pass ids and not one-hot rows"):
        measured((np.zeros(shape), np.zeros((2, 3, 5))))


@pytest.mark.parametrize("how", [{}, {"jit_compile": True}, {"run_eagerly": True}])
@pytest.mark.parametrize("argument", ["metrics", "weighted_metrics"])
def test_compiled_it_respects_the_automatic_mask(argument: str, how: dict[str, Any]) -> None:
    x, y = padded_batch(10)
    model = compiled(token_model(), **{argument: [Perplexity(), BitsPerCharacter()]}, **how)
    nll = token_nll(model.predict(x, verbose=0), y)[x != 0].mean()
    # Batches of 4, 4 and 2 rows with unequal numbers of real tokens.
    logs = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)
    assert logs["perplexity"] == pytest.approx(math.exp(nll), rel=TOLERANCE)
    assert logs["bits_per_character"] == pytest.approx(nll / math.log(2), rel=TOLERANCE)
    # What makes a metric of its own necessary: the loss is not this mean.
    assert abs(math.exp(logs["loss"]) / math.exp(nll) - 1) > 10 * TOLERANCE


def test_compiled_as_weighted_metric_it_takes_mask_and_weights() -> None:
    x, y = padded_batch(6)
    model = compiled(token_model(), weighted_metrics=[Perplexity()])
    weights = np.random.default_rng(5).integers(0, 2, x.shape).astype("float32")
    nll = token_nll(model.predict(x, verbose=0), y)[(x != 0) & (weights != 0)].mean()
    logs = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    assert logs["perplexity"] == pytest.approx(math.exp(nll), rel=TOLERANCE)


def test_the_sums_start_anew_each_epoch() -> None:
    x, y = padded_batch(6)
    model = compiled(token_model(), keras.optimizers.SGD(0.0), metrics=[Perplexity(ignore_id=0)])
    history = model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0).history
    expected = math.exp(token_nll(model.predict(x, verbose=0), y)[y != 0].mean())
    np.testing.assert_allclose(history["perplexity"], expected, rtol=TOLERANCE)


def test_early_stopping_knows_its_direction() -> None:
    x, y = padded_batch(6)
    model = compiled(token_model(), metrics=[Perplexity()])
    stopping = keras.callbacks.EarlyStopping(monitor="perplexity", patience=1)
    model.fit(x, y, epochs=3, verbose=0, callbacks=[stopping])
    assert stopping.best == min(model.history.history["perplexity"])


@pytest.mark.parametrize("metric", [Perplexity, BitsPerCharacter])
def test_every_argument_survives_its_config(metric: type[keras.metrics.Metric]) -> None:
    one = metric(from_logits=False, ignore_id=3, name="own", dtype="float64")
    config = keras.saving.serialize_keras_object(one)
    other = keras.saving.deserialize_keras_object(config)
    assert type(other) is metric
    assert other.get_config() == one.get_config()
    assert (other.from_logits, other.ignore_id, other.name, other.dtype) == (
        *(False, 3, "own"),
        "float64",
    )


@saves_models
def test_a_compiled_model_is_loaded_with_it(tmp_path: Any) -> None:
    x, y = padded_batch(4)
    model = compiled(token_model(), metrics=[Perplexity(ignore_id=0)])
    before = model.evaluate(x, y, verbose=0, return_dict=True)
    model.save(tmp_path / "m.keras")
    after = keras.models.load_model(tmp_path / "m.keras").evaluate(
        x, y, verbose=0, return_dict=True
    )
    assert after["perplexity"] == pytest.approx(before["perplexity"], rel=TOLERANCE)
