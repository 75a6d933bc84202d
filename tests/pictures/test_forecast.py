"""The pictures of forecasts: what is drawn where."""

import numpy as np
import pytest

from keras_rnn_kit.forecasts import Forecast
from keras_rnn_kit.pictures.forecast import plot_errors, plot_forecasts

figures = pytest.importorskip(
    "matplotlib.figure", reason="needs matplotlib, which the extra [train] brings"
)


@pytest.fixture
def drawn(monkeypatch):
    saved = []
    savefig = figures.Figure.savefig

    def keep(self, *arguments, **options):
        saved.append(self)
        savefig(self, *arguments, **options)

    monkeypatch.setattr(figures.Figure, "savefig", keep)
    return saved


def lines_of(axes):
    return {line.get_label(): line.get_data() for line in axes.get_lines()}


def test_forecasts_stand_at_the_points_that_they_are_of(drawn, tmp_path):
    series = np.arange(10.0)
    # After the points 1 to 8, one and two steps ahead: the numbers are right.
    ahead = np.arange(1.0, 9)[:, None] + [1, 2]
    interval = Forecast(np.array([[6.0], [7]]), np.array([[5.0], [5]]), np.array([[7.0], [9]]), 0.8)
    plot_forecasts(
        series, 6, 2, {"linear": ahead}, {"linear": np.arange(6.0, 10)}, [1, 2],
        {"linear, normal": interval}, tmp_path / "forecasts.png",
    )  # fmt: skip
    left, right, band, _ = drawn[0].axes
    for axes, label in (
        (left, "1 step ahead"),
        (left, "multistep, from itself"),
        (right, "1 step ahead"),
        (right, "2 steps ahead"),
        (band, "forecast"),
    ):
        places, values = lines_of(axes)[label]
        np.testing.assert_array_equal(places, values)
    assert "80% interval" in [text.get_text() for text in band.get_legend().get_texts()]


def test_an_error_that_runs_away_does_not_flatten_the_others(drawn, tmp_path):
    errors = {
        "linear, iterated": np.array([0.1, 90.0]),
        "linear, direct": np.array([0.1, 0.2]),
        "last value (baseline)": np.array([0.2, 0.4]),
    }
    plot_errors(errors, tmp_path / "errors.png", marked=[2])
    (axes,) = drawn[0].axes
    assert lines_of(axes).keys() == errors.keys()
    assert 0.4 < axes.get_ylim()[1] < 2
    iterated, direct, _ = axes.get_lines()
    assert iterated.get_color() == direct.get_color()
    assert (iterated.get_linestyle(), direct.get_linestyle()) == ("-", "--")
