import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import labelled_texts, texts


def test_whatever_can_be_iterated_again():
    class Corpus:
        def __iter__(self):
            yield from ("one", "two")

    for source in (["one", "two"], ("one", "two"), {"one": 1, "two": 2}, Corpus(), texts(Corpus())):
        stream = texts(source)
        assert list(stream) == list(stream) == ["one", "two"]


@pytest.mark.parametrize(
    "make", [iter, lambda items: (item for item in items), lambda i: map(str, i)]
)
def test_an_iterator_is_refused_the_second_time(make):
    stream = texts(make(["one", "two"]))
    assert list(stream) == ["one", "two"]
    with pytest.raises(KitError, match="read twice must be one that can be; received the iterator"):
        list(stream)
    with pytest.raises(KitError, match="Pass a list"):
        list(stream.pieces())
    labelled = labelled_texts(iter([("a", "b")]))
    assert list(labelled) == [("a", "b")]
    with pytest.raises(KitError, match="received the iterator"):
        next(iter(labelled))


def test_an_iterator_is_read_as_it_is_asked_for():
    def endless():
        while True:
            yield "on and on"

    stream = iter(texts(endless(), by="line"))
    assert [next(stream) for _ in range(3)] == ["on and on"] * 3


def test_items_of_the_wrong_kind():
    with pytest.raises(KitError, match="text 1 must be a string; received int"):
        list(texts(["a", 1]))
    with pytest.raises(KitError, match="text 0 must be a string; received bytes"):
        list(texts([b"a"]))
    for item, message in (
        ("ab", "item 0 must be a text with its label; received 'ab'"),
        (("a",), "item 0 must be a text with its label"),
        (("a", 1), "label 0 must be a string; received int"),
        ((None, "a"), "text 0 must be a string; received NoneType"),
    ):
        with pytest.raises(KitError, match=message):
            list(labelled_texts([item]))


def test_pairs():
    pairs = [("fine", "good"), ["", "bad"]]
    stream = labelled_texts(pairs)
    assert list(stream) == list(stream) == [("fine", "good"), ("", "bad")]
