"""The README's script is run as it stands: what a newcomer pastes has to work."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def first_script() -> str:
    return re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]


def test_the_script_has_ten_lines():
    assert len([line for line in first_script().splitlines() if line.strip()]) == 10


def test_the_script_works_when_pasted(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", first_script()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "val" not in done.stderr.lower() or "error" not in done.stderr.lower()
    assert (tmp_path / "bundle" / "step.onnx").is_file()
    *_, text = done.stdout.strip().split("\n", maxsplit=done.stdout.count("epoch"))
    assert "perplexity" in done.stdout
    assert len(text) >= 100


def test_every_figure_names_its_command():
    # A table with figures stands under a line that gives the command which prints them.
    text = README.read_text(encoding="utf-8")
    for table in re.finditer(r"\n\n([^\n]*)\n\n\|", text):
        assert "python -m" in table[1] or "|" in table[1] or "make" in table[1], table[1]
