import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.reading.columns import LABEL_NAMES, TEXT_NAMES, column_of
from keras_rnn_kit.text.reading.columns import label_feature as label
from keras_rnn_kit.text.reading.columns import text_feature as text


def test_columns_of_a_header():
    header = ["id", " Review ", "STARS", "text"]
    assert column_of("t", header, None, TEXT_NAMES, "text") == 3  # the more customary name
    assert column_of("t", header, "Review", TEXT_NAMES, "text") == 1
    assert column_of("t", header, None, LABEL_NAMES, "label") == 2
    with pytest.raises(KitError, match="t must have the text column 'review'; received the col"):
        column_of("t", header, "review", TEXT_NAMES, "text")
    with pytest.raises(KitError, match="t must have a label column named label, labels, sentiment"):
        column_of("t", ["a", "b" * 50], None, LABEL_NAMES, "label")


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["x"], "x"),
        (["x", "label"], "x"),
        (["review", "title"], "review"),
        (["review", "text"], "text"),
        (["label"], None),
        (["x", "y"], None),
        ([], None),
    ],
)
def test_the_feature_with_the_texts(texts, found):
    if found is not None:
        assert text("s", texts, [*texts, "z"], None) == found
        return
    with pytest.raises(KitError, match=f"received {', '.join(texts) or 'none'} among"):
        text("s", texts, [*texts, "z"], None)


@pytest.mark.parametrize(
    ("classes", "scalars", "found"),
    [
        (["x"], ["x", "label"], "x"),
        (["x", "label"], ["x", "label"], "label"),
        ([], ["stars", "x"], "stars"),
        ([], ["stars", "label"], "label"),
        (["x", "y"], ["x", "y", "label"], None),
        ([], ["x"], None),
        ([], [], None),
    ],
)
def test_the_feature_with_the_labels(classes, scalars, found):
    if found is not None:
        assert label("s", classes, scalars, scalars, None) == found
        return
    with pytest.raises(KitError, match="s must have one feature with labels; received"):
        label("s", classes, scalars, scalars, None)


def test_a_feature_by_its_name():
    assert text("s", ["x", "text"], ["x", "text", "y"], "x") == "x"
    assert label("s", ["label"], ["label", "y"], ["label", "y"], "y") == "y"
    with pytest.raises(KitError, match="the feature 'y' with text; received x among x, y"):
        text("s", ["x"], ["x", "y"], "y")
    with pytest.raises(KitError, match="the feature 'z' with one label a text; received y beside"):
        label("s", [], ["y"], ["y"], "z")
