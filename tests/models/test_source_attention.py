import numpy as np
import pytest

from keras_rnn_kit.models.source_attention import ATTENTIONS, SourceAttention
from tests.models.reference import TOLERANCE, with_weights

UNITS, WIDTH = 4, 6
RNG = np.random.default_rng(0)
HIDDEN = RNG.normal(0, 1, (2, 3, UNITS)).astype("float32")
VALUES = RNG.normal(0, 1, (2, 5, WIDTH)).astype("float32")
MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1]], bool)


def made(score: str) -> SourceAttention:
    layer = SourceAttention(score, UNITS)
    layer.build(VALUES.shape)
    with_weights(layer)
    return layer


@pytest.mark.parametrize("score", ATTENTIONS)
def test_masked_steps_are_not_read(score: str) -> None:
    layer = made(score)
    keys = layer.keys(VALUES)
    received = layer(HIDDEN, VALUES, keys, MASK)
    assert tuple(received.shape) == layer.compute_output_shape(HIDDEN.shape) == HIDDEN.shape
    for row, mask in enumerate(MASK):
        values = VALUES[row : row + 1, mask]
        alone = layer(
            HIDDEN[row : row + 1], values, layer.keys(values), np.ones((1, mask.sum()), bool)
        )
        np.testing.assert_allclose(alone[0], received[row], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("score", ATTENTIONS)
def test_a_source_of_one_step_is_read_whole(score: str) -> None:
    layer = made(score)
    value = VALUES[:, :1]
    # Twice the same step is the same to read as once.
    twice = np.repeat(value, 2, axis=1)
    once, two = (
        layer(HIDDEN, v, layer.keys(v), np.ones(v.shape[:2], bool)) for v in (value, twice)
    )
    np.testing.assert_allclose(once, two, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("score", ATTENTIONS)
def test_the_config_makes_it_again(score: str) -> None:
    config = SourceAttention(score, UNITS, name="read").get_config()
    assert SourceAttention.from_config(config).get_config() == config
