import sys

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import bleu, score_translations
from keras_rnn_kit.text.translation_scores import edit_distance


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("intention", "execution", 5)],
)
def test_edits(first: str, second: str, edits: int) -> None:
    assert edit_distance(first, second) == edit_distance(second, first) == edits


def test_scores_by_hand() -> None:
    scores = score_translations(
        ["a b", "a b", "a b c"],
        ["x y", "x", "x y z w"],
        [["x z", "x y"], ["x y z", "y"], ["x y w"]],
        str.split,
    )
    # Exact; one edit from "y" of one token; one word too many beside three.
    assert scores.exact == pytest.approx(1 / 3)
    assert scores.error_rate == pytest.approx((0 + 1 + 1) / (2 + 1 + 3))
    assert scores.length_error == pytest.approx((0 + 0 + 1) / 3)
    assert dict(scores.by_length) == {2: (0.5, 1 / 3, 2), 3: (0.0, 1 / 3, 1)}


def test_bleu_by_hand() -> None:
    # Precisions 5/6, 3/5, 2/4 and 1/3; five tokens less than none too few: no penalty.
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    received = bleu(["the cat sat on a mat"], [["the cat sat on the mat"]])
    assert received == pytest.approx(expected, abs=1e-6)


def test_bleu_takes_the_best_of_any_number_of_references() -> None:
    texts = ["Va vite maintenant !", "Je vois la mer bleue."]
    given = [["Cours !", "Va vite maintenant\u202f!"], ["Je vois la mer bleue."]]
    assert bleu(texts, given) == pytest.approx(100)
    assert bleu(texts, [one[:1] for one in given]) < 90


def test_without_sacrebleu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(KitError, match=r"keras-rnn-kit\[translation\]"):
        bleu(["a"], [["a"]])


def test_what_can_not_be_scored() -> None:
    with pytest.raises(KitError, match="received 1, 2 and 1"):
        score_translations(["a"], ["b", "c"], [["b"]], str.split)
    with pytest.raises(KitError, match="received 0, 0 and 0"):
        bleu([], [])
    with pytest.raises(KitError, match="received none for 'b'"):
        score_translations(["a", "b"], ["b", "c"], [["b"], []], str.split)
