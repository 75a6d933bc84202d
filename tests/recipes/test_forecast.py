"""`recipes.forecast` from its command line, and its figures by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.forecasts import Forecast
from keras_rnn_kit.runs import load_run
from recipes import forecast

SMALL = ["--steps", "1,3", "--epochs", "1", "--units", "2", "--paths", "4", "--batch-size", "40"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "series.csv"
    values = [f"{k},{np.sin(k * np.pi / 6):.4f}" for k in range(90)]
    values[40] = "40,"
    path.write_text("hour,load\n" + "\n".join(values) + "\n")
    return path


def test_a_column_of_a_table(table, tmp_path, capsys):
    out = tmp_path / "run"
    given = ["--data", str(table), "--column", "load", "--fill", "linear", "--models", "linear,mlp"]
    assert forecast.main([*given, "--out", str(out), *SMALL]) == 0
    report = json.loads((out / "report.json").read_text())
    assert (report["points"], report["train_points"], report["filled"]) == (90, 54, 1)
    assert report["measured_points"] == 34
    assert report["period"] == 12
    # The series is its own past, but for the point that was filled, which is not seen any more.
    assert max(report["rmse"]["seasonal (baseline)"].values()) < 1e-3
    assert report["rmse"].keys() == report["mae"].keys() >= {"linear, direct", "mlp, iterated"}
    assert report["coverage"].keys() == {"mlp, direct, quantiles", "linear, iterated, normal"}
    assert all(0 <= share <= 1 for by_k in report["coverage"].values() for share in by_k.values())
    for name in ("forecasts.png", "errors.png", "curves.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    model, encoder, _ = load_run(out)
    assert encoder is None
    assert model.forecast(np.zeros(9), 5, seed=0).values.shape == (5, 1)
    printed = capsys.readouterr().out
    assert "1 of them filled" in printed
    assert "Root mean squared error by k:" in printed


def test_every_k_is_measured_on_the_same_points():
    series = np.arange(10.0) ** 2
    # Trained on 4 points, so that forecasts are made after the points 3 to 8; k is 2 at the most.
    made = np.array([[10 * o + k for k in (1, 2)] for o in range(3, 9)], float)
    found = forecast.differences(series, made, train=4, far=2)
    points = np.arange(5, 10)
    expected = [10 * (points - k) + k - series[points] for k in (1, 2)]
    np.testing.assert_array_equal(found, np.transpose(expected))


def test_coverage_by_hand():
    series = np.zeros(7)
    lower = np.array([-1, -1, 1, 0], float).reshape(4, 1, 1)
    made = Forecast(lower, lower, lower + 1, 0.8)
    assert forecast.covered(series, made, train=3, far=1).tolist() == [0.75]


def test_baselines_by_hand():
    series = np.array([1, 2, 3, 1, 2, 3, 1, 9], float)
    errors = forecast.baselines(series, train=5, far=2, period=3)
    # Points 6 and 7.
    assert errors["last value (baseline)"].tolist() == [[3 - 1, 2 - 1], [1 - 9, 3 - 9]]
    assert errors["seasonal (baseline)"].tolist() == [[0, 0], [2 - 9, 2 - 9]]
    assert "seasonal (baseline)" not in forecast.baselines(series, 5, 2, 7)
    far = forecast.baselines(series, train=4, far=3, period=2)["seasonal (baseline)"]
    assert far[0].tolist() == [series[4] - 1, series[4] - 1, series[2] - 1]  # two periods for k = 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--points", "40", "--steps", "30"], "need 34 points to train on; received 24 of 40"),
        (["--points", "80", "--steps", "40"], "k = 40 needs as many points after .* received 32"),
        (["--steps", "1,x"], "--steps must be whole numbers"),
        (["--models", "linear,ARIMA"], "recurrence must be 'linear', 'mlp'.*received 'ARIMA'"),
        (["--keep", "best"], "--keep must name one of the models, linear, iterated; .*'best'"),
        (["--data", "series.xlsx"], "a series is read from"),
        (["--points", "0"], "points must be a positive integer"),
    ],
)
def test_what_it_refuses(given, message, tmp_path):
    with pytest.raises(KitError, match=message):
        forecast.main([*given, "--out", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_gaps_are_not_filled_unasked(table, tmp_path):
    with pytest.raises(KitError, match=r"received 1 gaps in .*, the first at point 40"):
        forecast.main(["--data", str(table), "--column", "load", "--out", str(tmp_path / "run")])
