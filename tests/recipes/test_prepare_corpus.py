"""`recipes.prepare_corpus` from its command line: what it writes, kills, and what comes after."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import Corpus, TextEncoder
from recipes import prepare_corpus
from tests.recipes.conftest import SMALL_LM

ROOT = Path(__file__).parents[2]


def prepare(data, out, *more, workers=1):
    arguments = ["--data", str(data), "--out", str(out), "--workers", str(workers), *more]
    with mock.patch("os.fsync"):  # hundreds of tiny shards need not be on the disk
        return prepare_corpus.main(arguments)


def content(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.fixture
def long_text(tmp_path):
    """So long that it takes seconds in thousands of small shards."""
    path = tmp_path / "long.txt"
    path.write_text("".join(f"Line {n} of a long text.\n" for n in range(50_000)))
    return path


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "recipes.prepare_corpus", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of processes, as a terminal makes one
        # Tests that run in the background have Ctrl-C ignored, and their children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_shards(process, work, count):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if len(json.loads((work / "corpus.json").read_text())["shards"]) >= count:
                return
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    pytest.fail("no shards")


def test_characters(plain_text, tmp_path, capsys):
    out = tmp_path / "corpus"
    assert prepare(plain_text, out) == 0
    corpus, text = Corpus.open(out), plain_text.read_text()
    assert corpus.encoder.decode(corpus.ids(0, len(corpus))) == text
    assert len(corpus) == len(text) + 1  # <eos>
    printed = capsys.readouterr().out
    assert f"Wrote {out}: {len(corpus):,} tokens of 1 documents" in printed
    assert "Out-of-vocabulary rate: 0.0000%" in printed
    assert f"Next: python -m recipes.char_lm --data {out}\n" in printed


def test_words_by_line_with_a_small_vocabulary(tmp_path, capsys):
    path = tmp_path / "lines.txt"
    path.write_text("to be\n\nor not to be\n")
    options = ["--tokenizer", "words", "--by", "line", "--max-size", "6", "--no-eos"]
    assert prepare(path, tmp_path / "corpus", *options) == 0
    corpus = Corpus.open(tmp_path / "corpus")
    tokens = corpus.encoder.vocabulary.decode(corpus.ids(0, len(corpus)))
    assert tokens == ["to", "be", "<unk>", "<unk>", "to", "be"]
    printed = capsys.readouterr().out
    assert "Out-of-vocabulary rate: 33.3333% (2 tokens are <unk>)" in printed
    assert "1 empty texts were left out" in printed


def test_a_vocabulary_of_ones_own(plain_text, tmp_path):
    encoder = TextEncoder.build(["to be"], tokenizer="words")
    encoder.save(tmp_path / "vocabulary.json")
    options = ["--vocabulary", str(tmp_path / "vocabulary.json")]
    assert prepare(plain_text, tmp_path / "corpus", *options) == 0
    corpus = Corpus.open(tmp_path / "corpus")
    assert corpus.encoder == encoder
    assert corpus.index.unknown_rate > 0.5


def test_char_lm_trains_on_it(plain_text, tmp_path, capsys):
    from recipes import char_lm

    prepare(plain_text, tmp_path / "corpus", "--shard-tokens", "100")
    for partition in ("random", "sequential"):
        run = tmp_path / partition
        arguments = ["--data", str(tmp_path / "corpus"), "--out", str(run), *SMALL_LM]
        assert char_lm.main([*arguments, "--epochs", "1", "--partition", partition]) == 0
        report = json.loads((run / "report.json").read_text())
        corpus = Corpus.open(tmp_path / "corpus")
        assert report["characters"] == len(plain_text.read_text())
        assert report["vocabulary_size"] == len(corpus.encoder.vocabulary)
        held_out = len(corpus) - int(0.9 * len(corpus))
        assert f"each of {held_out - 1:,} tokens counted once" in capsys.readouterr().out
        assert TextEncoder.load(run / "vocabulary.json") == corpus.encoder
    with pytest.raises(KitError, match=r"--baseline counts the n-grams of a text in memory"):
        char_lm.main([*arguments[:2], "--out", str(tmp_path / "x"), "--baseline", "1"])


def test_char_lm_says_what_is_wrong_with_a_corpus(plain_text, tmp_path):
    from recipes import char_lm

    out = tmp_path / "corpus"
    prepare(plain_text, out)
    options = ["--data", str(out), "--out", str(tmp_path / "run")]
    with pytest.raises(KitError, match=r"need 10100 ids; received a corpus of \d+ ids"):
        char_lm.main([*options, "--batch-size", "100"])
    (out / "ids-00000.bin").unlink()
    with pytest.raises(KitError, match=r"ids-00000\.bin .*--repair"):
        char_lm.main(options)


def test_tensorflow_is_not_needed(plain_text, tmp_path):
    code = (
        "import sys; from recipes import prepare_corpus; "
        f"prepare_corpus.main(['--data', {str(plain_text)!r}, '--workers', '1', "
        f"'--out', {str(tmp_path / 'corpus')!r}]); "
        "print(*sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == ""


def children(process):
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def is_alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_is_gone_on_with_and_leaves_no_process(long_text, tmp_path, number, capsys):
    out = tmp_path / "out"
    options = ["--shard-tokens", "300", "--tokenizer", "words"]
    process = start("--data", long_text, "--out", out, "--workers", 2, *options)
    wait_for_shards(process, tmp_path / "out.partial", 3)
    workers = children(process)
    assert len(workers) >= 2
    process.send_signal(number)  # to it alone; its workers have to see that it has gone
    process.communicate()
    assert process.returncode == -number
    assert not out.exists()
    deadline = time.monotonic() + 10
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))

    assert prepare(long_text, out, *options) == 0
    assert "Going on with what is in" in capsys.readouterr().out
    assert prepare(long_text, tmp_path / "whole", *options) == 0
    assert content(out) == content(tmp_path / "whole")
    assert not (tmp_path / "out.partial").exists()


def test_ctrl_c_says_how_to_go_on(long_text, tmp_path):
    out = tmp_path / "out"
    process = start("--data", long_text, "--out", out, "--workers", 2, "--shard-tokens", 500)
    wait_for_shards(process, tmp_path / "out.partial", 2)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers, too
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip().splitlines() == [
        f"interrupted. What is finished waits in {tmp_path / 'out.partial'}. "
        "Run the same command again to go on."
    ]


def test_a_source_that_changed_is_refused(long_text, tmp_path):
    out = tmp_path / "out"
    process = start("--data", long_text, "--out", out, "--workers", 1, "--shard-tokens", 500)
    wait_for_shards(process, tmp_path / "out.partial", 2)
    process.kill()
    process.communicate()
    long_text.write_text("Another text.\n" * 100)
    with pytest.raises(KitError, match=r"out\.partial .*received another source.*--overwrite"):
        prepare(long_text, out, "--shard-tokens", "500")
    assert prepare(long_text, out, "--shard-tokens", "500", "--overwrite") == 0
    assert Corpus.open(out).index.characters == 1400


def test_repair(plain_text, tmp_path, capsys):
    out = tmp_path / "corpus"
    prepare(plain_text, out, "--shard-tokens", "100")
    before = content(out)
    (out / "ids-00003.bin").unlink()
    assert prepare(plain_text, out, "--repair") == 0
    assert "Wrote anew: ids-00003.bin\n" in capsys.readouterr().out
    assert content(out) == before
    assert prepare(plain_text, out, "--repair") == 0
    assert "Wrote anew: nothing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--vocabulary", "nowhere.json"], r"nowhere\.json must be a vocabulary"),
        (["--max-size", "2"], "max_size"),
        (["--encoding", "klingon"], "encoding"),
        (["--shard-tokens", "0"], "shard_tokens must be a positive integer"),
        (["--workers", "0"], "workers must be a positive integer"),
    ],
)
def test_wrong_options_are_told(plain_text, tmp_path, options, message):
    with pytest.raises(KitError, match=message):
        prepare(plain_text, tmp_path / "corpus", *options)
    assert not (tmp_path / "corpus").exists()


def test_bad_sources_and_outputs_are_told(plain_text, tmp_path):
    (tmp_path / "empty.txt").touch()
    for name in ("empty.txt", "nowhere.txt"):
        with pytest.raises(KitError, match=name):
            prepare(tmp_path / name, tmp_path / "corpus")
    prepare(plain_text, tmp_path / "corpus")
    with pytest.raises(KitError, match="--overwrite"):
        prepare(plain_text, tmp_path / "corpus")
