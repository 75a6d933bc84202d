import sys

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import python_manual
from keras_rnn_kit.text.by_label import texts_by_label
from tests.text.shared import SHARED, needs_shared


def test_parts_of_the_manual_have_nothing_in_common():
    texts = texts_by_label("python-docs")
    assert list(texts) == ["statements", "objects", "containers", "strings"]
    manual = python_manual()
    for label, text in texts.items():
        assert len(text) > 30_000
        assert text[:500] in manual
        lines = {line for line in text.splitlines() if len(line) > 60}
        others = "".join(other for name, other in texts.items() if name != label)
        # A few long lines, such as notes of versions, may stand in two topics.
        assert sum(line in others for line in lines) < 0.01 * len(lines)


def test_a_python_without_its_manual(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(KitError, match="pydoc_data"):
        texts_by_label("python-docs")


def test_files_and_folders(tmp_path):
    (tmp_path / "verse.txt").write_text("roses are red", encoding="utf-8")
    (tmp_path / "prose.txt").write_text("it was\r\na night", encoding="utf-8")
    (tmp_path / ".hidden").write_text("no", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    assert texts_by_label(tmp_path) == {"prose": "it was\na night", "verse": "roses are red"}
    given = f"b={tmp_path}/verse.txt, a = {tmp_path}/prose.txt"
    assert texts_by_label(given, characters=4) == {"b": "rose", "a": "it w"}
    assert list(texts_by_label(given)) == ["b", "a"]


@needs_shared
def test_the_texts_that_are_shared():
    given = f"tang={SHARED}/tang300.json,wells={SHARED}/timemachine.txt"
    texts = texts_by_label(given, characters=5000)
    assert {label: len(text) for label, text in texts.items()} == {"tang": 5000, "wells": 5000}


@pytest.mark.parametrize(
    ("files", "source", "message"),
    [
        (["a.txt"], "{}", "must have two labels or more; received 1 in"),
        (["a.txt", "a.md"], "{}", "each label has one text; received two of 'a'"),
        (["a.txt"], "x={0}/a.txt,x={0}/a.txt", "received two of 'x'"),
        (["a.txt"], "x={0}/a.txt,{0}/a.txt", "must be given as LABEL=FILE,LABEL=FILE; received"),
        (["a.txt"], "={0}/a.txt,b={0}/a.txt", "must be given as LABEL=FILE"),
        (["a.txt"], "{}/a.txt", "received .*a.txt, which is none of them"),
        (["a.txt"], "x={0}/a.txt,y={0}/b.txt", "b.txt"),
    ],
)
def test_what_it_refuses(files, source, message, tmp_path):
    for name in files:
        (tmp_path / name).write_text("text", encoding="utf-8")
    with pytest.raises(KitError, match=message):
        texts_by_label(source.format(tmp_path))


def test_characters_are_a_number():
    with pytest.raises(KitError, match="characters must be a positive integer"):
        texts_by_label("python-docs", characters=0)
