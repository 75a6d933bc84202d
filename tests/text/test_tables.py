import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import read_labelled


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


GOOD = (["fine", "dull"], ["pos", "neg"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tsv", "label\ttext\npos\tfine\nneg\tdull\n"),
        ("t.tsv", "text\tlabel\r\nfine\tpos\r\ndull\tneg"),
        ("t.tsv", "Sentence\tSentiment\nfine\tpos\n\ndull\t neg \n"),
        ("t.tsv", "\ufefflabel\twhatever\npos\tfine\nneg\tdull\n"),
        ("t.tsv", "id\treview\tdate\tclass\n1\tfine\t-\tpos\n2\tdull\t-\tneg\n"),
        ("t.csv", 'label,text\npos,"fine"\nneg,dull\n'),
        ("T.CSV", "review,sentiment\r\nfine,pos\r\ndull,neg\r\n"),
    ],
)
def test_columns_are_found_by_name(name, content, tmp_path):
    assert read_labelled(written(tmp_path, name, content)) == GOOD


def test_columns_can_be_named(tmp_path):
    path = written(tmp_path, "t.csv", "a,b,label\nfine,pos,1\ndull,neg,2\n")
    assert read_labelled(path, text_column="a", label_column="b") == GOOD
    assert read_labelled(path, text_column="a")[1] == ["1", "2"]


@pytest.mark.parametrize(
    "content",
    ["1\ta film\n0\tno film\n1\tmore\n", "a film\t1\nno film\t0\nmore\t1\n"],
)
def test_without_a_header_the_labels_are_the_fewer(content, tmp_path):
    path = written(tmp_path, "t.tsv", content)
    assert read_labelled(path) == (["a film", "no film", "more"], ["1", "0", "1"])


def test_without_a_header_and_all_different_the_labels_are_the_shorter(tmp_path):
    path = written(tmp_path, "t.tsv", "a film\t1\nno film\t0\n")
    assert read_labelled(path) == (["a film", "no film"], ["1", "0"])


def test_quotes_are_nothing_special_in_tsv(tmp_path):
    path = written(tmp_path, "t.tsv", 'label\ttext\npos\t"so" good\nneg\t"a, b\n')
    assert read_labelled(path) == (['"so" good', '"a, b'], ["pos", "neg"])


def test_csv_with_quotes_commas_newlines_and_u0085(tmp_path):
    path = written(tmp_path, "t.csv", 'label,text\npos,"a, ""b""\nc\x85d"\nneg,e\u2028f\x85\n')
    assert read_labelled(path) == (['a, "b"\nc\x85d', "e\u2028f\x85"], ["pos", "neg"])


def test_ten_megabytes_in_a_cell_and_the_limit_is_put_back(tmp_path):
    before = csv.field_size_limit()
    long = "x" * 10_000_000
    for name, sign in (("t.csv", ","), ("t.tsv", "\t")):
        path = written(tmp_path, name, f"label{sign}text\npos{sign}{long}\n")
        assert read_labelled(path) == ([long], ["pos"])
    assert csv.field_size_limit() == before


def test_an_empty_text_is_kept(tmp_path):
    path = written(tmp_path, "t.tsv", "label\ttext\npos\t\nneg\tdull\n")
    assert read_labelled(path) == (["", "dull"], ["pos", "neg"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.tsv", "", "must hold rows"),
        ("t.csv", "", "must hold rows"),
        ("t.tsv", "label\ttext\n", "below its header"),
        ("t.tsv", "label\ttext\npos\tfine\nneg\n", r"t\.tsv, line 3: .*2 columns; received 1"),
        ("t.tsv", "label\ttext\npos\tfine\tmore\n", "line 2: .* received 3"),
        ("t.csv", 'label,text\npos,"a\nb"\nneg\n', r"t\.csv, line 4: .*received 1"),
        ("t.tsv", "1\tone film\n0\ttwo films\n1\n", "line 3"),
        ("t.tsv", "label\ttext\n \tfine\n", "line 2: every row must have a label"),
        ("t.csv", 'label,text\npos,"a\n', "must be valid CSV"),
        ("t.csv", 'label,text\npos,"a"b\n', "line 2: the file must be valid CSV"),
        ("t.tsv", "text\tverdict\nfine\tpos\n", "label column .* received the columns 'text', 'v"),
        ("t.tsv", "a\tb\tc\n1\t2\t3\n", "first row 'a', 'b', 'c'"),
        ("t.tsv", "one\n", "two columns; received the first row 'one'"),
        ("t.tsv", "label\ta\tb\n1\t2\t3\n", "text column .* columns 'label', 'a', 'b'"),
        ("t.tsv", "x\ty\n", "which of its two columns"),
        ("t.tsv", b"label\ttext\npos\t\xe9\n", r"must be valid utf-8.*offset 15 \(line 2\)"),
    ],
)
def test_wrong_tables_are_placed(name, content, message, tmp_path):
    with pytest.raises(KitError, match=message) as caught:
        read_labelled(written(tmp_path, name, content))
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label_column": "verdict"}, "label column 'verdict'; received the columns 'label', 'te"),
        ({"text_column": "body"}, "text column 'body'; received the columns"),
        ({"text_column": "label"}, "two columns; received 'label' for both"),
    ],
)
def test_named_columns_must_be_there(columns, message, tmp_path):
    path = written(tmp_path, "t.tsv", "label\ttext\npos\tfine\n")
    with pytest.raises(KitError, match=message):
        read_labelled(path, **columns)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff"))


@settings(deadline=None)
@given(st.lists(cells, min_size=1))
def test_what_the_csv_module_writes_is_read(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", "text"])
        writer.writerows(["a", text] for text in texts)
    assert read_labelled(path) == (texts, ["a"] * len(texts))
