import itertools
import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import Cleaning, Vocabulary, WordTokenizer, load_text, texts
from keras_rnn_kit.text.statistics import counts as counting
from keras_rnn_kit.text.statistics.statistics import text_statistics
from tests.text.shared import AWKWARD, SHARED, needs_shared

TEXTS = ["to be or not to be", "", "that is the question ."]  # 11 tokens, 9 types


def test_by_hand():
    found = text_statistics(TEXTS, held_out=0.3)
    assert (found.texts, found.empty_texts, found.tokens, found.types) == (3, 1, 11, 9)
    assert found.most_frequent[:4] == [("be", 2), ("to", 2), (".", 1), ("is", 1)]
    one, two, three = (found.ngrams[n] for n in (1, 2, 3))
    assert (one.total, one.types, one.once) == (11, 9, 7)
    assert one.counts == (2, 2, 1, 1, 1, 1, 1, 1, 1)
    assert one.ranks == (1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert (two.total, two.types, two.once) == (9, 8, 7)  # none from "be" to "that"
    assert two.most_frequent[:2] == ((("to", "be"), 2), (("be", "or"), 1))
    assert (three.total, three.types) == (7, 7)
    assert found.growth == (
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 4),
        (5, 4),
        (6, 4),
        (8, 6),
        (10, 8),
        (11, 9),
    )
    assert (found.lengths.of, found.lengths.number) == ("texts", 2)
    assert found.lengths.mean == 5.5
    # The last three: "the question ." are unknown, whatever V is.
    assert (found.train_tokens, found.held_out_tokens) == (8, 3)
    assert found.out_of_vocabulary == tuple((size, 1.0) for size in range(1, 7))


def test_out_of_vocabulary_by_hand():
    # Training: a a a b b c d, held out: a b z.
    found = text_statistics(["a b a c d a b", "a b z"], held_out=0.3)
    assert found.out_of_vocabulary == ((1, 2 / 3), (2, 1 / 3), (3, 1 / 3), (4, 1 / 3))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from("aabbcdefgh"), min_size=2, max_size=200), st.floats(0.05, 0.9))
def test_out_of_vocabulary_is_that_of_the_vocabulary(tokens, share):
    found = text_statistics(" ".join(tokens), held_out=share)
    cut = found.train_tokens
    assert cut == len(tokens) - round(len(tokens) * share)
    for size, unknown in found.out_of_vocabulary:
        kept = Vocabulary.build(tokens[:cut], max_size=size + 1, specials=("<unk>",))
        assert len(kept) == size + 1
        misses = sum(token not in kept for token in tokens[cut:])
        assert unknown == pytest.approx(misses / (len(tokens) - cut))
    if cut and cut < len(tokens):
        assert found.out_of_vocabulary[-1][0] == len(set(tokens[:cut]))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=20), min_size=1), st.integers(1, 9))
def test_frequencies_are_those_of_a_counter(texts, top):
    if not any(texts):
        with pytest.raises(KitError, match="at least one token"):
            text_statistics(map(" ".join, texts))
        return
    found = text_statistics(map(" ".join, texts), top=top)
    for n, ngrams in found.ngrams.items():
        counter = Counter(tuple(t[k : k + n]) for t in texts for k in range(len(t) - n + 1))
        ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        assert ngrams.most_frequent == tuple(ranked[:top])
        assert ngrams.total == counter.total()
        assert ngrams.types == len(counter)
        assert ngrams.once == sum(count == 1 for count in counter.values())
        assert ngrams.counts == tuple(ranked[rank - 1][1] for rank in ngrams.ranks)
    lengths = sorted(len(text) for text in texts if text)
    assert (found.lengths.shortest, found.lengths.longest) == (lengths[0], lengths[-1])
    assert found.lengths.mean == pytest.approx(np.mean(lengths))
    for p, length in found.lengths.percentiles.items():
        assert length == np.percentile(lengths, p, method="inverted_cdf")
    assert sum(found.lengths.counts) + found.lengths.longer == len(lengths)


