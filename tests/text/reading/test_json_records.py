import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import labelled_texts, load_labelled, load_text, texts
from tests.text.shared import AWKWARD


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


RECORDS = [
    ({"text": "a"}, "a"),
    ({"title": "x", "paragraphs": ["a", ["b"]], "year": 3}, "a\nb"),
    ({"inside": [{"text": "a"}, {"text": "b"}]}, "a\nb"),
    ("just a string", "just a string"),
    ({"text": "a\r\nb\x85c\0"}, "a\r\nb\x85c\0"),
    ({"text": "\ud800"}, "\ud800"),
]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n"])
def test_a_record_a_line(ending, tmp_path):
    lines = [json.dumps(record) + ending for record, _ in RECORDS]
    for name in ("a.jsonl", "a.NDJSON"):
        stream = texts(written(tmp_path, name, "\ufeff" + "".join(lines)))
        assert list(stream) == list(stream) == [text for _, text in RECORDS]
        assert stream.skipped == (len(RECORDS) if ending == "\n\n" else 0)
    assert load_text(tmp_path / "a.jsonl") == "\n\n".join(text for _, text in RECORDS)


def test_records_of_a_file(tmp_path):
    path = written(tmp_path, "a.json", json.dumps([{"text": "a\nb"}, {"no": 1}, None, "c"]))
    stream = texts(path)
    assert list(stream) == ["a\nb", "c"]
    assert stream.skipped == 2
    stream = texts(written(tmp_path, "b.json", '["a\\nb", "", "c"]'), by="line")
    assert list(stream) == ["a", "b", "c"]


def test_empty_records_are_counted(tmp_path):
    lines = ['{"text": ""}', "", "  ", '{"text": null}', '{"text": []}', '{"text": "a"}', '""']
    stream = texts(written(tmp_path, "a.jsonl", "\n".join(lines)))
    assert list(stream) == ["a"]
    assert stream.skipped == 6
    assert load_text(tmp_path / "a.jsonl") == "a"


def test_a_named_key(tmp_path):
    records = [{"text": "no", "body": "yes"}, {"text": "no", "body": ["on", "e"]}]
    path = written(tmp_path, "a.jsonl", "\n".join(map(json.dumps, records)))
    assert list(texts(path, text_column="body")) == ["yes", "on\ne"]
    path = written(tmp_path, "a.json", json.dumps(records))
    assert list(texts(path, text_column="body")) == ["yes", "on\ne"]


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts(text, tmp_path):
    path = written(
        tmp_path, "a.jsonl", json.dumps({"text": text, "label": "x"}, ensure_ascii=False)
    )
    assert load_labelled(path) == ([text], ["x"])


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1))
def test_any_texts_come_back(tmp_path_factory, some):
    folder = tmp_path_factory.mktemp("json")
    lines = "".join(json.dumps({"text": text, "label": 0}) + "\n" for text in some)
    (folder / "a.jsonl").write_text(lines)
    (folder / "a.json").write_text(json.dumps([{"text": text, "label": 0} for text in some]))
    for name in ("a.json", "a.jsonl"):
        assert load_labelled(folder / name) == (some, ["0"] * len(some))
        if any(some):
            assert list(texts(folder / name)) == [text for text in some if text]


