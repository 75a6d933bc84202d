"""Precision, recall, F1 and confusions against figures counted by hand."""

import numpy as np
import pytest

from keras_rnn_kit.class_scores import Figures, class_scores, scores_table
from keras_rnn_kit.errors import KitError

NAMES = ("none", ",", ".", "?")
# Of 8: none 4 (one taken for a comma), commas 2 (one missed), one period right, one taken for a
# comma; no question mark, and none called.
TARGETS = [0, 0, 0, 0, 1, 1, 2, 2]
CALLED = [0, 0, 0, 1, 1, 0, 2, 1]


def test_figures_counted_by_hand():
    found = class_scores(TARGETS, CALLED, NAMES)
    assert found.confusion.tolist() == [[3, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert found.support.tolist() == [4, 2, 2, 0]
    np.testing.assert_allclose(found.precision, [3 / 4, 1 / 3, 1, np.nan], rtol=1e-15)
    np.testing.assert_allclose(found.recall, [3 / 4, 1 / 2, 1 / 2, np.nan], rtol=1e-15)
    np.testing.assert_allclose(found.f1, [3 / 4, 2 / 5, 2 / 3, np.nan], rtol=1e-15)
    assert found.accuracy == 5 / 8
    assert found.macro_f1 == pytest.approx((3 / 4 + 2 / 5 + 2 / 3) / 3, rel=1e-15)


def test_all_marks_together_without_those_that_are_none():
    found = class_scores(TARGETS, CALLED, NAMES)
    # Two of the four called marks are right, and there are four.
    assert found.micro(["none"]) == Figures(2 / 4, 2 / 4, 2 / 4, 4)
    assert found.micro() == Figures(5 / 8, 5 / 8, 5 / 8, 8)
    one = found.micro(["none", ".", "?"])
    assert one == found.by_class()[","]
    assert list(found.by_class()) == list(NAMES)


def test_all_but_one_class_together_follow_the_classes():
    rows = class_scores(TARGETS, CALLED, NAMES).by_class("none", "any mark")
    assert list(rows) == [*NAMES, "any mark"]
    assert rows["any mark"] == Figures(2 / 4, 2 / 4, 2 / 4, 4)


def test_a_table_of_several_models():
    found = class_scores(TARGETS, CALLED, NAMES)
    other = class_scores(TARGETS, TARGETS, NAMES)
    lines = scores_table({"one": found.by_class(), "other": other.by_class()}).splitlines()
    assert lines[0].split() == ["one", "other"]
    assert [line.split() for line in lines[1:4]] == [
        ["count", *("prec.", "rec.", "F1") * 2],
        ["none", "4", "75.0", "75.0", "75.0", "100.0", "100.0", "100.0"],
        [",", "2", "33.3", "50.0", "40.0", "100.0", "100.0", "100.0"],
    ]
    assert lines[-1].split() == ["?", "0", *"------"]


def test_a_class_that_is_called_and_never_there_counts_as_missed():
    found = class_scores([0, 0], [0, 1], ("a", "b"))
    assert found.precision.tolist() == [1.0, 0.0]
    assert np.isnan(found.recall[1])
    assert found.f1[1] == 0.0
    assert found.macro_f1 == pytest.approx((2 / 3) / 2, rel=1e-15)


def test_no_examples_have_no_figures():
    found = class_scores([], [], NAMES)
    assert np.isnan([found.accuracy, found.macro_f1, *found.micro()[:3]]).all()
    assert found.micro().support == 0


def test_it_agrees_with_counting_one_by_one():
    rng = np.random.default_rng(0)
    targets, called = rng.integers(0, 4, 500), rng.integers(0, 4, 500)
    found = class_scores(targets, called, NAMES)
    for k, name in enumerate(NAMES):
        right = sum(t == c == k for t, c in zip(targets, called, strict=True))
        said, are = sum(c == k for c in called), sum(t == k for t in targets)
        expected = Figures(right / said, right / are, 2 * right / (said + are), are)
        assert found.by_class()[name] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("targets", "called", "message"),
    [
        ([0, 1], [0], "every target needs one prediction; received 2 targets and 1 pred"),
        ([0, 4], [0, 1], "targets must be a vector of class ids from 0 to 3; received values"),
        ([0, 1], [0, -1], "predictions must be .* received values from -1 to 0"),
        ([0.5], [0], "targets must be .* received float64 of shape"),
        ([[0]], [[0]], r"targets must be .* of shape \(1, 1\)"),
    ],
)
def test_wrong_input_is_told(targets, called, message):
    with pytest.raises(KitError, match=message):
        class_scores(targets, called, NAMES)


def test_an_unknown_class_to_leave_out_is_told():
    with pytest.raises(KitError, match=r"must be one of none, .* received 'dash'"):
        class_scores(TARGETS, CALLED, NAMES).micro(["dash"])
