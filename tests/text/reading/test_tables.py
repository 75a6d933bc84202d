import csv
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import labelled_texts, load_labelled, texts
from keras_rnn_kit.text.reading import decoding
from keras_rnn_kit.text.reading.tables import LOOKED_AT


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
    assert load_labelled(written(tmp_path, name, content)) == GOOD


def test_columns_can_be_named(tmp_path):
    path = written(tmp_path, "t.csv", "a,b,label\nfine,pos,1\ndull,neg,2\n")
    assert load_labelled(path, text_column="a", label_column="b") == GOOD
    assert load_labelled(path, text_column="a")[1] == ["1", "2"]


@pytest.mark.parametrize(
    "content",
    ["1\ta film\n0\tno film\n1\tmore\n", "a film\t1\nno film\t0\nmore\t1\n"],
)
def test_without_a_header_the_labels_are_the_fewer(content, tmp_path):
    path = written(tmp_path, "t.tsv", content)
    assert load_labelled(path) == (["a film", "no film", "more"], ["1", "0", "1"])


def test_without_a_header_and_all_different_the_labels_are_the_shorter(tmp_path):
    path = written(tmp_path, "t.tsv", "a film\t1\nno film\t0\n")
    assert load_labelled(path) == (["a film", "no film"], ["1", "0"])


def test_quotes_are_nothing_special_in_tsv(tmp_path):
    path = written(tmp_path, "t.tsv", 'label\ttext\npos\t"so" good\nneg\t"a, b\n')
    assert load_labelled(path) == (['"so" good', '"a, b'], ["pos", "neg"])


def test_csv_with_quotes_commas_newlines_and_u0085(tmp_path):
    path = written(tmp_path, "t.csv", 'label,text\npos,"a, ""b""\nc\x85d"\nneg,e\u2028f\x85\n')
    assert load_labelled(path) == (['a, "b"\nc\x85d', "e\u2028f\x85"], ["pos", "neg"])


def test_ten_megabytes_in_a_cell_and_the_limit_is_put_back(tmp_path):
    before = csv.field_size_limit()
    long = "x" * 10_000_000
    for name, sign in (("t.csv", ","), ("t.tsv", "\t")):
        path = written(tmp_path, name, f"label{sign}text\npos{sign}{long}\n")
        assert load_labelled(path) == ([long], ["pos"])
    assert csv.field_size_limit() == before


def test_an_empty_text_is_kept(tmp_path):
    path = written(tmp_path, "t.tsv", "label\ttext\npos\t\nneg\tdull\n")
    assert load_labelled(path) == (["", "dull"], ["pos", "neg"])


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
        load_labelled(written(tmp_path, name, content))
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
        load_labelled(path, **columns)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ufeff"))


@settings(deadline=None)
@given(st.lists(cells, min_size=1))
def test_what_the_csv_module_writes_is_read(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", "text"])
        writer.writerows(["a", text] for text in texts)
    assert load_labelled(path) == (texts, ["a"] * len(texts))


@settings(deadline=None, max_examples=50)
@given(st.lists(cells, min_size=1), st.integers(1, 7))
def test_tables_are_the_same_in_chunks_of_any_size(tmp_path_factory, some, size):
    folder = tmp_path_factory.mktemp("tables")
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["label", "text"], *(["a", text] for text in some)])
    plain = [text.replace("\t", " ").replace("\n", " ") for text in some]
    rows = "".join(f"{text}\ta\r\n" for text in plain)
    (folder / "t.tsv").write_bytes(f"text\tlabel\r\n{rows}".encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras_rnn_kit.text.files.decoded", chunked(size))
        assert load_labelled(folder / "t.csv") == (some, ["a"] * len(some))
        assert load_labelled(folder / "t.tsv") == (plain, ["a"] * len(some))


def chunked(size):
    return lambda *arguments, **how: decoding.decoded(*arguments, **how, size=size)


def test_a_lone_carriage_return_ends_a_csv_row_and_stays_in_quotes(tmp_path):
    path = written(tmp_path, "t.csv", 'label,text\rpos,"a\rb\r\nc"\rneg,d\n')
    assert load_labelled(path) == (["a\rb\nc", "d"], ["pos", "neg"])


def test_rows_come_before_the_error_below_them(tmp_path):
    for name, content in (
        ("t.tsv", "label\ttext\npos\tfine\nneg\n"),
        ("t.csv", 'label,text\npos,fine\nneg,"dull\n'),
        ("t.csv.gz", gzip.compress(b"label,text\npos,fine\nneg\n")),
    ):
        rows = iter(labelled_texts(written(tmp_path, name, content)))
        assert next(rows) == ("fine", "pos")
        with pytest.raises(KitError, match="line 3"):
            next(rows)


def test_two_tables_at_once_and_one_left_in_the_middle(tmp_path):
    before = csv.field_size_limit(777)
    try:
        path = written(tmp_path, "t.csv", "label,text\n" + "1,a\n0,b\n" * 10)
        first, second = iter(labelled_texts(path)), iter(labelled_texts(path))
        assert [next(first), next(second), next(first)] == [("a", "1"), ("a", "1"), ("b", "0")]
        del first
        assert csv.field_size_limit() == 777
        assert len(list(second)) == 19
    finally:
        csv.field_size_limit(before)


def test_the_first_rows_tell_where_the_labels_are(tmp_path):
    # Later rows have many labels: they are no longer looked at.
    rows = [f"text {i}\t{i % 2}" for i in range(LOOKED_AT)]
    rows += [f"text 0\t{i}" for i in range(2 * LOOKED_AT)]
    found = load_labelled(written(tmp_path, "t.tsv", "\n".join(rows)))
    assert found[1] == [row.split("\t")[1] for row in rows]
    assert found[0] == [row.split("\t")[0] for row in rows]


def test_a_column_of_texts(tmp_path):
    path = written(tmp_path, "t.tsv", "id\tline\n1\tfine\n2\t\n\n3\tdull\n")
    stream = texts(path, text_column="line")
    assert list(stream) == list(stream) == ["fine", "dull"]
    assert stream.skipped == 1
    path = written(tmp_path, "t.csv", 'line,id\n"a\nb",1\nc,2\n')
    assert list(texts(path, text_column="line")) == ["a\nb", "c"]
    assert list(texts(path, text_column="line", by="line")) == ["a", "b", "c"]
    assert list(texts(path)) == ['line,id\n"a\nb",1\nc,2\n']  # as it is
    with pytest.raises(KitError, match=r"t\.csv must have the text column 'text'; received"):
        list(texts(path, text_column="text"))
    path = written(tmp_path, "t.csv", "line,id\nb\n")
    with pytest.raises(KitError, match=r"t\.csv, line 2: every row must have 2 columns"):
        list(texts(path, text_column="line"))
