import math
import sys
from pathlib import Path
from typing import Any

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.pictures import plot_curves, plot_text_statistics
from keras_rnn_kit.pictures.figure import _short_number
from keras_rnn_kit.text.statistics.statistics import text_statistics

figures = pytest.importorskip(
    "matplotlib.figure", reason="needs matplotlib, which the extra [train] brings"
)

HISTORY = {
    "loss": [2.0, 1.5, 1.2],
    "val_loss": [2.1, 1.7, math.nan],
    "perplexity": [7.4, 4.5, 3.3],
    "clipped_share": [0.0, 0.0, 0.1],
    "val_accuracy": [0.5],
}


@pytest.fixture
def drawn(monkeypatch: Any) -> list[Any]:
    """The figures that are saved."""
    saved = []
    savefig = figures.Figure.savefig

    def keep(self: Any, *arguments: Any, **options: Any) -> None:
        saved.append(self)
        savefig(self, *arguments, **options)

    monkeypatch.setattr(figures.Figure, "savefig", keep)
    return saved


def test_each_known_figure_is_drawn_by_epoch(tmp_path: Path, drawn: list[Any]) -> None:
    plot_curves(HISTORY, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    (figure,) = drawn
    loss, perplexity = figure.axes
    assert loss.get_title().startswith("loss")
    assert perplexity.get_title() == "perplexity"
    training, validation = loss.lines
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert list(training.get_xdata()) == [1, 2, 3], "epochs are counted from 1"
    assert list(training.get_ydata()) == HISTORY["loss"]
    assert list(validation.get_ydata())[:2] == [2.1, 1.7]
    assert loss.get_legend() is not None
    assert len(perplexity.lines) == 1
    assert perplexity.get_legend() is None


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"loss": [1.0]}, {"loss": [math.nan] * 2}])
def test_little_or_nothing_to_draw(history: dict[str, list[float]], tmp_path: Path) -> None:
    plot_curves(history, str(tmp_path / "curves.png"))
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


WORDS = " ".join(f"w{k} " * (300 // k) for k in range(1, 61))


def test_statistics_are_drawn_in_four_panels(tmp_path: Path, drawn: list[Any]) -> None:
    found = text_statistics([WORDS, *["short one"] * 500])
    plot_text_statistics(found, tmp_path / "statistics.png")
    assert (tmp_path / "statistics.png").read_bytes().startswith(b"\x89PNG")
    (figure,) = drawn
    ranks, growth, lengths, unknown = figure.axes

    assert (ranks.get_xscale(), ranks.get_yscale()) == ("log", "log")
    points, line = ranks.lines[:2]
    assert tuple(points.get_xdata()) == found.ngrams[1].ranks
    assert tuple(points.get_ydata()) == found.ngrams[1].counts
    zipf = found.ngrams[1].zipf
    assert zipf is not None
    assert list(line.get_xdata()) == [zipf.first, zipf.last]
    assert list(line.get_ydata()) == [zipf(zipf.first), zipf(zipf.last)]
    texts = [text.get_text() for text in ranks.get_legend().get_texts()]
    assert texts[0] == "tokens"
    assert texts[1].startswith(f"α = {found.ngrams[1].alpha:.2f}, ranks 1 to ")
    assert "bigrams" in texts
    assert any(text.startswith("trigrams") for text in texts)

    assert (growth.get_xscale(), growth.get_yscale()) == ("log", "log")
    counted, fitted = growth.lines
    assert tuple(zip(counted.get_xdata(), counted.get_ydata(), strict=True)) == found.growth
    heaps = found.heaps
    assert heaps is not None
    assert list(fitted.get_ydata()) == [heaps(heaps.first), heaps(heaps.last)]

    (bars,) = lengths.patches
    assert tuple(bars.get_data().values) == found.lengths.counts
    assert tuple(bars.get_data().edges + 0.5) == found.lengths.edges
    assert found.lengths.longer == 1
    assert "1 longer" in lengths.get_title()

    assert (unknown.get_xscale(), unknown.get_yscale()) == ("log", "linear")
    (rates,) = unknown.lines
    drawn_points = tuple(zip(rates.get_xdata(), rates.get_ydata(), strict=True))
    assert drawn_points == found.out_of_vocabulary
    for axes in figure.axes:
        assert axes.get_title()
        assert axes.get_xlabel()
        assert axes.get_ylabel()


@pytest.mark.parametrize("text", ["one", "a a a a", "to be or not to be that is the question"])
@pytest.mark.parametrize("max_n", [1, 3])
def test_statistics_of_next_to_nothing(text: str, max_n: int, tmp_path: Path, drawn: Any) -> None:
    plot_text_statistics(text_statistics(text, max_n=max_n), tmp_path / "statistics.png")
    ranks, growth, lengths, unknown = drawn[0].axes
    label = ranks.get_legend().get_texts()[0].get_text()
    assert label == "tokens (no line fits)"
    for axes, names in ((ranks, "xy"), (growth, "xy"), (unknown, "x")):
        for name in names:
            axis = getattr(axes, f"{name}axis")
            if axes is unknown and text in ("one", "a a a a"):
                continue
            shown = [tick.label1.get_text() for tick in axis.get_major_ticks()]
            assert {"1", "10"} <= set(shown), "an axis without numbers"
    shown = [tick.label1.get_text() for tick in lengths.xaxis.get_major_ticks()]
    assert len(shown) == len(set(shown)), "a length is written twice"
    if text in ("one", "a a a a"):
        assert [note.get_text() for note in unknown.texts] == ["no token is held out"]


@pytest.mark.parametrize(
    ("value", "written"), [(1, "1"), (10_000, "10,000"), (1e6, "1M"), (1e10, "10,000M"), (0.1, "")]
)
def test_numbers_on_an_axis(value: float, written: str) -> None:
    assert _short_number(value) == written


def test_without_matplotlib(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(KitError, match=r"need matplotlib; .*pip install keras-rnn-kit\[train\]"):
        plot_curves(HISTORY, tmp_path / "curves.png")
    with pytest.raises(KitError, match=r"need matplotlib; .*pip install keras-rnn-kit\[train\]"):
        plot_text_statistics(text_statistics("a b"), tmp_path / "statistics.png")
    assert list(tmp_path.iterdir()) == []
