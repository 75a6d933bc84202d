import math
from typing import Any

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.models import LanguageModel, Score, score
from tests.models import reference
from tests.models.reference import with_weights

VOCABULARY = 7
IDS = np.random.default_rng(1).integers(0, VOCABULARY, 40)
# Single log-likelihoods are float32, off by some 1e-6 of their size; sums are float64.
CLOSE = 1e-5


def build(shape: Any = (None, None), **arguments: Any) -> Any:
    model = LanguageModel(VOCABULARY, units=5, embedding=4, layers=2, **arguments)
    model.build(shape)
    return with_weights(model)


@pytest.mark.parametrize("chunk_length", [1, 13, 38, 39, 512])
def test_it_is_its_equation_whatever_the_chunks(chunk_length: int) -> None:
    model = build()
    nats = reference.nll(reference.language_model(model, IDS[:-1]), IDS[1:])
    result = score(model, IDS, chunk_length=chunk_length)
    assert result.tokens == 39
    assert result.nats == pytest.approx(nats, rel=CLOSE)
    assert result.perplexity == pytest.approx(math.exp(nats / 39), rel=CLOSE)
    assert result.bits_per_token == pytest.approx(nats / 39 / math.log(2), rel=CLOSE)


def test_two_tokens_are_one_prediction() -> None:
    model = build()
    nats = reference.nll(reference.language_model(model, IDS[:1]), IDS[1:2])
    result = score(model, IDS[:2].tolist())
    assert (result.tokens, result.nats) == (1, pytest.approx(nats, rel=CLOSE))


@pytest.mark.parametrize("how", [{"dtype": "mixed_float16"}, {"dropout": 0.5}])
def test_it_computes_in_float32_and_without_dropout(how: dict[str, Any]) -> None:
    assert score(build(**how), IDS).nats == pytest.approx(score(build(), IDS).nats, rel=CLOSE)


def test_a_stateful_model_keeps_its_states() -> None:
    model = build((2, 3), stateful=True)
    model(IDS[:6].reshape(2, 3))
    before = [np.asarray(layer.states[0]) for layer in model.recurrent_layers]
    assert any(np.abs(state).max() > 0 for state in before)
    plain = build()
    plain.set_weights(model.get_weights())
    assert score(model, IDS).nats == pytest.approx(score(plain, IDS).nats, rel=CLOSE)
    after = [np.asarray(layer.states[0]) for layer in model.recurrent_layers]
    np.testing.assert_array_equal(after, before)


def test_figures() -> None:
    certain, uniform = Score(nats=0.0, tokens=5), Score(nats=3 * math.log(16), tokens=3)
    assert (certain.loss, certain.perplexity, certain.bits_per_token) == (0, 1, 0)
    assert uniform.perplexity == pytest.approx(16)
    assert uniform.bits_per_token == pytest.approx(4)
    assert Score(nats=1e6, tokens=2).perplexity == math.inf
    assert math.isnan(Score(nats=math.nan, tokens=2).perplexity)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], r"at least two tokens; received shape \[0\]"),
        ([3], r"received shape \[1\]"),
        ([[1, 2], [3, 4]], r"received shape \[2, 2\]"),
        ([1, 7], r"ids must lie in \[0, 7\).*; received 1 to 7"),
        ([-1, 2], "received -1 to 2"),
    ],
)
def test_wrong_ids(ids: Any, message: str) -> None:
    with pytest.raises(KitError, match=message):
        score(build(), ids)


def test_a_wrong_chunk_length() -> None:
    with pytest.raises(KitError, match="received chunk_length=0"):
        score(build(), IDS, chunk_length=0)