def test_zipfs_exponent_comes_back():
    # The word of rank r stands there 20,000 / r times, rounded.
    words = [str(rank) for rank in range(1, 2001) for _ in range(round(20_000 / rank))]
    found = text_statistics([" ".join(words)], max_n=1)
    zipf = found.ngrams[1].zipf
    assert found.ngrams[1].alpha == pytest.approx(1, abs=1e-3)
    assert zipf.factor == pytest.approx(20_000, rel=0.01)
    assert zipf.r_squared > 0.9999
    assert (zipf.first, zipf.last) == (1, 2000)
    narrow = (
        text_statistics([" ".join(words)], max_n=1, first_rank=10, last_rank=100).ngrams[1].zipf
    )
    assert (narrow.first, narrow.last, narrow.points) == (10, 100, 21)
    assert narrow.exponent == pytest.approx(-1, abs=1e-3)


def test_rare_ngrams_are_left_out_of_the_fit():
    # Counts 64, 32, 16, 8, 4, 2, 1: the first four are 5 or more.
    words = [str(k) for k in range(7) for _ in range(2 ** (6 - k))]
    zipf = text_statistics([" ".join(words)], max_n=1).ngrams[1].zipf
    assert (zipf.first, zipf.last, zipf.points) == (1, 4, 4)
    slope = np.polyfit(np.log([1, 2, 3, 4]), np.log([64, 32, 16, 8]), 1)[0]
    assert zipf.exponent == pytest.approx(slope)


def test_the_range_of_the_fit_is_the_one_asked_for():
    # Rank 29 is not among the ranks that are listed, but ends the range.
    words = " ".join(f"{k} " * (300 // k) for k in range(1, 61))
    one = text_statistics(words, first_rank=3, last_rank=29).ngrams[1]
    assert 29 not in one.ranks
    assert (one.zipf.first, one.zipf.last) == (3, 29)
    assert one.zipf.points == sum(3 <= rank <= 29 for rank in one.ranks) + 1
    assert text_statistics(words, last_rank=999).ngrams[1].zipf.last == 60
    assert text_statistics(words, first_rank=59).ngrams[1].zipf is None
    assert text_statistics(words, first_rank=999).ngrams[1].zipf is None


@pytest.mark.parametrize("beta", [0.5, 0.8])
def test_heaps_exponent_comes_back(beta):
    # A new word whenever 3 · tokens^beta has passed a whole number, else the first word again.
    words, types = [], 0
    for number in range(1, 100_001):
        new = types < round(3 * number**beta)
        types += new
        words.append(str(types) if new else "1")
    found = text_statistics([" ".join(words)], max_n=1)
    assert found.heaps.exponent == pytest.approx(beta, abs=0.002)
    assert found.heaps.factor == pytest.approx(3, rel=0.02)
    assert (found.heaps.first, found.heaps.last) == (1000, 100_000)


def test_histogram():
    # Lengths 1 to 100, ten of each, and one of 5,000 that would flatten all the others.
    texts = ["w " * length for length in range(1, 101) for _ in range(10)] + ["w " * 5000]
    lengths = text_statistics(texts, max_n=1).lengths
    assert lengths.edges == tuple(range(1, 104, 3))
    assert lengths.counts == (*(30,) * 33, 10)
    assert lengths.longer == 1
    assert lengths.longest == 5000
    assert lengths.percentiles == {5: 6, 25: 26, 50: 51, 75: 76, 95: 96, 99: 100}


def test_sentences_of_running_text():
    text = 'He said "No." She laughed! Pi is 3.14?\n「好。」ok'
    found = text_statistics([text, "  "], lengths_of="sentences", max_n=2)
    assert (found.texts, found.empty_texts) == (2, 1)
    assert (found.lengths.of, found.lengths.number) == ("sentences", 5)
    assert found.lengths.mean == found.tokens / 5
    # N-grams go on over sentences.
    assert found.ngrams[2].total == found.tokens - 1
    assert found.tokens == len(WordTokenizer().tokenize(text))


class InPieces:
    """Texts that are offered in pieces of up to `size` characters, cut behind white space."""

    def __init__(self, whole, size):
        self.whole, self.size = whole, size

    def pieces(self):
        return texts(self.whole).pieces(self.size)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.lists(st.sampled_from(["ab", "c", "d.", "e?!", "\n", "。"]), min_size=1), min_size=1
    ),
    st.integers(3, 12),
    st.sampled_from(["texts", "sentences"]),
)
def test_texts_in_pieces_are_the_same_texts(corpus, size, lengths_of):
    whole = [" ".join(words) for words in corpus]
    if not "".join(whole).split():
        return
    found = text_statistics(InPieces(whole, size), lengths_of=lengths_of)
    assert found == text_statistics(whole, lengths_of=lengths_of)


