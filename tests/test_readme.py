"""The README's script is run as it stands: what a newcomer pastes has to work."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def first_script() -> str:
    return re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]


def test_the_script_has_ten_lines():
    assert len([line for line in first_script().splitlines() if line.strip()]) == 10


def test_the_script_works_when_pasted(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", first_script()],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "bundle" / "step.onnx").is_file()
    assert "perplexity" in done.stdout  # the progress lines of fit
    assert len(done.stdout) - done.stdout.rindex("perplexity") > 200  # and the text behind them


def test_every_folder_of_the_package_is_on_the_map():
    folders = {path.parent.name for path in (ROOT / "keras_rnn_kit").glob("*/__init__.py")}
    named = set(re.findall(r"\| `keras_rnn_kit/(\w+)` \|", README))
    assert folders == named


def test_every_command_named_is_there():
    for package, script in re.findall(r"python -m (recipes|export|benchmarks)\.(\w+)", README):
        assert (ROOT / package / f"{script}.py").is_file(), f"{package}.{script}"


def test_every_table_of_figures_names_its_command():
    figures = README[README.index("## Figures") : README.index("## Limits")]
    for paragraph in re.findall(r"([^\n|]+)\n\n\|", figures):
        assert "python -m" in paragraph, paragraph
