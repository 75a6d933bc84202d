import math

import numpy as np

from keras_rnn_kit.training.running_mean import RunningMean


def test_nothing_added_is_nan() -> None:
    mean = RunningMean()
    assert math.isnan(float(mean.result()))
    mean.add(1.0, 1)
    assert float(mean.result()) == 1.0
    mean.reset_state()
    assert math.isnan(float(mean.result()))


def test_sums_past_where_float32_stops_growing() -> None:
    mean = RunningMean(dtype="float64")
    mean.add(2.0**24, 2**24)
    for _ in range(64):
        mean.add(3.0, 1)
    assert float(mean.result()) == (2**24 + 192) / (2**24 + 64)
    assert np.float32(2**24) + np.float32(1) == np.float32(2**24)  # what this guards against
