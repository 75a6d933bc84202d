from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import SPECIALS, Vocabulary


def test_specials_come_first_then_tokens_by_count_then_by_spelling():
    v = Vocabulary.build(["b", "a", "c", "c"])
    assert v.tokens == (*SPECIALS, "c", "a", "b")
    assert v.counts == (2, 1, 1)
    assert (v.pad_id, v.unk_id, v.bos_id, v.eos_id) == (0, 1, 2, 3)


def test_ids_of_absent_specials_are_none():
    v = Vocabulary(["a"], specials=("<unk>",))
    assert (v.pad_id, v.unk_id, v.bos_id, v.eos_id) == (None, 0, None, None)


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=3), min_size=1), st.integers(1, 3))
def test_build_equals_counting(tokens, min_frequency):
    counts = {t: n for t, n in Counter(tokens).items() if t not in SPECIALS}
    kept = {t for t, n in counts.items() if n >= min_frequency}
    if not kept:
        with pytest.raises(KitError, match="at least one token"):
            Vocabulary.build(tokens, min_frequency=min_frequency)
        return
    v = Vocabulary.build(tokens, min_frequency=min_frequency)
    assert set(v.tokens) == kept | set(SPECIALS)
    order = [(-counts[t], t) for t in v.tokens[4:]]
    assert order == sorted(order)
    assert v.counts == tuple(counts[t] for t in v.tokens[4:])


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=2), min_size=1))
def test_decode_undoes_encode(tokens):
    v = Vocabulary(dict.fromkeys(tokens))
    ids = v.encode(tokens)
    assert ids.dtype == np.int32
    assert ids.shape == (len(tokens),)
    assert v.decode(ids) == tokens


def test_max_size_counts_the_specials_and_cuts_the_rarest():
    v = Vocabulary.build("aaabbc", max_size=6)
    assert v.tokens == (*SPECIALS, "a", "b")
    assert len(v) == 6


def test_corpus_tokens_spelled_like_specials_are_left_out():
    assert Vocabulary.build(["<unk>", "a", "<pad>"]).tokens == (*SPECIALS, "a")


def test_unknown_token_becomes_unk():
    v = Vocabulary(["a"])
    assert v.encode(["a", "z", "a"]).tolist() == [4, 1, 4]
    assert v.unknown(["z", "a", "y", "z"]) == ["z", "y"]


def test_unknown_tokens_without_unk_are_named():
    v = Vocabulary(["a"], specials=())
    with pytest.raises(KitError, match=r"2 unknown: 'z', 'y'\. .*<unk>"):
        v.encode(iter(["a", "z", "y", "z"]))


@pytest.mark.parametrize("wrong", [-1, 5])
def test_decode_refuses_ids_out_of_range(wrong):
    with pytest.raises(KitError, match=rf"V=5\); received {wrong}"):
        Vocabulary(["a"]).decode([4, wrong])


@pytest.mark.parametrize("wrong", [[1.0], [[1]], ["a"]])
def test_decode_refuses_what_are_no_ids(wrong):
    with pytest.raises(KitError, match="integers in one dimension"):
        Vocabulary(["a"]).decode(wrong)


def test_decode_takes_arrays_and_iterators():
    v = Vocabulary(["a", "b"])
    assert v.decode(np.array([4, 5], np.int64)) == v.decode(iter([4, 5])) == ["a", "b"]
    assert v.decode([]) == []


@pytest.mark.parametrize(
    ("tokens", "specials", "message"),
    [
        (["a", "a"], SPECIALS, "'a' twice"),
        (["<pad>"], SPECIALS, "'<pad>' twice"),
        ([""], SPECIALS, "not empty"),
        ([3], SPECIALS, "received 3"),
        (["a"], ("pad",), "spelled <name>; received 'pad'"),
        (["a"], ("<p d>",), "spelled <name>"),
    ],
)
def test_constructor_refuses(tokens, specials, message):
    with pytest.raises(KitError, match=message):
        Vocabulary(tokens, specials)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_frequency": 0}, "min_frequency must be a positive integer; received 0"),
        ({"min_frequency": True}, "received True"),
        ({"min_frequency": 9}, "seen 2 times"),
        ({"max_size": 4}, "max_size counts the 4 special tokens"),
    ],
)
def test_build_refuses(arguments, message):
    with pytest.raises(KitError, match=message):
        Vocabulary.build("aab", **arguments)


def test_build_refuses_no_tokens():
    with pytest.raises(KitError, match="without any"):
        Vocabulary.build([])


def test_counts_must_fit():
    with pytest.raises(KitError, match="2 counts for 1 tokens"):
        Vocabulary(["a"], counts=[1, 2])


def test_json_round_trip_and_equality():
    v = Vocabulary.build("hello", specials=("<unk>",))
    again = Vocabulary.from_json(v.to_json())
    assert again == v
    assert hash(again) == hash(v)
    assert again.unk_id == 0
    assert v != Vocabulary(["h"])
    # The same tokens in the same places, but one of them special only in the first.
    assert Vocabulary(["a"], ("<x>",)) != Vocabulary(["<x>", "a"], ())


@pytest.mark.parametrize("data", [None, [], {}, {"specials": [], "tokens": "abc"}])
def test_from_json_refuses(data):
    with pytest.raises(KitError, match='lists "specials" and "tokens"'):
        Vocabulary.from_json(data)


def test_repr_and_contains():
    v = Vocabulary(["a"], specials=("<unk>",))
    assert repr(v) == "Vocabulary(2 tokens, specials=<unk>)"
    assert "a" in v
    assert "b" not in v


def test_counts_give_the_vocabulary_that_tokens_give():
    tokens = list("abracadabra")
    assert Vocabulary.from_counts(Counter(tokens)) == Vocabulary.build(tokens)
    with pytest.raises(KitError, match="at least one token; received a corpus without any"):
        Vocabulary.from_counts({"<unk>": 3})


def test_merging_keeps_the_ids_and_adds_up_the_counts():
    first, second = Vocabulary.build("aab"), Vocabulary.build("bbccc")
    merged = first.merge(second)
    assert merged.tokens == (*SPECIALS, "a", "b", "c")
    assert merged.counts == (2, 3, 3)
    assert first.merge() == first
    assert first.merge(Vocabulary(["d"])).counts is None


def test_vocabularies_with_other_specials_are_not_merged():
    with pytest.raises(KitError, match="the same specials to be merged; received <unk> and none"):
        Vocabulary("a", ("<unk>",)).merge(Vocabulary("a", ()))
