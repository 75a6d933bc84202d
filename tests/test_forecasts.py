"""What a forecaster takes: shapes, gaps, steps and shares, with models that are one line."""

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.forecasts import Forecasting

NAN = float("nan")
LAST = Forecasting(window=2, features=1, variables=1, horizon=3)
PAIR = Forecasting(window=2, features=2, variables=1, horizon=3)


def last_value(windows: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return windows[:, -1:, :1] + 0 * noise


def test_series_of_each_shape() -> None:
    assert LAST.forecast(last_value, [1, 2, 7]).values.tolist() == [[7], [7], [7]]
    assert LAST.forecast(last_value, [[1], [2], [8]], 1).values.tolist() == [[8]]
    two = LAST.forecast(last_value, [[[1], [2]], [[3], [4]]], 2)
    assert two.values.tolist() == [[[2], [2]], [[4], [4]]]
    assert (two.lower, two.upper, two.share) == (None, None, None)
    assert PAIR.forecast(last_value, [[1, 2], [3, 4]], 1).values.tolist() == [[3]]


def test_gaps_before_the_window_do_not_matter() -> None:
    assert LAST.forecast(last_value, [NAN, 1, 5], 1).values.tolist() == [[5]]


def test_many_rows_are_run_in_parts() -> None:
    series = np.arange(40_000.0).reshape(-1, 2, 1)
    sizes: list[int] = []

    def run(windows: np.ndarray, noise: np.ndarray) -> np.ndarray:
        sizes.append(len(windows))
        return last_value(windows, noise)

    made = LAST.forecast(run, series, 1).values
    np.testing.assert_array_equal(made[:, 0, 0], np.arange(1.0, 40_000, 2))
    assert max(sizes) < sum(sizes) == 20_000


def test_crossing_quantiles_are_put_in_order() -> None:
    quantiles = Forecasting(2, 1, 1, 1, quantiles=(0.25, 0.5, 0.75))
    made = quantiles.forecast(lambda x, noise: np.array([[[[3.0, 1.0, 2.0]]]]), [0, 0])
    assert made.lower is not None
    assert made.upper is not None
    assert [made.lower[0, 0], made.values[0, 0], made.upper[0, 0]] == [1, 2, 3]
    assert made.share == 0.5


@pytest.mark.parametrize("iterated", [True, False])
def test_the_same_seed_samples_the_same(iterated: bool) -> None:
    normal = Forecasting(2, 1, 1, 3, iterated=iterated, normal=True)

    def run(windows: np.ndarray, noise: np.ndarray) -> np.ndarray:
        point = 2 * noise if iterated else 0 * noise
        return np.stack([point, 0 * noise + 2], axis=-1)

    paths = [normal.paths(run, [0, 0], 3, 1000, seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(paths[0], paths[1])
    assert np.abs(paths[0] - paths[2]).max() > 0.1
    # 3,000 draws of deviation 2: its standard error is 2 / √6000.
    np.testing.assert_allclose(paths[0].std(), 2, rtol=0, atol=0.12)
    made = normal.forecast(run, [0, 0], 3, paths=1000, seed=1)
    assert made.upper is not None
    np.testing.assert_allclose(made.upper[:, 0], 2 * 1.2816, rtol=0, atol=0.25)
    batch = normal.paths(run, np.zeros((4, 2, 1)), 3, 5, 0)
    assert batch.shape == (4, 5, 3, 1)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([1.0], "reads the last 2 points of a series; received 1"),
        ([1.0, NAN, 3.0], r"received nan at time step 1, variable 0 \(1 of 2 values"),
        ([1.0, 1e39], "received 1e\\+39 at time step 1"),
        (np.ma.masked_values([1.0, 2.0, 9.0], 9.0), "received nan at time step 2"),
        ([[[1.0], [2.0]], [[1.0], [NAN]]], "at time step 1, variable 0 of series 1"),
        ([[1.0, 2.0], [3.0, 4.0]], r"of shape \[T\], \[T, 1\] or \[B, T, 1\]; received .*\(2, 2\)"),
        (["a", "b"], "must be numbers"),
        ([[1.0], [2.0, 3.0]], "must be numbers"),
    ],
)
def test_a_series_that_it_cannot_read(series: object, message: str) -> None:
    with pytest.raises(KitError, match=message):
        LAST.forecast(last_value, series)


def test_steps_and_shares_that_it_does_not_have() -> None:
    with pytest.raises(KitError, match="gives the 3 points of its horizon; received steps=4"):
        LAST.forecast(last_value, [1, 2], 4)
    with pytest.raises(KitError, match="steps must be a positive integer"):
        LAST.forecast(last_value, [1, 2], 0)
    with pytest.raises(KitError, match=r"no intervals; received share=0\.9"):
        LAST.forecast(last_value, [1, 2], share=0.9)
    with pytest.raises(KitError, match=r"interval of share 0\.5; received share=0\.9"):
        Forecasting(2, 1, 1, 1, quantiles=(0.25, 0.5, 0.75)).share(0.9)
    with pytest.raises(KitError, match="share must be a number between 0 and 1"):
        Forecasting(2, 1, 1, 1, normal=True).share(1.0)
    with pytest.raises(KitError, match="paths are sampled from a model with distribution"):
        LAST.paths(last_value, [1, 2], 1, 10, None)
