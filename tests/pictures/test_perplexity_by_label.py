import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.pictures.perplexity_by_label import plot_perplexity_by_label


@pytest.mark.parametrize("largest", [4.0, 400.0])
def test_a_picture(largest, tmp_path):
    path = tmp_path / "bars.png"
    plot_perplexity_by_label({"none": {"a": largest, "b": 3.5}, "both": {"a": 3.0, "b": 2.5}}, path)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("wrong", [{}, {"none": {}}, {"none": {"a": 1.0}, "both": {"b": 1.0}}])
def test_models_have_the_same_labels(wrong, tmp_path):
    with pytest.raises(KitError, match="perplexities must be of one model or more"):
        plot_perplexity_by_label(wrong, tmp_path / "bars.png")
    assert not list(tmp_path.iterdir())
