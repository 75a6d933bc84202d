import math
import sys
from pathlib import Path
from typing import Any

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.plots import plot_curves

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


def test_without_matplotlib(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(KitError, match=r"need matplotlib; .*pip install keras-rnn-kit\[train\]"):
        plot_curves(HISTORY, tmp_path / "curves.png")
    assert list(tmp_path.iterdir()) == []
