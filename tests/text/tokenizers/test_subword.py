import functools
import json
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    Cleaning,
    SubwordTokenizer,
    TextEncoder,
    Vocabulary,
    characters,
    film_reviews,
    load_text,
    python_manual,
    tokenizer_from_config,
)
from tests.text.shared import AWKWARD, SHARED, needs_shared

FILES = ("timemachine.txt", "tang300.json", "english_french.tsv", "tinyshakespeare.txt")


@functools.cache
def trained():
    """A tokenizer that has seen English, Chinese, emoji and code."""
    texts = [*film_reviews()[0], python_manual()[:200_000], *10 * AWKWARD, 50 * "<unk> a<b -- 明月"]
    return SubwordTokenizer.train(texts, vocabulary_size=1200)


def one_of(*ranges):
    return "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for some in ranges for low, high in some)


@functools.cache
def library(tokenizer):
    """The same tokenizer as another program has it, cut by its own regular expressions."""
    han, space, word = characters.HAN, characters.SPACE, characters.word_characters()
    part = f"[{one_of(word)}]+(?:[{one_of(characters.JOINERS)}][{one_of(word)}]+)*"
    signs = f"[^{one_of(space, word, han)}<]+"
    chunk = f" ?(?:{part}|[{one_of(han)}]+|<|{signs})|[{one_of(space)}]+"
    made = Tokenizer(
        models.BPE(
            vocab={token: i for i, token in enumerate(tokenizer.tokens)},
            merges=[tuple(merge.split(" ")) for merge in tokenizer.merges],
        )
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(chunk), "isolated"),
            pre_tokenizers.Split(Regex("(?m:.{1,32})"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return made


def agree(tokenizer, text):
    """The tokens are those of the other program, and lose nothing."""
    tokens = tokenizer.tokenize(text)
    assert tokens == library(tokenizer).encode(text).tokens
    assert tokenizer.join(tokens) == text
    assert set(tokens) <= set(tokenizer.tokens)


@pytest.mark.parametrize(
    ("merges", "text", "tokens"),
    [
        ([], "ab é", ["a", "b", "Ġ", "Ã", "©"]),
        (["a b"], "abab", ["ab", "ab"]),
        (["a a"], "aaaaa", ["aa", "aa", "a"]),
        (["b c", "a b"], "abc", ["a", "bc"]),
        (["a b", "b c", "ab c"], "abc bc", ["abc", "Ġ", "bc"]),
        (["a b", "ab ab"], "ababab", ["abab", "ab"]),
        # Two ways to one token; the left "abc" is made at once, and then joins the "a" behind it.
        (["b c", "a b", "ab c", "abc a", "a bc"], "abcabc", ["abca", "bc"]),
        (["Ġ a", "Ġ Ġ"], " a  a", ["Ġa", "ĠĠ", "a"]),
        (["l o", "lo w", "Ġ low"], "low lower", ["low", "Ġlow", "e", "r"]),
        # No merge reaches over the end of a chunk.
        (["a !", "! a", "a Ġ"], "a!a a", ["a", "!", "a", "Ġ", "a"]),
        (["< u", "u >", "Ġ <", "< <"], "<u> <<", ["<", "u", ">", "Ġ<", "<"]),
        (["a -", "a- b", "- -"], "a-b a--b", ["a-b", "Ġ", "a", "--", "b"]),
        (["Ġ Ċ", "ĠĊ Ġ"], "a \n b", ["a", "ĠĊĠ", "b"]),
        (["a a"], "a" * 33, ["aa"] * 16 + ["a"]),
        (["a a", "aa a"], "a" * 35, ["aa"] * 16 + ["aaa"]),
        (["ï ¿", "ï¿ ½"], "\ud800", ["ï¿½"]),
    ],
)
def test_merges(merges, text, tokens):
    tokenizer = SubwordTokenizer(merges)
    assert tokenizer.tokenize(text) == tokens
    assert tokenizer.tokenize(text) == tokens  # as it is remembered
    assert tokenizer.join(tokens) == text.replace("\ud800", "\ufffd")


def test_tokens_are_the_bytes_and_what_the_merges_make():
    tokenizer = SubwordTokenizer(["a b", "b c", "ab c", "a bc"])
    assert len(tokenizer.tokens) == 256 + 3
    assert tokenizer.tokens[0x61] == "a"
    assert tokenizer.tokens[256:] == ("ab", "bc", "abc")


@pytest.mark.parametrize(
    "merges",
    [["ab"], ["a b", "a b"], ["a bc"], ["a  b"], ["床 床"], [3], [["a", "b"]], ["a b", ""]],
)
def test_merges_that_are_none(merges):
    with pytest.raises(KitError, match=f"received {re.escape(repr(merges[-1]))} at place"):
        SubwordTokenizer(merges)


def test_training_joins_the_most_frequent_pair_first():
    # First l o 5 times, o w 3 times, o t twice; then lo w 3 times, lo t twice.
    tokenizer = SubwordTokenizer.train("low\nlow\nlow\nlot\nlot", vocabulary_size=259)
    assert tokenizer.merges == ("l o", "lo w", "lo t")


def test_training_ends_where_no_pair_is_left():
    assert SubwordTokenizer.train(["ab ab"], vocabulary_size=5000).merges == ("a b",)
    more = SubwordTokenizer.train(["ab ab"], vocabulary_size=5000, min_frequency=1)
    assert more.merges == ("a b", "Ġ ab")
    assert SubwordTokenizer.train(["ab"], vocabulary_size=256).merges == ()


def test_training_is_repeatable():
    reviews = film_reviews()[0][:200]
    first = SubwordTokenizer.train(iter(reviews), vocabulary_size=600)
    assert first == SubwordTokenizer.train(reviews, vocabulary_size=600)
    assert len(first.tokens) == 600
    assert first != SubwordTokenizer.train(reviews, vocabulary_size=599)


def test_no_token_is_spelled_like_a_special():
    assert "<unk" in "".join(trained().tokenize("<unk>"))
    assert not [token for token in trained().tokens if token[0] == "<" and len(token) > 1]
    Vocabulary(trained().tokens, ("<unk>", "<Ġ>", "<->"))


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text):
    agree(trained(), text)
    agree(SubwordTokenizer([]), text)


def test_tokens_are_read_one_by_one():
    reader = SubwordTokenizer(["å º", "a å"]).reader()
    assert [reader(token) for token in ("aå", "º", "Ĭ", "åº", "b")] == [
        "a",
        "",
        "床",
        "",
        "\ufffdb",
    ]


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 64, 65, 1000])
@pytest.mark.parametrize("piece", ["a", " ", "月", "!", "e\u0301", "👍🏽", "\n", "<", "word "])
def test_chunks_of_any_length(piece, size):
    agree(trained(), piece * size)


