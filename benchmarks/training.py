"""Times training: the kit's SimpleRNN beside Keras's, the layer alone and the whole fit step.

Run it with `python -m benchmarks.training`; `NOTES.md` says how to read it. What is compared is
made in `layer_step.py` and `fit_step.py`.
"""

import dataclasses
from collections.abc import Sequence

from benchmarks import grid
from benchmarks.report import (
    Asked,
    Row,
    asked_table,
    at_least,
    check_arguments,
    noise,
    progress,
    rows_table,
)
from benchmarks.timing import write_json
from keras_rnn_kit.commands import option, parse, run, starting_quietly

with starting_quietly():
    import tensorflow as tf

    from benchmarks import fit_step, layer_step

QUICK_SHAPES, QUICK_ROUNDS = 2, 3  # a look, no figure to quote

LAYER = "layer alone, forward and backward"
MASKED = "layer alone, right-padded with a mask"
FIT = "one step of fit, character model"


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take some minutes on two CPU cores."""

    rounds: int = option(15, "how often each peer is timed")
    quick: bool = option(False, f"the {QUICK_SHAPES} smallest shapes, {QUICK_ROUNDS} rounds")
    json: str = option("build/benchmarks/training.json", "the file to write")


def main(argv: Sequence[str] | None = None) -> int:
    """Checks that all peers agree, times them, prints tables and writes the JSON."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    check_arguments(config.rounds, config.json)
    tf.get_logger().setLevel("ERROR")  # many functions are traced here, on purpose
    shapes = grid.TRAINING[: QUICK_SHAPES if config.quick else None]
    rounds = min(config.rounds, QUICK_ROUNDS) if config.quick else config.rounds

    sections: dict[str, list[Row]] = {LAYER: [], MASKED: [], FIT: []}
    for section, rows in sections.items():
        for shape in shapes:
            if section == FIT:
                row = fit_step.fit_row(shape, rounds=rounds)
            else:
                row = layer_step.layer_row(shape, masked=section == MASKED, rounds=rounds)
            rows.append(row)
            progress(f"{section}: {row}")

    peers = layer_step.PEERS  # the fit step's are among them
    for section, rows in sections.items():
        print(f"## {section[0].upper()}{section[1:]}\n\n{rows_table(rows, peers)}\n")
    everything = [row for rows in sections.values() for row in rows]
    asked = asked_of(sections)
    print(f"{noise(everything)}\n\n## Asked\n\n{asked_table(asked)}\n")
    write_json(
        config.json,
        {
            "benchmark": "training",
            "quick": config.quick,
            "rounds": rounds,
            "sections": {name: [row.to_json() for row in rows] for name, rows in sections.items()},
            "asked": [one.to_json() for one in asked],
        },
    )
    print(f"Wrote {config.json}")
    return 0


def asked_of(sections: dict[str, list[Row]]) -> list[Asked]:
    """No shape slower than Keras as it comes, and half as fast again at one of them."""
    peer, asked = layer_step.AS_IT_COMES, []
    for section, rows in sections.items():
        ratios = {row.case["B, T, E, H"]: row.ratio(peer) for row in rows}
        asked += at_least(f"{section}: {peer} / kit, every shape", 1.0, ratios)
    for section in (LAYER, FIT):
        at = str(grid.TRAINING_ASKED)
        there = [row for row in sections[section] if row.case["B, T, E, H"] == at]
        for row in there:
            asked += at_least(f"{section}: {peer} / kit at ({at})", 1.5, {"": row.ratio(peer)})
    return asked


if __name__ == "__main__":
    run(main)