def test_labels(tmp_path):
    labels = [(" pos ", "pos"), (1, "1"), (0, "0"), (0.5, "0.5"), (True, "true"), (False, "false")]
    records = [{"Sentiment": label, "review": f"{i}"} for i, (label, _) in enumerate(labels)]
    found = [(f"{i}", name) for i, (_, name) in enumerate(labels)]
    path = written(tmp_path, "a.json", json.dumps(records))
    assert list(labelled_texts(path)) == found
    path = written(tmp_path, "a.jsonl", "\n\n".join(map(json.dumps, records)))
    stream = labelled_texts(path)
    assert list(stream) == list(stream) == found
    assert stream.skipped == len(labels) - 1
    path = written(tmp_path, "b.jsonl", '{"a": "x", "b": ["y", "z"], "label": 3, "text": "t"}')
    assert load_labelled(path, label_column="a", text_column="b") == (["y\nz"], ["x"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "a"}\n{"text": \n', "a.jsonl must be JSON lines; .* line 2, column"),
        ("a.jsonl", '{"text": "a"} {}', "line 1, column 15 .Extra data"),
        ("a.jsonl", '{"text": "a"}\n\n{"title": "b"}', "a.jsonl, line 3 must hold strings under"),
        ("a.jsonl", '{"text": "a"}\n3', "a.jsonl, line 2 must hold strings under"),
        ("a.jsonl", '{"text": "a"}\nnull', "a.jsonl, line 2 must hold strings under"),
        ("a.jsonl", "[" * 100_000, "a.jsonl, line 1 must be JSON of records; .*too deep"),
        ("a.jsonl", '{"text": "a"}\n\xff'.encode("latin-1"), r"offset 14 \(line 2\)"),
        ("a.jsonl", "", "a.jsonl must hold text; received none"),
        ("a.jsonl", "\n\n", "a.jsonl must hold text; received 2 empty documents alone"),
    ],
)
def test_wrong_lines_are_placed(name, content, message, tmp_path):
    with pytest.raises(KitError, match=message):
        list(texts(written(tmp_path, name, content)))


def test_what_is_before_a_wrong_line_comes_first(tmp_path):
    stream = iter(texts(written(tmp_path, "a.jsonl", '"one"\n"two"\n{')))
    assert [next(stream), next(stream)] == ["one", "two"]
    with pytest.raises(KitError, match="line 3, column 2"):
        next(stream)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text": "a"}]', "record 1 must be an object with the text key 'body'"),
        ('[{"body": "a"}, {"text": "a"}]', "record 2 must be an object with the text key 'body'"),
        ('["a"]', "record 1 must be an object with the text key 'body'"),
        ("[]", "must be an object with the text key 'body'"),
    ],
)
def test_a_key_that_is_not_there(content, message, tmp_path):
    with pytest.raises(KitError, match=message):
        list(texts(written(tmp_path, "a.json", content), text_column="body"))


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ('{"text": "a", "label": 1}\n{"text": "a"}', {}, "line 2 must have a label column named"),
        ('{"text": "a", "label": ""}', {}, 'line 1 must have a label, .* received ""'),
        ('{"text": "a", "label": null}', {}, "line 1 must have a label, .* received null"),
        ('{"text": "a", "label": [1]}', {}, r"line 1 must have a label, .* received \[1\]"),
        ('{"label": 1}', {}, "line 1 must have a text column named"),
        ('{"text": "a", "label": 1}', {"label_column": "x"}, "line 1 must have the label column"),
        ('{"text": "a", "label": 1}', {"text_column": "x"}, "line 1 must have the text column 'x'"),
        ('"a"', {}, 'line 1 must be an object with a text and a label; received "a"'),
    ],
)
def test_wrong_labelled_records(content, columns, message, tmp_path):
    with pytest.raises(KitError, match=message):
        load_labelled(written(tmp_path, "a.jsonl", content), **columns)


def test_an_empty_labelled_file(tmp_path):
    for name, content in (("a.json", "[]"), ("a.jsonl", "\n")):
        with pytest.raises(KitError, match=f"{name} must hold records; received none"):
            load_labelled(written(tmp_path, name, content))


def test_records_nested_as_deep_as_the_reader_goes(tmp_path):
    path = written(tmp_path, "a.jsonl", '{"text": ' + "[" * 900 + '"a"' + "]" * 900 + "}")

    def read():
        try:
            return list(texts(path))
        except KitError as error:
            return str(error)

    assert read() == ["a"] or "nested too deep. Flatten them" in read()
