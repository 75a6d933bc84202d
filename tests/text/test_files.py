import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import files_in, input_lines, lines_of, read_decoded, write_beside
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
    assert len(lines_of(read_decoded(path, "latin-1"))) == 300


def test_utf16_cut_short(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("ab".encode("utf-16")[:-1])
    with pytest.raises(KitError, match="must be valid utf-16"):
        read_decoded(path, "utf-16")


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


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\n"))))
def test_lines_are_cut_at_newlines_alone(lines):
    assert lines_of("".join(line + "\n" for line in lines)) == lines


def test_the_last_line_needs_no_newline():
    assert lines_of("a\nb") == ["a", "b"]
    assert lines_of("") == []
    assert lines_of("\n\n") == ["", ""]


def test_files_of_a_folder(tmp_path):
    for name in ("b.txt", "a.TXT", "c.md", ".hidden.txt"):
        (tmp_path / name).touch()
    (tmp_path / "d.txt").mkdir()
    assert [path.name for path in files_in(tmp_path, ".txt")] == ["a.TXT", "b.txt"]
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
    assert list(input_lines(path)) == lines_of(read_decoded(path))
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
