"""One small network, in float64, that the tests of this folder look at from several sides."""

import numpy as np
import pytest

from keras_rnn_kit.reference import draw_parameters, one_hot

ROWS, LENGTH, VOCABULARY, UNITS = 3, 6, 5, 4


@pytest.fixture
def problem():
    """Parameters, inputs [B, T, V], targets [B, T], an initial state [B, H]."""
    rng = np.random.default_rng(1)
    parameters = draw_parameters(VOCABULARY, UNITS, VOCABULARY, seed=2)
    parameters = parameters._replace(b_h=rng.normal(size=UNITS), b_q=rng.normal(size=VOCABULARY))
    ids = rng.integers(0, VOCABULARY, (ROWS, LENGTH + 1))
    inputs = one_hot(ids[:, :-1], VOCABULARY)
    return parameters, inputs, ids[:, 1:], rng.normal(size=(ROWS, UNITS))
