"""Texts to bare words and tags, and back."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import TextEncoder, WordTokenizer, load_text
from keras_rnn_kit.text.punctuation import CASES, MARKS, TAGS, restore, tag_parts, tagged_text
from tests.text.shared import AWKWARD, SHARED, needs_shared

QUICK = settings(max_examples=200, deadline=None, derandomize=True)
# Letters that grow, shrink or change with their case, a joiner, signs, space: what breaks naive
# code.
ODD_TEXTS = st.text(
    st.sampled_from("aZ9é_'-ßẞİıŉǅǄΣσςﬁ\u0301\u0307床 \n,.?!;:\"()—ABz"), max_size=30
)
WORDS = st.lists(
    st.sampled_from(["i", "a", "don't", "well-made", "naïve", "3", "x2", "été", "__init__"]),
    max_size=12,
)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", ""),
        ("He left", "Capital lower"),
        ("NASA I A iPod NASA's", "UPPER Capital Capital lower Capital"),
        ("3rd 4D 1984", "lower UPPER lower"),
        ("Don't! DON'T? don't;", "Capital! UPPER? lower;"),
        ('"Yes," she said: (no.) Why?!', "Capital, lower lower: lower. Capital?"),
        ("a , b ... c:: d -- e", "lower lower lower: lower lower"),
        ("pi=3.14, sys.path.", "lower lower lower, lower lower."),
        ("¿Qué? ÉTÉ Straße STRASSE", "Capital? UPPER Capital UPPER"),
        ("...and, then...", "lower, lower."),
        ("床前 _ Ok", "lower lower Capital"),
    ],
)
def test_what_the_tags_say(text: str, tags: str) -> None:
    assert tagged_text(text).tags == tags.split()


def test_what_no_tag_can_say_is_counted() -> None:
    found = tagged_text('McDonald (Old) met MacBeth, "iPod" -- McDonald?! At 3.14.')
    assert dict(found.mixed) == {"McDonald": 2, "MacBeth": 1, "iPod": 1}
    assert dict(found.dropped) == {"(": 1, ")": 1, '"': 2, "-": 2, "!": 1, ".": 1}
    restored = "Mcdonald Old met Macbeth, ipod Mcdonald? At 3 14."
    assert restore(found.words, found.tags) == restored


@QUICK
@given(ODD_TEXTS)
@example("ẞA ʼNa")
@example("a.b.")
def test_a_restored_text_has_the_same_words_and_tags(text: str) -> None:
    found = tagged_text(text)
    assert len(found.words) == len(found.tags)
    restored = restore(found.words, found.tags)
    again = tagged_text(restored)
    assert (again.words, again.tags) == (found.words, found.tags)
    assert not again.dropped
    assert not again.mixed
    assert restore(again.words, again.tags) == restored
    # What a tagger will read: each bare word is one token to the word tokenizer.
    assert WordTokenizer().tokenize(" ".join(found.words)) == found.words


@QUICK
@given(ODD_TEXTS)
def test_nothing_is_lost_unseen(text: str) -> None:
    found = tagged_text(text)
    kept = sum(bool(tag_parts(tag)[1]) for tag in found.tags)
    signs = [one for one in WordTokenizer().tokenize(text) if not any(c.isalnum() for c in one)]
    assert kept + found.dropped.total() == len(signs)
    letters = "".join(restore(found.words, found.tags).split()).translate(
        str.maketrans("", "", "".join(MARKS))
    )
    words = [one for one in WordTokenizer().tokenize(text) if any(c.isalnum() for c in one)]
    if not found.mixed:
        assert letters == "".join(words)


@QUICK
@given(WORDS, st.data())
def test_any_words_and_tags_come_back(words: list[str], data: st.DataObject) -> None:
    tags = [data.draw(st.sampled_from(TAGS)) for _ in words]
    text = restore(words, tags)
    found = tagged_text(text)
    assert found.words == words
    assert restore(found.words, found.tags) == text
    assert [tag_parts(tag)[1] for tag in found.tags] == [tag_parts(tag)[1] for tag in tags]
    # A case that changes nothing is the plainest one that writes the same.
    for word, tag, theirs in zip(words, found.tags, tags, strict=True):
        assert CASES.index(tag_parts(tag)[0]) <= CASES.index(tag_parts(theirs)[0]), word


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text: str) -> None:
    found = tagged_text(text)
    assert tagged_text(restore(found.words, found.tags)).words == found.words


def test_the_tags_are_all_cases_with_all_marks() -> None:
    assert len(TAGS) == len(set(TAGS)) == 21
    assert TAGS[0] == "lower"
    assert {tag_parts(tag) for tag in TAGS} == {(c, m) for c in CASES for m in ("", *MARKS)}


def test_pieces_end_after_so_many_words_or_where_a_sentence_does() -> None:
    found = tagged_text("One two. Three, four five six? Seven! Eight nine ten eleven twelve.")

    def pieces(most: int, at: str) -> list[str]:
        cut = list(found.sequences(most, at))  # type: ignore[arg-type]
        assert [word for words, _ in cut for word in words] == found.words
        assert [tag for _, tags in cut for tag in tags] == found.tags
        return [" ".join(words) for words, _ in cut]

    assert pieces(5, "words") == [
        "one two three four five", "six seven eight nine ten", "eleven twelve"
    ]  # fmt: skip
    assert pieces(4, "sentences") == [
        "one two", "three four five six", "seven", "eight nine ten eleven", "twelve"
    ]  # fmt: skip
    assert pieces(6, "sentences")[0] == "one two three four five six"
    assert pieces(100, "sentences") == [" ".join(found.words)]
    assert list(tagged_text("").sequences(3)) == []


@needs_shared
def test_a_novel_comes_back_but_for_what_is_counted() -> None:
    text = load_text(str(SHARED / "timemachine.txt"))
    found = tagged_text(text)
    assert 30_000 < len(found.words) < 35_000
    encoder = TextEncoder.build([" ".join(found.words)], tokenizer="words")
    assert len(encoder.encode(" ".join(found.words))) == len(found.words)
    # Where a line has only words, marks and spaces, it is restored whole.
    line = "was expounding a recondite matter to us. His grey eyes shone and"
    assert line in text
    assert line in restore(found.words, found.tags)


def test_wrong_input_is_told() -> None:
    with pytest.raises(KitError, match="text must be a str; received a bytes"):
        tagged_text(b"text")  # type: ignore[arg-type]
    with pytest.raises(KitError, match="every word needs one tag; received 2 words and 1 tags"):
        restore(["a", "b"], ["lower"])
    with pytest.raises(KitError, match=r"a tag must be one of lower, Capital, UPPER.*'noun'"):
        restore(["a"], ["noun"])
    with pytest.raises(KitError, match="max_words must be a positive integer"):
        list(tagged_text("a").sequences(0))
    with pytest.raises(KitError, match="at must be 'words' or 'sentences'; received at='lines'"):
        list(tagged_text("a").sequences(3, "lines"))  # type: ignore[arg-type]
