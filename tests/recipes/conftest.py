"""Small texts and settings, so that a recipe runs in seconds."""

from pathlib import Path

import pytest

SMALL_LM = ["--units", "8", "--embedding", "4", "--seq-length", "10", "--batch-size", "4"]
SMALL_CLASSIFIER = ["--units", "4", "--embedding", "4", "--batch-size", "8", "--min-frequency", "1"]


@pytest.fixture
def plain_text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("To be, or not to be: that is the question.\n" * 40, encoding="utf-8")
    return path


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.tsv"
    rows = [f"positive\ta good film number {k}\nnegative\ta bad film number {k}" for k in range(30)]
    path.write_text("label\ttext\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path