def test_cleaning_goes_first():
    texts = ['<b title="A. B">One</b> two. The end']
    cleaning = Cleaning("html", "lower", "punctuation", stop_words=("the",))
    found = text_statistics(texts, cleaning=cleaning, lengths_of="sentences")
    assert dict(found.most_frequent) == {"one": 1, "two": 1, "end": 1}
    assert found.lengths.number == 2


def test_characters_and_a_tokenizer_of_ones_own():
    found = text_statistics("abab", "characters")
    assert found.most_frequent == [("a", 2), ("b", 2)]

    class Halves(WordTokenizer):
        def tokenize(self, text):
            return [text[: len(text) // 2], text[len(text) // 2 :]]

    assert text_statistics("abab", Halves()).most_frequent == [("ab", 2)]


def as_read_back(found):
    return json.loads(json.dumps(found.to_json(), allow_nan=False))


def test_json():
    found = text_statistics(TEXTS)
    data = found.to_json()
    assert as_read_back(found) == data
    assert data["ngrams"]["2"]["most_frequent"][0] == [["to", "be"], 2]
    assert data["growth"][-1] == [11, 9]
    assert data["lengths"]["percentiles"]["50"] == 5
    words = " ".join(f"{k} " * (60 // k) for k in range(1, 13))
    found = text_statistics(words)
    data = as_read_back(found)
    assert data["ngrams"]["1"]["alpha"] == found.ngrams[1].alpha
    assert data["ngrams"]["1"]["zipf"]["exponent"] == -found.ngrams[1].alpha
    assert data["heaps"]["points"] == found.heaps.points


def test_the_table_says_what_was_found():
    words = " ".join(f"{k} " * (60 // k) for k in range(1, 13))
    found = text_statistics([words, ""])
    table = str(found)
    assert f"2 texts (1 without a token), {found.tokens} tokens, 12 types" in table
    assert f"alpha = {found.ngrams[1].alpha:.3f}, ranks 1 to 12" in table
    assert f"off by x{math.exp(found.ngrams[1].zipf.error):.2f}" in table
    assert "'1' 60   '2' 30   '3' 20" in table
    assert "'1' '1' 59" in table
    assert f"* tokens^{found.heaps.exponent:.3f}" in table
    assert f"lengths of texts in tokens (1 of them): mean {found.tokens:.1f}" in table
    assert f"the last {found.held_out_tokens} tokens" in table
    assert all(len(line) <= 140 for line in table.splitlines())


def test_one_token():
    found = text_statistics("word")
    assert (found.tokens, found.types, found.ngrams[2].total) == (1, 1, 0)
    assert found.heaps is None
    assert found.out_of_vocabulary == ()
    assert as_read_back(found)["ngrams"]["1"]["alpha"] is None
    assert "no fit: too few ranks" in str(found)
    assert "no token is held out" in str(found)


def test_all_tokens_equal():
    found = text_statistics(["a " * 500] * 4)
    assert all(ngrams.zipf is None and ngrams.alpha is None for ngrams in found.ngrams.values())
    assert found.heaps is None
    assert found.out_of_vocabulary == ((1, 0.0),)
    assert as_read_back(found)["heaps"] is None
    assert "Heaps: no fit: too few tokens, or one type alone" in str(found)


def test_types_that_are_all_equally_frequent():
    found = text_statistics(" ".join(map(str, range(50))), held_out=0)
    assert found.ngrams[1].zipf is None
    assert text_statistics("a b c " * 10).ngrams[1].zipf is None
    assert found.heaps.exponent == pytest.approx(1)


def test_trigrams_that_do_not_fit_are_named(monkeypatch):
    monkeypatch.setattr(counting, "_KEY_BITS", 6)
    found = text_statistics("a b c d e")
    assert (list(found.ngrams), found.uncounted) == ([1, 2], (3,))
    assert "3       not counted: too many types" in str(found)


def test_a_line_of_ten_megabytes():
    found = text_statistics(["abcdefgh " * 1_150_000], max_n=2)
    assert found.lengths.longest == found.lengths.percentiles[50] == 1_150_000
    assert found.ngrams[2].most_frequent == ((("abcdefgh", "abcdefgh"), 1_149_999),)


@pytest.mark.parametrize("tokenizer", ["words", "characters"])
@pytest.mark.parametrize("lengths_of", ["texts", "sentences"])
def test_awkward_texts(tokenizer, lengths_of):
    found = text_statistics([*AWKWARD, "\ud800 x"], tokenizer, lengths_of=lengths_of, top=1000)
    str(found).encode("utf-8")  # can be printed
    as_read_back(found)
    if tokenizer == "characters":
        assert found.tokens == sum(map(len, AWKWARD)) + 3
        assert dict(found.most_frequent) == Counter("".join(AWKWARD) + "\ud800 x")


def test_the_texts_pass_by_once_and_are_not_kept():
    class Text(str):
        alive = 0

        def __new__(cls, value):
            cls.alive += 1
            return super().__new__(cls, value)

        def __del__(self):
            type(self).alive -= 1

    def stream():
        for number in range(100):
            yield Text(f"text number {number}")
            assert Text.alive <= 2

    assert text_statistics(stream()).texts == 100


def test_progress(monkeypatch):
    monkeypatch.setattr(counting, "CHUNK", 10)
    told = []
    text_statistics(["a b c d e"] * 10, progress=told.append)
    assert told[-1] == 50
    assert len(told) > 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"texts": []}, r"at least one token; received 0 texts"),
        ({"texts": ["", " "]}, r"at least one token; received 2 texts"),
        ({"texts": ""}, r"received 1 text without"),
        ({"texts": ["a", 3]}, r"texts must be strings; received int"),
        ({"lengths_of": "lines"}, r"lengths_of must be 'texts' or 'sentences'; received 'lines'"),
        ({"tokenizer": "syllables"}, r"tokenizer must be"),
        ({"max_n": 4}, r"max_n must be 1, 2 or 3; received max_n=4"),
        ({"max_n": 0}, r"max_n must be a positive integer"),
        ({"held_out": 1}, r"held_out must be a number in \[0, 1\)"),
        ({"first_rank": 0}, r"first_rank must be a positive integer"),
        ({"first_rank": 5, "last_rank": 6}, r"needs three ranks; .* Pass a last_rank of 7"),
        ({"top": 0}, r"top must be a positive integer"),
        (
            {"tokenizer": "characters", "cleaning": Cleaning(stop_words="english")},
            r"stop_words need tokens that are words",
        ),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(KitError, match=message):
        text_statistics(**{"texts": ["a b"], **arguments})


@needs_shared
def test_tinyshakespeare():
    text = load_text(SHARED / "tinyshakespeare.txt")
    found = text_statistics([text], cleaning=Cleaning("lower"), lengths_of="sentences")
    tokens = WordTokenizer().tokenize(text.lower())
    assert found.tokens == len(tokens)
    pairs = Counter(itertools.pairwise(tokens))
    assert found.ngrams[2].types == len(pairs)
    assert dict(found.ngrams[2].most_frequent[:5]) == dict(pairs.most_common(5))
    # English words follow Zipf's law closely, word pairs and triples a flatter one.
    one, two, three = (found.ngrams[n].alpha for n in (1, 2, 3))
    assert 0.9 < one < 1.2
    assert three < two < one
    assert 0.4 < found.heaps.exponent < 0.8
    rates = [rate for _, rate in found.out_of_vocabulary]
    assert rates == sorted(rates, reverse=True)
