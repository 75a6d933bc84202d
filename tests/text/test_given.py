"""Texts that a command was given."""

import io

from keras_rnn_kit.text.given import given_texts


def test_arguments_come_first_then_the_lines_of_a_file(tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("one\ntwo\n\nfour\n", encoding="utf-16")
    given = list(given_texts(["a", "b"], str(file), "utf-16", together=3))
    assert given == [["a", "b"], ["one", "two", ""], ["four"]]
    assert list(given_texts([], None)) == []


def test_standard_input_that_is_no_file_of_the_system_s_is_read_line_by_line(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(b"one\ntwo\n"))
    monkeypatch.setattr("sys.stdin", stream)
    assert list(given_texts([], "-")) == [["one", "two"]]
