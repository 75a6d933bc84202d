"""Times training: the kit's layers and train steps beside Keras's and PyTorch's.

Run it with `python -m benchmarks.training`; `NOTES.md` says how to read it. `sections.py` has the
list of what is run, `asked.py` what is asked of it.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from benchmarks.report import Asked, Row, asked_table, check_arguments, chosen_of, noise, progress
from benchmarks.timing import napping_threads, read_json, write_json
from keras_rnn_kit.commands import option, parse, run, starting_quietly

with napping_threads(), starting_quietly():
    import tensorflow as tf

    from benchmarks.sections import SECTIONS, Effort, Table

NAME = "training"
QUICK = Effort(rounds=3, shapes=2, cells=3, repeats=1)  # a look, no figure to quote


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take half an hour on two CPU cores."""

    rounds: int = option(7, "how often each peer is timed")
    only: str | None = option(
        None,
        f"sections to run, with commas between them, of {', '.join(SECTIONS)}; the file keeps what "
        "it has of the others",
    )
    quick: bool = option(
        False, f"the {QUICK.shapes} smallest shapes, {QUICK.cells} cells, {QUICK.rounds} rounds"
    )
    json: str = option("build/benchmarks/training.json", "the file to write, after each section")


def main(argv: Sequence[str] | None = None) -> int:
    """Checks that all peers agree, times them, prints tables and writes the JSON."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    check_arguments(config.rounds, config.json)
    chosen = chosen_of(config.only, list(SECTIONS), "sections")
    tf.get_logger().setLevel("ERROR")  # many functions are traced here, on purpose
    effort = Effort(config.rounds)
    if config.quick:
        effort = dataclasses.replace(QUICK, rounds=min(config.rounds, QUICK.rounds))

    sections = read_json(config.json, NAME).get("sections", {}) if config.only else {}
    everything: list[Table] = []
    for name in chosen:
        progress(f"--- {name}")
        tables = SECTIONS[name](effort)
        for table in tables:
            print(f"## {table.title[0].upper()}{table.title[1:]}\n\n{table.text}\n", flush=True)
        everything += tables
        sections[name] = section_json(tables, effort, config.quick)
        write_json(config.json, {"benchmark": NAME, "sections": sections})

    asked: list[Asked] = [one for table in everything for one in table.asked]
    timed = [row for table in everything for row in table.rows if isinstance(row, Row)]
    print(f"{noise(timed)}\n\n## Asked\n\n{asked_table(asked)}\n")
    print(f"Wrote {config.json}")
    return 0


def section_json(tables: Sequence[Table], effort: Effort, quick: bool) -> dict[str, Any]:
    """A section as the file has it; `rounds` and `quick` with each, since they may differ."""
    return {
        "quick": quick,
        "rounds": effort.rounds,
        "tables": {table.title: [row.to_json() for row in table.rows] for table in tables},
        "asked": [one.to_json() for table in tables for one in table.asked],
    }


if __name__ == "__main__":
    run(main)
