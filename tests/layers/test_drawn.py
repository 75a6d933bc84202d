"""Whatever the sizes and masks: the engine and Keras's layer agree, outputs and gradients."""

import functools

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keras_rnn_kit.layers import SimpleRNN
from tests.layers.running import WAYS, Differentiated, assert_same, problem, twin

FEATURES, UNITS = 2, 3
# float64 sums of at most some hundred terms of size 1, one after the other through 9 steps, are
# good to 1e-13; what is wrong is wrong from 1e-3 on.
EXACT = 1e-10
OPTIONS = [{}, {"go_backwards": True, "zero_output_for_mask": True}]


@functools.cache
def pair(option: int) -> tuple[Differentiated, Differentiated]:
    keras.utils.set_random_seed(8)
    layer = SimpleRNN(
        UNITS,
        return_sequences=True,
        return_state=True,
        dtype="float64",
        bias_initializer="random_normal",
        **OPTIONS[option],
    )
    layer.build((None, None, FEATURES))
    way = "compiled, unknown sizes"
    stock = twin(layer, keras.layers.SimpleRNN)
    return Differentiated(layer, **WAYS[way]), Differentiated(stock, **WAYS[way])


masks = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda shape: arrays(bool, shape))


@pytest.mark.parametrize("option", range(len(OPTIONS)))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mask=masks, masked=st.booleans(), seed=st.integers(0, 5))
def test_the_engine_is_kerass_loop(option, mask, masked, seed):
    ours, stock = pair(option)
    rows, length = mask.shape
    drawn = problem(ours.layer.cell, rows, length, FEATURES, masked=False, seed=seed)
    if masked:
        drawn.mask = mask
    wanted = stock(drawn)
    assert_same(ours(drawn), wanted, EXACT)
    assert np.isfinite(wanted["outputs"]).all()
