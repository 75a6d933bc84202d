from pathlib import Path

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import TextEncoder, load_pairs, references, split_pairs
from tests.text.shared import SHARED, needs_shared


def write(folder: Path, text: str) -> Path:
    path = folder / "pairs.tsv"
    path.write_bytes(text.encode("utf-8"))
    return path


def test_lines_are_pairs(tmp_path: Path) -> None:
    path = write(tmp_path, "Go.\tVa\u202f!\r\n Hi. \t Salut\u2028! \tCC-BY 2.0\nI see.\tAh")
    assert load_pairs(path) == [("Go.", "Va\u202f!"), ("Hi.", "Salut\u2028!"), ("I see.", "Ah")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Go.\tVa\nHi.\n", "line 2: a pair must be two texts .* received 'Hi.'"),
        ("Go.\tVa\n\nHi.\tSalut\n", "line 2: .* received ''"),
        ("Go.\tVa\n\tSalut\n", "line 2: both sides .* received an empty source"),
        ("Go.\t \n", "line 1: both sides .* received an empty target"),
        ("", "must hold pairs; received an empty file"),
    ],
)
def test_a_wrong_line_is_told_by_its_number(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(KitError, match=message):
        load_pairs(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"gone\.tsv must be a file that can be read"):
        load_pairs(tmp_path / "gone.tsv")


PAIRS = [(f"source {k // 3}", f"target {k}") for k in range(120)]  # 40 sources, 3 targets each


def test_a_source_stands_in_one_part() -> None:
    parts = split_pairs(PAIRS, (0.8, 0.1, 0.1), seed=3)
    assert sorted(pair for part in parts for pair in part) == sorted(PAIRS)
    found = [{source for source, _ in part} for part in parts]
    assert [len(one) for one in found] == [32, 4, 4]
    assert not found[0] & found[1] | found[0] & found[2] | found[1] & found[2]
    for part in parts:
        assert part == [pair for pair in PAIRS if pair in part]


def test_the_seed_settles_the_split() -> None:
    assert split_pairs(PAIRS, seed=3) == split_pairs(PAIRS, seed=3) != split_pairs(PAIRS, seed=4)


def test_a_part_may_be_nothing_only_where_nothing_is_asked_for() -> None:
    assert split_pairs(PAIRS[:6], (0.5, 0.0, 0.5))[1] == []
    with pytest.raises(KitError, match="received 2 distinct sources, of which validation"):
        split_pairs(PAIRS[:6], (0.9, 0.05, 0.05))


@pytest.mark.parametrize("fractions", [(0.9, 0.1), (0.9, 0.2, -0.1), (0.9, 0.1, 0.1)])
def test_wrong_fractions(fractions: tuple[float, ...]) -> None:
    with pytest.raises(KitError, match="three shares of 0 or more that sum to 1"):
        split_pairs(PAIRS, fractions)


def test_references_are_all_targets_each_once() -> None:
    pairs = [("a", "x"), ("b", "y"), ("a", "z"), ("a", "x")]
    assert references(pairs) == {"a": ["x", "z"], "b": ["y"]}


@needs_shared
def test_english_and_french() -> None:
    pairs = load_pairs(SHARED / "english_french.tsv")
    assert len(pairs) == 20_000
    assert pairs[:2] == [("Go.", "Va !"), ("Hi.", "Salut !")]
    sources = {source for source, _ in pairs}
    parts = [{source for source, _ in part} for part in split_pairs(pairs)]
    assert [len(part) for part in parts] == [
        round(len(sources) * 0.9),
        round(len(sources) * 0.95) - round(len(sources) * 0.9),
        len(sources) - round(len(sources) * 0.95),
    ]
    narrow = next(target for _, target in pairs if "\u202f" in target)
    encoder = TextEncoder.build([narrow], tokenizer="words")
    assert not any(character.isspace() for token in encoder.tokenize(narrow) for character in token)
