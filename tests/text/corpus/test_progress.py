"""The line of progress, and what is known of a source before it is read."""

import io
from unittest import mock

from keras_rnn_kit.text.corpus.progress import ProgressLine, source_bytes, source_files


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def lines_of(stream, steps, total=None):
    clock = Clock()
    with mock.patch("time.monotonic", clock):
        line = ProgressLine("Encoding", total, stream)
        for seconds, done, passed in steps:
            clock.now += seconds
            line.tell(done, "2 shards", passed)
        line.clear()
    return stream.getvalue()


def test_percent_speed_and_remaining_time():
    steps = [(0, 0, 0), (10, 50_000_000, 0), (1, 60_000_000, 0), (9, 100_000_000, 0)]
    assert lines_of(io.StringIO(), steps, total=200_000_000).splitlines() == [
        "Encoding: 0%, 0 MB, 2 shards",
        "Encoding: 25%, 50 MB, 5.0 MB/s, 30 s remaining, 2 shards",
        "Encoding: 50%, 100 MB, 5.0 MB/s, 20 s remaining, 2 shards",
    ]


def test_without_a_total():
    steps = [(0, 0, 0), (10, 50_000_000, 0)]
    assert lines_of(io.StringIO(), steps).splitlines()[1] == "Encoding: 50 MB, 5.0 MB/s, 2 shards"


def test_what_was_passed_over_is_no_speed():
    steps = [(0, 0, 0), (10, 80_000_000, 80_000_000), (10, 90_000_000, 80_000_000)]
    assert lines_of(io.StringIO(), steps, total=100_000_000).splitlines()[1:] == [
        "Encoding: 80%, 80 MB, 2 shards",
        "Encoding: 90%, 90 MB, 1.0 MB/s, 10 s remaining, 2 shards",
    ]


def test_a_total_that_was_too_small_never_says_100_percent():
    steps = [(0, 300, 0)]
    assert "99%" in lines_of(io.StringIO(), steps, total=200)


def test_a_terminal_gets_one_line():
    shown = lines_of(Terminal(), [(0, 0, 0), (1, 10, 0)])
    assert "\n" not in shown
    assert shown.count("\r") == 2
    assert shown.endswith("\x1b[K")


def test_texts_pass_by_unchanged():
    stream = io.StringIO()
    line = ProgressLine("Counting", None, stream)
    assert list(line.watch([("née", False), ("\ud800", True)])) == ["née", "\ud800"]
    assert stream.getvalue().startswith("Counting: 0 MB")


def test_what_is_known_of_a_source(tmp_path):
    (tmp_path / "a.txt").write_text("née", encoding="utf-8")
    (tmp_path / "b.json").write_text("[]")
    (tmp_path / ".hidden.txt").write_text("x")
    assert source_bytes(tmp_path / "a.txt") == 4
    assert source_bytes(tmp_path / "a.txt", "UTF8") == 4
    assert source_bytes(tmp_path / "a.txt", "latin-1") is None
    assert source_bytes(tmp_path / "b.json") is None
    assert source_bytes(tmp_path) == 4
    assert source_bytes(tmp_path / "nowhere.txt") is None
    assert [file[:2] for file in source_files(tmp_path)] == [
        [str(tmp_path / "a.txt"), 4],
        [str(tmp_path / "b.json"), 2],
    ]
    before = source_files(tmp_path / "a.txt")
    (tmp_path / "a.txt").write_text("nee!")
    assert source_files(tmp_path / "a.txt") != before
