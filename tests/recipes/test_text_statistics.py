"""`recipes.text_statistics` from its command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import Cleaning, film_reviews, python_manual, text_statistics
from recipes import text_statistics as recipe

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


def count(data, out, *more):
    assert recipe.main(["--data", str(data), "--out", str(out), *more]) == 0
    return json.loads((out / "report.json").read_text())


def test_writes_what_the_library_finds(tmp_path, capsys):
    report = count("python-docs", tmp_path / "run")
    found = text_statistics([python_manual()], "words", Cleaning("lower"), lengths_of="sentences")
    assert report["skipped"] == 0
    assert report.items() >= found.to_json().items()
    assert report["data"] == "python-docs"
    assert report["config"]["tokenizer"] == "words"
    assert report["seconds"] > 0
    assert (tmp_path / "run" / "statistics.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert str(found) in printed
    wrote = printed.splitlines()[-1]
    assert wrote.startswith("Wrote ")
    assert str(tmp_path / "run" / "report.json") in wrote
    assert str(tmp_path / "run" / "statistics.png") in wrote


def test_lines_characters_and_case(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Ab\n\nb\n")
    report = count(tmp_path / "a.txt", tmp_path / "run", "--by", "line")
    assert (report["texts"], report["skipped"], report["tokens"]) == (2, 1, 2)
    assert "Left out: 1 empty line.\n" in capsys.readouterr().out
    assert report["lengths"]["of"] == "texts"
    more = ["--tokenizer", "characters", "--no-lower", "--overwrite", "--held-out", "0.5"]
    report = count(tmp_path / "a.txt", tmp_path / "run", "--by", "line", "--max-n", "1", *more)
    assert report["ngrams"]["1"]["most_frequent"] == [[["b"], 2], [["A"], 1]]
    assert list(report["ngrams"]) == ["1"]
    assert report["held_out_tokens"] == 2


def test_labelled_texts_and_tables(tmp_path):
    report = count("builtin", tmp_path / "films")
    assert report["texts"] == len(film_reviews()[0])
    (tmp_path / "a.csv").write_text("id,words\n1,one two\n2,three\n")
    report = count(tmp_path / "a.csv", tmp_path / "run", "--text-column", "words")
    assert (report["texts"], report["tokens"]) == (2, 3)


def test_ranks_of_the_fit(tmp_path):
    words = " ".join(f"w{k} " * (300 // k) for k in range(1, 61))
    (tmp_path / "a.txt").write_text(words)
    more = ["--first-rank", "3", "--last-rank", "30", "--top", "2"]
    report = count(tmp_path / "a.txt", tmp_path / "run", *more)
    zipf = report["ngrams"]["1"]["zipf"]
    assert (zipf["first"], zipf["last"]) == (3, 30)
    assert len(report["ngrams"]["1"]["most_frequent"]) == 2


@pytest.mark.parametrize(
    ("tokenizer", "tokens"), [("words", 2), ("characters", 4), ("graphemes", 3), ("bytes", 5)]
)
def test_each_tokenizer(tmp_path, tokenizer, tokens):
    (tmp_path / "a.txt").write_text("e\u0301 a", encoding="utf-8")
    report = count(tmp_path / "a.txt", tmp_path / "run", "--tokenizer", tokenizer)
    assert report["tokens"] == tokens


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")
def test_chinese_poems(tmp_path, capsys):
    report = count(SHARED / "tang300.json", tmp_path / "run", "--by", "line")
    assert report["types"] > 2000
    assert "'不' '見' 31" in capsys.readouterr().out


def test_next_to_nothing(tmp_path):
    (tmp_path / "a.txt").write_text("a a a")
    report = count(tmp_path / "a.txt", tmp_path / "run")
    assert report["heaps"] is None
    assert report["out_of_vocabulary"] == []


def test_long_work_tells_how_far_it_is(monkeypatch, capsys):
    moments = iter([0.0, 1.0, 5.0, 5.0, 6.0])
    monkeypatch.setattr(recipe.time, "monotonic", lambda: next(moments))
    tell = recipe.progress()
    tell(10)
    tell(2000)
    tell(3000)
    assert capsys.readouterr().out == "2,000 tokens so far\n"


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        ("", [], r"a\.txt must hold text"),
        (" \n ", [], r"at least one token"),
        ("word", ["--held-out", "1"], r"held_out must be a number in \[0, 1\)"),
        ("word", ["--max-n", "9"], r"max_n must be 1, 2 or 3"),
    ],
)
def test_a_mistake_leaves_nothing_behind(tmp_path, text, more, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(KitError, match=message):
        count(tmp_path / "a.txt", tmp_path / "run", *more)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_is_there_is_kept(tmp_path):
    (tmp_path / "a.txt").write_text("a b")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "precious").touch()
    with pytest.raises(KitError, match="--overwrite"):
        count(tmp_path / "a.txt", tmp_path / "run")
    assert (tmp_path / "run" / "precious").exists()


def in_a_process(without, *arguments):
    script = (
        f"import runpy, sys; sys.modules.update(dict.fromkeys({without!r}))\n"
        f"sys.argv[1:] = {list(map(str, arguments))!r}\n"
        "runpy.run_module('recipes.text_statistics', run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_needs_no_tensorflow(tmp_path):
    done = in_a_process(["tensorflow", "keras", "onnxruntime"], "--out", tmp_path / "run")
    assert (done.returncode, done.stderr) == (0, "")


def test_without_matplotlib_the_figures_are_written(tmp_path):
    done = in_a_process(["matplotlib", "matplotlib.figure"], "--out", tmp_path / "run")
    assert done.returncode == 0
    assert "keras-rnn-kit[train]" in done.stderr
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["report.json"]
    assert "statistics.png" not in done.stdout.splitlines()[-1]


def test_a_mistake_is_one_line(tmp_path):
    done = in_a_process([], "--data", tmp_path / "nowhere.txt", "--out", tmp_path / "run")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: ")
