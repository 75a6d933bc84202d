import sys
from collections import Counter, defaultdict

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import WordTokenizer, film_reviews, python_manual
from keras_rnn_kit.text.builtin import film_review_pairs


def test_the_manual_is_long_and_in_order():
    text = python_manual()
    assert len(text) > 300_000
    # Two topics of the manual, in the order of their names.
    assert 0 <= text.index('The "assert" statement') < text.index('The "while" statement')
    assert python_manual() == text


def test_a_python_without_its_manual(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(KitError, match="pydoc_data"):
        python_manual()


def test_film_reviews_are_many_and_balanced():
    texts, labels = film_reviews()
    assert len(texts) == len(labels) >= 600
    counts = Counter(labels)
    assert set(counts) == {"negative", "positive"}
    assert counts["negative"] == counts["positive"]
    assert all(text.strip() == text and len(text.split()) >= 4 for text in texts)


def test_film_reviews_one_by_one():
    pairs = film_review_pairs()
    texts, labels = film_reviews()
    assert next(pairs) == (texts[0], labels[0])
    assert list(pairs) == list(zip(texts, labels, strict=True))[1:]


def shingles(text, width=5):
    words = [token.lower() for token in WordTokenizer().tokenize(text) if token[0].isalnum()]
    return {tuple(words[i : i + width]) for i in range(max(1, len(words) - width + 1))}


def test_no_two_film_reviews_are_near_duplicates():
    texts, _ = film_reviews()
    sets = [shingles(text) for text in texts]
    holders = defaultdict(list)
    for i, some in enumerate(sets):
        for shingle in some:
            holders[shingle].append(i)
    shared = Counter(
        (i, j) for rows in holders.values() for k, i in enumerate(rows) for j in rows[k + 1 :]
    )
    # Jaccard's index of the 5-grams of words: 0 for different texts, 1 for equal ones. Above 0.3
    # two reviews of this length share most of a sentence, and a test split would be no test.
    near = [
        (texts[i], texts[j])
        for (i, j), n in shared.items()
        if n / (len(sets[i]) + len(sets[j]) - n) > 0.3
    ]
    assert not near
