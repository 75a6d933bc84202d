from pathlib import Path

from keras_rnn_kit.pictures.seq2seq import _bins, plot_errors_by_length
from keras_rnn_kit.text import TranslationScores


def test_it_is_drawn_for_one_model_and_for_several(tmp_path: Path) -> None:
    perfect = TranslationScores(1.0, 0.0, 0.0, {3: (1.0, 0.0, 4)})
    worse = TranslationScores(0.5, 0.2, 0.5, {3: (0.5, 0.2, 4)})
    for name, scores in (("one", {"a": perfect}), ("two", {"a": perfect, "b": worse})):
        plot_errors_by_length(scores, tmp_path / f"{name}.png", "word")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_many_lengths_are_put_together() -> None:
    counts = dict.fromkeys(range(1, 41), 10)
    bins = _bins(counts)
    assert [length for group in bins for length in group] == list(counts)
    assert len(bins) <= 12
    assert _bins({2: 5, 9: 1}) == [[2], [9]]
