import gzip
import json

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import load_text, texts
from tests.text.shared import SHARED, needs_shared


def test_a_file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeffone\x85é\r\ntwo\0".encode())
    assert load_text(path) == load_text(str(path)) == "one\x85é\ntwo\0"


def test_one_word(tmp_path):
    (tmp_path / "word").write_text("word")
    assert load_text(tmp_path / "word") == "word"


def test_ten_megabytes_in_a_line(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("x" * 10_000_000)
    assert len(load_text(path)) == 10_000_000


def test_a_folder_is_joined_in_the_order_of_names(tmp_path):
    for name, text in {"b.txt": "two\n", "a.txt": "one", "c.txt": "", "d.txt": "3"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "notes.md").write_text("not this")
    assert load_text(tmp_path) == "one\ntwo\n3"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (["a", "b"], "a\nb"),
        ([{"title": "x", "paragraphs": ["a", "b"]}, {"paragraphs": ["c"]}], "a\nb\n\nc"),
        ([{"text": "a"}, {"text": ""}, {"text": "b"}], "a\n\nb"),
        ({"items": [{"text": "a", "id": 3}, {"text": ["b", "c"]}]}, "a\nb\nc"),
        ({"paragraphs": [{"by": "x"}, ["y", ["z"]]]}, "x\ny\nz"),
        (["a", {"text": "b"}], "a\n\nb"),
        ({"text": "a"}, "a"),
    ],
)
def test_json(data, text, tmp_path):
    path = tmp_path / "records.json"
    path.write_text(json.dumps(data))
    assert load_text(path) == text


@needs_shared
def test_tang_poems():
    text = load_text(SHARED / "tang300.json")
    poems = json.loads((SHARED / "tang300.json").read_text("utf-8"))
    assert len(text.split("\n\n")) == len(poems)
    assert text.split("\n\n")[0] == "\n".join(poems[0]["paragraphs"])
    assert text.split("\n\n")[-1] == "\n".join(poems[-1]["paragraphs"])


@needs_shared
@pytest.mark.parametrize("name", ["tinyshakespeare.txt", "timemachine.txt", "english_french.tsv"])
def test_files_are_read_as_they_are(name):
    assert load_text(SHARED / name) == (SHARED / name).read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "empty.txt must hold text"),
        ("bom.txt", b"\xef\xbb\xbf", "bom.txt must hold text"),
        ("bad.txt", b"ab\xff", "bad.txt must be valid utf-8; received byte 0xff at byte offset 2"),
        ("bad.json", b'[\n"a",,]', "bad.json must be JSON.* line 2, column 5"),
        ("deep.json", b"[" * 100_000, "deep.json must be JSON"),
        ("other.json", b'[{"title": "x"}, 3]', "under 'paragraphs' or 'text'"),
        ("none.json", b"[]", "none.json must hold text"),
        ("blank.json", b'[{"text": []}]', "blank.json must hold strings"),
    ],
)
def test_what_is_no_text_is_refused_by_name(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(KitError, match=message):
        load_text(tmp_path / name)


def test_a_missing_file_and_folders_without_text(tmp_path):
    with pytest.raises(KitError, match="gone must be a file that can be read"):
        load_text(tmp_path / "gone")
    with pytest.raises(KitError, match=r"must hold \*\.txt files; received none"):
        load_text(tmp_path)
    (tmp_path / "a.txt").touch()
    with pytest.raises(KitError, match="1 empty"):
        load_text(tmp_path)
    (tmp_path / "b.txt").write_bytes(b"\xff")
    with pytest.raises(KitError, match=r"b\.txt must be valid utf-8"):
        load_text(tmp_path)


def test_another_encoding(tmp_path):
    (tmp_path / "a.txt").write_bytes("été".encode("latin-1"))
    assert load_text(tmp_path, encoding="latin-1") == "été"


def test_each_file_of_a_folder_is_a_text(tmp_path):
    (tmp_path / "b.txt").write_bytes("\ufeffone\r\ntwo".encode())
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress("\ufeffthree\n".encode()))
    (tmp_path / "c.txt").touch()
    stream = texts(tmp_path)
    assert list(stream) == list(stream) == ["three\n", "one\ntwo"]
    assert stream.skipped == 1
    assert list(texts(tmp_path, by="line")) == ["three", "one", "two"]
    assert list(stream.pieces(4)) == [
        ("thre", False),
        ("e\n", True),
        ("one\n", False),
        ("two", True),
    ]
    assert load_text(tmp_path) == "three\none\ntwo"


def test_a_column_of_what_has_none(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    for path in (tmp_path, tmp_path / "a.txt"):
        with pytest.raises(KitError, match=r"text_column is for tables .* JSON and data sets"):
            list(texts(path, text_column="text"))


@needs_shared
@pytest.mark.parametrize("name", ["tinyshakespeare.txt", "timemachine.txt", "english_french.tsv"])
def test_files_by_line_and_in_pieces(name):
    text = load_text(SHARED / name)
    lines = text.removesuffix("\n").split("\n")
    stream = texts(SHARED / name, by="line")
    assert list(stream) == [line for line in lines if line]
    assert stream.skipped == lines.count("")
    pieces = list(texts(SHARED / name).pieces(10_000))
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece.endswith("\n") and len(piece) > 8000 for piece, _ in pieces[:-1])
