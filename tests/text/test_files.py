import codecs
import gzip
import io
import random

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import (
    chunks_of,
    files_in,
    form_of,
    input_lines,
    read_decoded,
    read_input,
    write_beside,
)
from tests.text.shared import AWKWARD, SHARED, needs_shared


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "gb18030"])
def test_a_text_comes_back_but_for_its_line_ends(text, encoding, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode(encoding))
    assert read_decoded(path, encoding) == text.replace("\r\n", "\n")


def test_a_byte_order_mark_goes(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(codecs.BOM_UTF8 + "é\ufeff".encode())
    assert read_decoded(path) == "é\ufeff"


def test_a_wrong_byte_is_placed(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"first\nsecond \xe9t\xe9\n")
    with pytest.raises(KitError, match=r"0xe9 at byte offset 13 \(line 2\).*--encoding latin-1"):
        read_decoded(path)
    assert read_decoded(path, "latin-1") == "first\nsecond été\n"


@needs_shared
def test_the_latin1_sample():
    path = SHARED / "rt_polarity" / "latin1_sample.neg"
    data = path.read_bytes()
    offset = next(i for i, byte in enumerate(data) if byte > 0x7F)
    with pytest.raises(KitError, match=f"latin1_sample.neg must be valid utf-8.*offset {offset}"):
        read_decoded(path)
    assert read_decoded(path, "latin-1").count("\n") == 300


def test_unknown_encoding_and_missing_file(tmp_path):
    path = tmp_path / "text.txt"
    with pytest.raises(KitError, match=r"text\.txt must be a file.*No such file"):
        read_decoded(path)
    with pytest.raises(KitError, match="must be a file that can be read"):
        read_decoded("a\0b")
    with pytest.raises(KitError, match=r"must be a file that can be read.*directory"):
        read_decoded(tmp_path)
    path.write_text("a")
    with pytest.raises(KitError, match=r"encoding must be .* received 'utf-9'"):
        read_decoded(path, "utf-9")


def test_files_of_a_folder(tmp_path):
    for name in ("b.txt", "a.TXT", "c.md", ".hidden.txt", "e.txt.gz", "e.md.gz", "txt"):
        (tmp_path / name).touch()
    (tmp_path / "d.txt").mkdir()
    assert [path.name for path in files_in(tmp_path, ".txt")] == ["a.TXT", "b.txt", "e.txt.gz"]
    assert [path.name for path in files_in(tmp_path, ".md")] == ["c.md", "e.md.gz"]
    with pytest.raises(KitError, match="must be a folder"):
        files_in(tmp_path / "none", ".txt")


def test_a_write_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_beside(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(KitError, match=r"a\.json must be .* 'No space left on device'"):
        write_beside(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_lines_as_they_come(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes("\ufeffone\r\ntwo\x85still two\n\n\ufefflast".encode())
    assert list(input_lines(path)) == ["one", "two\x85still two", "", "\ufefflast"]
    path.write_bytes("字\nb\n".encode("utf-16"))
    assert list(input_lines(path, "utf-16")) == ["字", "b"]
    path.write_bytes(b"")
    assert list(input_lines(path)) == []


def test_a_broken_line_is_told_after_those_before_it(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes(b"one\ntwo\nab\xff\nfour\n")
    lines = input_lines(path)
    assert [next(lines), next(lines)] == ["one", "two"]
    with pytest.raises(KitError, match=r"received byte 0xff at byte offset 10 \(line 3\)"):
        next(lines)
    with pytest.raises(KitError, match="encoding must be one that Python knows"):
        next(input_lines(path, "utf-99"))
    for missing in (tmp_path / "nowhere", "a\0b"):
        with pytest.raises(KitError, match="must be a file that can be read"):
            next(input_lines(missing))


@pytest.mark.parametrize("text", AWKWARD)
def test_a_packed_text_comes_back(text, tmp_path):
    path = tmp_path / "text.txt.GZ"
    path.write_bytes(gzip.compress(("\ufeff" + text).encode()))
    assert read_decoded(path) == text.replace("\r\n", "\n")


def test_several_packed_files_in_one(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"one\r") + gzip.compress(b"\ntwo"))
    assert read_decoded(path) == "one\ntwo"
    assert list(input_lines(path)) == ["one", "two"]


def test_a_wrong_byte_is_placed_in_what_is_packed(tmp_path):
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(b"x\n" * 50_000 + b"\xe9"))
    with pytest.raises(
        KitError, match=r"text\.txt\.gz must .* offset 100000 \(line 50001\) of the decompressed"
    ):
        read_decoded(path)


# Bytes that don't get shorter, so that they are cut where the compressed ones are.
PACKED = gzip.compress(random.Random(0).randbytes(200_000))


@pytest.mark.parametrize("cut", [0, 2, 5, 12, 100_000, len(PACKED) - 9, len(PACKED) - 1])
def test_a_packed_file_cut_short(cut, tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(PACKED[:cut])
    if cut == 0:
        assert read_decoded(path) == ""  # nothing, packed zero times
        return
    with pytest.raises(KitError, match=r"text\.gz must be a whole gzip file; .* one that is cut"):
        read_decoded(path, "latin-1")


@pytest.mark.parametrize("place", [0, 25, len(PACKED) - 6])
def test_a_damaged_packed_file(place, tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(PACKED[:place] + bytes(4) + PACKED[place + 4 :])
    with pytest.raises(KitError, match=r"text\.gz must be a whole gzip file; .* is damaged \("):
        read_decoded(path, "latin-1")


def test_a_missing_packed_file(tmp_path):
    with pytest.raises(KitError, match=r"gone\.gz must be a file that can be read; .*No such"):
        read_decoded(tmp_path / "gone.gz")


def test_what_tells_the_form():
    names = ("a.txt", "A.TSV.GZ", "b.c.jsonl.gz", "a", "a.gz", ".gz", "d.e/f")
    assert [form_of(name) for name in names] == [".txt", ".tsv", ".jsonl", "", "", "", ""]


def test_a_file_that_fails_while_it_is_read(tmp_path, monkeypatch):
    class Failing(io.BytesIO):
        def read1(self, size=-1):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr("builtins.open", lambda *_: Failing())
    with pytest.raises(KitError, match=r"x must be a file that can be read; .* 'Input/output"):
        list(chunks_of("x"))


class Pipe(io.RawIOBase):
    """Gives one chunk a read, as a pipe does, and counts what is asked for."""

    def __init__(self, chunks):
        self.chunks, self.reads = list(chunks), 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.reads += 1
        chunk = self.chunks.pop(0) if self.chunks else b""
        buffer[: len(chunk)] = chunk
        return len(chunk)


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("é\r\nb\n".encode("utf-16"))))
    assert read_input("-", "utf-16") == "é\nb\n"
    pipe = Pipe([b"one\ntw", b"o\n", b"three"])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(pipe)))
    lines = input_lines("-")
    # A line is there as soon as it is written: the process at the other end may wait for us.
    assert (next(lines), pipe.reads) == ("one", 1)
    assert (next(lines), pipe.reads) == ("two", 2)
    assert list(lines) == ["three"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\xff")))
    lines = input_lines("-")
    assert next(lines) == "a"
    with pytest.raises(KitError, match=r"standard input must be .* offset 3 \(line 2\)\."):
        list(lines)
