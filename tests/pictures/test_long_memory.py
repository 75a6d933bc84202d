"""The picture of validation errors: what is drawn where."""

import math

import pytest

from keras_rnn_kit.pictures.long_memory import plot_validation_errors

figures = pytest.importorskip(
    "matplotlib.figure", reason="needs matplotlib, which the extra [train] brings"
)

PANELS = {
    "T = 50": {"GRU": [[50, 0.1], [100, 0.005]], "IRNN": [[50, 0.2], [100, math.nan]]},
    "T = 100": {"IRNN": [[50, 0.17]]},
}


@pytest.fixture
def figure(monkeypatch, tmp_path):
    saved = []
    savefig = figures.Figure.savefig

    def keep(self, *arguments, **options):
        saved.append(self)
        savefig(self, *arguments, **options)

    monkeypatch.setattr(figures.Figure, "savefig", keep)
    plot_validation_errors(
        PANELS,
        tmp_path / "errors.png",
        error="mean squared error",
        trivial={"T = 50": 0.167, "T = 100": 0.167},
        goal={"T = 50": 0.01, "T = 100": 0.02},
    )
    assert (tmp_path / "errors.png").read_bytes().startswith(b"\x89PNG")
    return saved[0]


def test_a_panel_a_length_with_a_line_a_cell(figure):
    first, second = figure.axes
    assert [axes.get_title() for axes in figure.axes] == list(PANELS)
    assert first.get_ylabel() == "mean squared error"
    assert first.get_yscale() == "log"
    gru, irnn, trivial, _ = first.lines
    assert list(gru.get_xdata()) == [50, 100]
    assert list(gru.get_ydata()) == [0.1, 0.005]
    assert list(irnn.get_xdata()) == [50], "what is no number is left out"
    assert set(trivial.get_ydata()) == {0.167}
    assert set(second.lines[-1].get_ydata()) == {0.02}
    assert irnn.get_color() == second.lines[0].get_color() != gru.get_color()


def test_one_legend_names_them_all(figure):
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert sorted(names) == ["GRU", "IRNN", "goal", "remembers nothing"]


def test_nothing_was_validated(tmp_path):
    panels = {"T = 50": {"GRU": []}}
    level = {"T = 50": 0.5}
    plot_validation_errors(panels, tmp_path / "a.png", error="error", trivial=level, goal=level)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