# Hypothesis's own texts seldom put words, signs and spaces side by side.
SIGNS = "aetho nds  éñ床前明月，。.,!?-'’\u200d\u0301\u0940<>/_9\n\x85\u3000\0Σ😀\ufe0f🏽\ufeff"
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.sampled_from(SIGNS)),
    st.text(st.sampled_from(SIGNS), min_size=30, max_size=300),
)


@settings(deadline=None)
@given(texts)
def test_any_texts(text):
    agree(trained(), text)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.text(st.sampled_from("abc"), min_size=1, max_size=4), max_size=30),
    st.text(st.sampled_from("abc"), max_size=40),
)
def test_any_merges(words, text):
    merges: dict[str, None] = {}
    known = {"a", "b", "c"}
    for word in words:
        pairs = [(word[:i], word[i:]) for i in range(1, len(word))]
        known_pairs = [pair for pair in pairs if set(pair) <= known and "".join(pair) not in known]
        if known_pairs:
            merges[" ".join(known_pairs[-1])] = None
            known.add(word)
    agree(SubwordTokenizer(merges), text)


@settings(deadline=None, max_examples=30)
@given(st.lists(texts, min_size=1, max_size=5), texts)
def test_trained_on_any_texts(corpus, text):
    if not any(corpus):
        return
    tokenizer = SubwordTokenizer.train(corpus, vocabulary_size=300, min_frequency=1)
    for some in (text, *corpus):
        agree(tokenizer, some)


