"""Measures every cell and writes `docs/cells.md`: size, speed, the adding problem, a text.

Run it with `python -m benchmarks.cells --text tinyshakespeare.txt`. What is measured is made in
`cell_lines.py`, the page in `cells_page.py`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.cells_page import cells_page
from benchmarks.report import check_arguments, chosen_of, progress
from benchmarks.timing import machine_facts, read_json, write_json
from keras_rnn_kit.commands import option, parse, run, starting_quietly
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import write_beside

with starting_quietly():
    import tensorflow as tf

    from benchmarks import adding_problem, cell_lines, grid, small_language_model
    from benchmarks.cell_step import named_layers

NAME = "cells"
MISSING = "missing"
JSON, PAGE = "build/benchmarks/cells.json", "docs/cells.md"
QUICK_JSON, QUICK_PAGE = "build/benchmarks/quick/cells.json", "build/benchmarks/quick/cells.md"


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take a quarter of an hour on two CPU cores."""

    text: str | None = option(None, "a text file for the language model; without it no such column")
    only: str | None = option(
        None,
        "layers to measure, with commas between them; the others keep the lines that the JSON file "
        f"has. '{MISSING}' stands for those that it lacks",
    )
    rounds: int = option(7, "how often each step is timed")
    quick: bool = option(False, f"a few steps each, to {QUICK_PAGE}; no figure to quote")
    json: str | None = option(None, f"the file with the lines, saved after each (default: {JSON})")
    page: str | None = option(None, f"the page to write (default: {PAGE})")


def main(argv: Sequence[str] | None = None) -> int:
    """Measures cell by cell, saves after each, and writes the page."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    json = config.json or (QUICK_JSON if config.quick else JSON)
    page = Path(config.page or (QUICK_PAGE if config.quick else PAGE))
    check_arguments(config.rounds, json)
    tf.get_logger().setLevel("ERROR")  # many functions are traced here, on purpose
    plan = plan_of(config)
    corpus, settings = plan.corpus(), plan.to_json()

    layers = named_layers()
    lines = kept_lines(json, settings) if config.only else {}
    only = config.only
    if only == MISSING:
        chosen = [name for name in layers if name not in lines]
    else:
        more = f", or '{MISSING}'"
        chosen = chosen_of(only, list(layers), "layers of one cell", more)
    for name in chosen:
        progress(f"--- {name}")
        lines[name] = cell_lines.line_of(layers[name], plan, corpus)
        write_json(json, {"benchmark": NAME, "settings": settings, "cells": lines})

    in_order = {name: lines[name] for name in layers if name in lines}
    missing = [name for name in layers if name not in lines]
    text = cells_page(settings, in_order, missing, machine_facts())
    page.parent.mkdir(parents=True, exist_ok=True)
    write_beside(page, text.encode())
    print(f"{text}\nWrote {json} and {page}")
    return 0


def plan_of(config: Config) -> cell_lines.Plan:
    """The settings that the options stand for."""
    adding, model = adding_problem.Settings(), small_language_model.Settings()
    if config.quick:
        adding = dataclasses.replace(adding, steps=20, validation=64)
        model = dataclasses.replace(model, steps=5)
    return cell_lines.Plan(grid.CELLS[0], config.rounds, adding, model, config.text)


def kept_lines(json: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The lines that the file has; none where there is no such file.

    Raises:
        KitError: they were measured with other settings, and don't belong on one page with these.
    """
    payload = read_json(json, NAME)
    had = payload.get("settings", settings)
    other = [key for key in settings if had.get(key) != settings[key]]
    if other:
        raise KitError(
            f"--only adds to lines that were measured with the same settings; received {json}, "
            f"which differs in {', '.join(other)}. Pass the same options as there (--text too), or "
            "measure all cells anew without --only."
        )
    return dict(payload.get("cells", {}))


if __name__ == "__main__":
    run(main)
