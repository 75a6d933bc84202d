"""The text benchmark: peers that agree, rows that are a megabyte's, what is asked of them."""

import json

import numpy as np
import pytest

from benchmarks import corpus_streaming, text_padding, text_peers, text_sections, window_feeding
from benchmarks import text as benchmark
from benchmarks.grid import Shape
from benchmarks.peers import OURS
from benchmarks.report import Row
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import CharacterTokenizer, WordTokenizer
from tests.catalogue import THOROUGH

TEXT = "It isn't\n(well-)made, 床前!\n\nbe it so\n"


def test_words_with_spaces_between_them_are_the_same_words():
    apart = text_peers.tokens_apart(TEXT, WordTokenizer())
    assert apart.split() == WordTokenizer().tokenize(TEXT)
    assert WordTokenizer().tokenize(apart) == WordTokenizer().tokenize(TEXT)
    assert apart.count("\n") == TEXT.count("\n")


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_pieces_are_the_text_cut_after_lines(size):
    pieces = text_peers.pieces_of(TEXT, size)
    assert "".join(pieces) == TEXT
    assert all(piece.endswith("\n") for piece in pieces)


@pytest.mark.parametrize("kind", ["characters", "words"])
def test_all_peers_give_the_same_ids(kind):
    tokenizer = CharacterTokenizer() if kind == "characters" else WordTokenizer()
    text = text_peers.tokens_apart(TEXT, tokenizer) if kind == "words" else TEXT
    peers = text_peers.peers_of(kind, text_peers.pieces_of(text, 10))
    assert {OURS, text_peers.VECTORIZATION, text_peers.STRINGS} <= set(peers)
    for peer in peers.values():
        found = peer.encode([text, text])
        assert sum(map(len, found)) == 2 * len(tokenizer.tokenize(text))
        if peer.learn is not None:
            peer.learn([text])


def test_a_peer_with_other_ids_is_found_out(monkeypatch):
    wrong = text_peers.Peer(None, lambda texts: iter([np.zeros(3, np.int32)]))
    monkeypatch.setattr(text_peers, "_strings", lambda *_: wrong)
    with pytest.raises(KitError, match=r"same ids of words; received 3 from tf\.strings"):
        text_peers.peers_of("words", ["a b"])


def test_figures_are_for_a_megabyte_and_for_a_million_tokens():
    rows = text_sections.text_rows("characters", "folder/name.txt", TEXT * 30, 1, rounds=1)
    assert [row.case["task"] for row in rows] == ["learn", "encode"]
    assert {row.case["text"] for row in rows} == {"name.txt"}
    assert text_peers.STRINGS not in rows[0].times
    assert text_peers.STRINGS in rows[1].times
    row = window_feeding.windows_row(np.arange(20_000) % 7, rounds=1, batches=2)
    assert set(row.times) == set(window_feeding.PEERS)


def test_a_fed_step_is_measured_beside_one_that_stands_still():
    row = window_feeding.brake_row(np.arange(300), Shape(2, 5, 3, 4), rounds=1, steps=2)
    assert set(row.times) == {window_feeding.FED, window_feeding.STILL}
    assert (
        text_sections.fed_share(Row({}, {window_feeding.FED: [3.0], window_feeding.STILL: [2.0]}))
        == 1.5
    )


def test_what_is_asked_is_read_from_the_worst_text():
    def row(text, task, theirs):
        case = {"text": text, "task": task}
        return Row(case, {OURS: [1.0], text_peers.VECTORIZATION: [theirs]})

    rows = [row("a", "learn", 12.0), row("b", "learn", 9.0), row("a", "encode", 20.0)]
    learn, encode = text_sections.asked_of("characters", rows)
    assert (learn.measured, learn.met) == ("9.00 (b)", False)
    assert (encode.measured, encode.met) == ("20.00 (a)", True)


def test_padding_is_counted_and_the_largest_cut_found():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 100, 300)
    most = text_padding.largest_below(lengths, 0.05)
    assert text_padding.padding_of("", lengths, most).padding < 0.05
    assert text_padding.padding_of("", lengths, most + 1).padding >= 0.05
    found = text_padding.paddings(["a b c", "d", ""])
    assert [one.data for one in found] == ["the texts given"] * 3 + [text_padding.LIKE_IMDB] * 3
    assert found[0].cut == found[0].padding == 0
    (asked,) = text_padding.asked_of(found)
    assert text_padding.LIKE_IMDB in asked.measured
    like = text_padding.like_imdb()
    assert abs(np.median(like) - 174) < 4  # 25,000 draws: the median within some three errors
    assert abs(like.mean() - 230) < 4
    assert "| the texts given" in text_padding.padding_table(found)


@THOROUGH
def test_a_corpus_is_prepared_and_read_in_processes_of_their_own():
    found = corpus_streaming.streaming("The same line again.\n" * 2000, 1)
    assert 0.9 < found.megabytes <= 1.01
    assert min(found.prepared_per_second, found.tokens_per_second) > 0
    assert found.preparing_megabytes > 1  # of Python alone
    assert "million tokens/s" in corpus_streaming.streaming_table([found])
    rate, reading, preparing = corpus_streaming.asked_of([found])
    assert rate.what.startswith("corpus: read")
    assert (reading.asked, preparing.asked) == ("≤ 300 MB", "≤ 300 MB")


def test_the_command_writes_what_it_prints(tmp_path, capsys):
    path = tmp_path / "text.json"
    argv = ["--quick", "--only", "padding", "--json", str(path)]
    assert benchmark.main(argv) == 0
    out = capsys.readouterr().out
    assert "## padding" in out
    assert f"Wrote {path}" in out
    assert list(json.loads(path.read_text())["sections"]) == ["padding"]
    with pytest.raises(KitError, match="--only must name sections; received 'speed'"):
        benchmark.main(["--only", "speed", "--json", str(path)])
