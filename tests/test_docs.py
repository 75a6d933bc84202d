"""The pages in docs/ do what they say: their code runs, from top to bottom, as pasted."""

import importlib.util
import json
import re
import sys
import types
import xml.dom.minidom
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks_of(page: str) -> list[str]:
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def own_cell(tmp_path_factory):
    """What the page leaves behind, run in an empty folder as a module of its own."""
    module = types.ModuleType("your_own_cell")
    sys.modules["your_own_cell"] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("docs"))
        for block in blocks_of("your_own_cell.md"):
            exec(compile(block, "your_own_cell.md", "exec"), module.__dict__)
        yield module.__dict__
    del sys.modules["your_own_cell"]


def test_the_cell_takes_some_twenty_lines():
    lines = [line for line in blocks_of("your_own_cell.md")[0].splitlines() if line.strip()]
    assert len(lines) <= 20


def test_it_learns(own_cell):
    history = own_cell["history"].history
    assert history["loss"][-1] < history["loss"][0]


def test_it_runs_on_the_engine_as_in_kerass_loop(own_cell):
    import keras

    cell = own_cell["model"].layers[1].cell
    mask = np.arange(20) < 12
    mask = np.broadcast_to(mask, (256, 20))
    stock = keras.layers.RNN(cell)(own_cell["x"], mask=mask)
    # float32 results of size 1 of the same products, in another order.
    ours = own_cell["RNN"](cell)(own_cell["x"], mask=mask)
    np.testing.assert_allclose(ours, stock, rtol=0, atol=1e-5)


def test_the_layer_has_the_cells_arguments(own_cell):
    layer = own_cell["Leaky"](4, leak=0.5)
    assert (layer.leak, layer.name.startswith("leaky")) == (0.5, True)
    assert own_cell["outputs"].shape == (256, 20, 16)


def test_the_export_is_one_scan(own_cell):
    operators = [node.op_type for node in own_cell["exported"].graph.node]
    assert operators.count("Scan") == 1
    assert "Loop" not in operators


def test_serving(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found: dict = {}
    for block in blocks_of("serving.md"):
        exec(compile(block, "serving.md", "exec"), found)
    assert found["signatures"] == ["serve", "serve_text"]
    assert set(found["served"]) == {"serve", "serve_text", "serving_default"}
    assert found["logits"].shape == (2, 2)
    assert set(found["loaded"].bundle.spec.measured) == {"figure", "on", "float32", "int8"}
    assert [len(text) for text in found["texts"]] == [20, 20]
    encoder = found["loaded"].encoder
    for prompt, row, length in zip(found["prompts"], found["ids"], found["lengths"], strict=True):
        assert row[:length].tolist() == encoder.encode(prompt).tolist()
    assert found["texts"] == [encoder.decode(row) for row in found["generated"].tolist()]
    assert found["y"].shape == (1, 10, 1)
    # As the page's request has it.
    page = (DOCS / "serving.md").read_text(encoding="utf-8")
    request = json.loads(re.search(r"-d '(.*)'", page)[1])
    signature = found["served"][request["signature_name"]]
    assert set(request["inputs"]) == set(signature.structured_input_signature[1])


def test_the_page_on_text_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("text_page")
    for block in blocks_of("text.md"):
        exec(compile(block, "text.md", "exec"), module.__dict__)
    out = capsys.readouterr().out
    assert "['zyzzyva']" in out
    assert "see & read 0 pages" in " ".join(out.split())
    assert "[64, 100]" in out
    assert (tmp_path / "corpus" / "corpus.json").is_file()
    inputs, targets, weights = (
        np.asarray(part) for part in (module.inputs, module.targets, module.weights)
    )
    assert inputs.shape == targets.shape == weights.shape == (32, 20)
    assert len(module.texts_left) == len(module.labels_left)


def run_page(page, folder):
    """What the page leaves behind, run in an empty folder."""
    found: dict = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in blocks_of(page):
            exec(compile(block, page, "exec"), found)
    return found


def test_the_page_on_recurrence(tmp_path, capsys):
    found = run_page("recurrence.md", tmp_path)
    shapes, count, names = capsys.readouterr().out.splitlines()
    assert shapes == "(2, 7, 4) (2, 7, 5)"
    assert count == "True"
    assert "initial_state_0" in names
    assert found["one"].shape == (2, 4)


def test_the_page_on_backpropagation_through_time(tmp_path, capsys):
    found = run_page("backpropagation_through_time.md", tmp_path)
    lines = capsys.readouterr().out.splitlines()
    norms = {tuple(line.split()[:2]): float(line.split()[2]) for line in lines[1:7]}
    for radius in ("0.9", "1.0", "1.2"):
        assert norms["tanh", radius] < norms["linear", radius]
    assert norms["linear", "1.2"] > 1e7
    assert found["far"] < 1e-3
    off = [float(line.split()[1]) for line in lines[8:11]]
    assert off == sorted(off, reverse=True), "the longer the stretches, the nearer"
    # 500 draws: the mean is some √500 = 22 times as near as one of them.
    assert found["error_of_mean"] < found["error_of_one"] / 10
    perplexity = float(lines[-1].split()[1].rstrip(","))
    assert perplexity < found["V"] / 2


@pytest.mark.parametrize("figure", ["unfolding.svg", "computational_graph.svg"])
def test_a_figure_is_what_its_code_draws(figure):
    spec = importlib.util.spec_from_file_location("figures", DOCS / "figures.py")
    figures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(figures)
    drawn = figures.FIGURES[figure]()
    assert (DOCS / figure).read_text(encoding="utf-8") == drawn
    xml.dom.minidom.parseString(drawn)
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    assert f"({figure})" in pages, "a page shows it"