@settings(deadline=None)
@given(st.text(st.characters()))  # half surrogates included
def test_joined_subwords_are_cut_in_the_same_places(text):
    tokens = trained().tokenize(text)
    assert trained().tokenize(trained().join(tokens)) == tokens


@needs_shared
def test_real_texts():
    some = [load_text(SHARED / name)[:300_000] for name in FILES]
    tokenizer = SubwordTokenizer.train(some, vocabulary_size=2000)
    for text in some:
        agree(tokenizer, text)
    assert len(tokenizer.tokenize(some[0])) < len(some[0]) / 2


@pytest.mark.parametrize("piece", ["x", "-", "床", "\u0301", "ab"])
def test_a_chunk_of_a_megabyte_is_cut(piece):
    text = piece * (1_000_000 // len(piece))  # quadratic time would not end
    assert trained().join(trained().tokenize(text)) == text


def test_encoder_learns_the_subwords(tmp_path):
    cleaning = Cleaning("lower")
    encoder = TextEncoder.build(
        iter(["Low LOWER lowest " * 3]), tokenizer="subwords", cleaning=cleaning, max_size=265
    )
    assert encoder.tokenizer == SubwordTokenizer.train(
        "low lower lowest " * 3, vocabulary_size=261, min_frequency=1
    )
    assert encoder.vocabulary == Vocabulary(encoder.tokenizer.tokens)
    assert encoder.unknown("née 床") == []
    assert encoder.decode(encoder.encode("LOWEST 床\0")) == "lowest 床\0"
    encoder.save(tmp_path / "vocabulary.json")
    assert TextEncoder.load(tmp_path / "vocabulary.json") == encoder
    lines = (tmp_path / "vocabulary.json").read_text("utf-8").split("\n")
    assert '   "l o",' in lines  # one merge a line


@pytest.mark.parametrize("wrong", [None, 259])
def test_encoder_needs_a_size(wrong):
    with pytest.raises(KitError, match=f"max_size must be 260 or more here.*received {wrong}"):
        TextEncoder.build("ab", tokenizer="subwords", max_size=wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"texts": [], "vocabulary_size": 300}, "received no texts"),
        ({"texts": ["", ""], "vocabulary_size": 300}, "or empty ones"),
        ({"texts": ["a", 3], "vocabulary_size": 300}, "a string; received int"),
        ({"texts": ["a"], "vocabulary_size": 255}, "256 bytes .* received 255"),
        ({"texts": ["a"], "vocabulary_size": 1e3}, "vocabulary_size must be a positive integer"),
        ({"texts": ["a"], "vocabulary_size": 300, "min_frequency": 0}, "min_frequency must be"),
    ],
)
def test_training_refuses(arguments, message):
    with pytest.raises(KitError, match=message):
        SubwordTokenizer.train(**arguments)


@pytest.mark.parametrize("config", [{}, {"merges": "a b"}, {"merges": {"a b": 0}}])
def test_config_without_merges(config):
    with pytest.raises(KitError, match="needs its merges, a list"):
        tokenizer_from_config({"type": "subwords", **config})


def test_config_is_json():
    config = trained().config()
    assert tokenizer_from_config(json.loads(json.dumps(config))) == trained()


def test_encoding_needs_no_package_and_training_names_the_extra():
    code = (
        "import sys; sys.modules['tokenizers'] = None\n"
        "from keras_rnn_kit.text import SubwordTokenizer\n"
        "assert SubwordTokenizer(['a b']).tokenize('ab') == ['ab']\n"
        "SubwordTokenizer.train(['ab'], vocabulary_size=300)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "KitError: training a SubwordTokenizer needs the package tokenizers" in done.stderr
    assert "pip install keras-rnn-kit[subwords]" in done.stderr
