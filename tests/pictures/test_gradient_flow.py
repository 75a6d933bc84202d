import keras
import numpy as np
import pytest

from keras_rnn_kit.layers import GRU, LinearRecurrent
from keras_rnn_kit.pictures.gradient_flow import (
    plot_clipping,
    plot_gradient_flow,
    plot_jacobians,
)
from keras_rnn_kit.training import gradient_flow

figures = pytest.importorskip(
    "matplotlib.figure", reason="needs matplotlib, which the extra [train] brings"
)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved."""
    saved = []
    savefig = figures.Figure.savefig

    def keep(self, *arguments, **options):
        saved.append(self)
        savefig(self, *arguments, **options)

    monkeypatch.setattr(figures.Figure, "savefig", keep)
    return saved


def test_a_row_of_panels_for_each_layer(tmp_path, drawn):
    first = GRU(3, return_sequences=True, name="first")
    second = LinearRecurrent(2, gated=True, name="second")
    model = keras.Sequential([keras.Input((6, 2)), first, second])
    report = gradient_flow(model, np.ones((2, 6, 2), "float32"))
    plot_gradient_flow(report, tmp_path / "flow.png")
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
    norms, plane, shares, *below = drawn[0].axes
    assert len(below) == 3
    by_state, by_jacobian, by_input = norms.lines
    np.testing.assert_allclose(by_state.get_ydata(), report.layers[0].gradient_norms["h"])
    np.testing.assert_allclose(by_jacobian.get_ydata(), report.layers[0].state_jacobian_norms)
    np.testing.assert_allclose(by_input.get_ydata(), report.layers[0].input_jacobian_norms)
    assert norms.get_yscale() == "log"
    circle, *gates = plane.lines
    np.testing.assert_allclose(np.hypot(*circle.get_data()), 1)
    kernels = report.layers[0].kernels.items()
    labels = [f"{name}: {kernel.spectral_radius:.2f}" for name, kernel in kernels]
    assert [line.get_label() for line in gates] == labels
    assert list(shares.lines[0].get_xdata()) == [1, 2, 3, 4, 5, 6]
    assert [text.get_text() for axes in below for text in axes.texts] == [
        "no square recurrent kernel",
        "none by this activation",
    ]


def test_zeros_and_infinities_have_no_point(tmp_path, drawn):
    curves = {"tanh": {"0.9": ([0, 1, 2], [1.0, 0.0, np.inf])}, "ReLU": {"0.9": ([0], [1.0])}}
    plot_jacobians(curves, tmp_path / "jacobians.png")
    runs = {"clipped": {"gradient_norm": [1.0, np.nan], "loss": [0.0, 2.0]}}
    plot_clipping(runs, 1.0, tmp_path / "clipping.png")
    jacobians, clipping = drawn
    assert [axes.get_title() for axes in jacobians.axes] == ["tanh", "ReLU"]
    np.testing.assert_array_equal(jacobians.axes[0].lines[0].get_ydata(), [1, np.nan, np.nan])
    norm, loss = clipping.axes
    np.testing.assert_array_equal(norm.lines[0].get_ydata(), [1, np.nan])
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), [np.nan, 2])
