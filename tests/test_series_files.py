"""Columns of numbers from tables."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.series_files import read_series, written


def test_columns_in_the_order_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text('day, high ,"low"\n1,10,-1.5\n2,1e1,NA\n\n3, ,+2\n', encoding="utf-8")
    points = read_series(path, ["low", "high"])
    np.testing.assert_array_equal(points, [[-1.5, 10], [np.nan, 10], [2, np.nan]])


def test_the_only_column_and_packed_tabs(tmp_path: Path) -> None:
    path = tmp_path / "one.tsv.gz"
    path.write_bytes(gzip.compress(b"x\n1\n2\n"))
    assert read_series(path).tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,b\n1,2\n", None, "received several among 'a', 'b'"),
        ("a,b\n1,2\n", ["c"], "received no column 'c' among 'a', 'b'"),
        ("a,b\n1,2\n3,x\n", ["b"], "line 3: the column 'b' must hold numbers.*received 'x'"),
        ("a,b\n1,2\n3\n", ["b"], "line 3: every row must have 2 columns"),
        ("a\n", None, "rows below its header"),
        ("", None, "an empty file"),
    ],
)
def test_tables_that_it_refuses(
    text: str, columns: list[str] | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(KitError, match=message):
        read_series(path, columns)


def test_files_that_it_refuses(tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"read from \.tsv or \.csv"):
        read_series(tmp_path / "series.xlsx")
    with pytest.raises(KitError, match=r"series\.csv"):
        read_series(tmp_path / "series.csv")


def test_a_table_that_is_written() -> None:
    lines = list(written(["step", "x"], [[1, 0.1], [2, 1234567.0]]))
    assert lines == ["step,x", "1,0.1", "2,1.23457e+06"]
