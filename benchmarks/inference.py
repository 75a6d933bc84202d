"""Times inference: the kit's ONNX export beside Keras's and the RNN operator, and generation.

Run it with `python -m benchmarks.inference`; `NOTES.md` says how to read it. What is compared is
made in `onnx_graphs.py`, `onnx_runs.py` and `generation.py`.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Literal

from benchmarks import grid
from benchmarks.peers import OURS
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
from benchmarks.timing import table, write_json
from keras_rnn_kit.commands import option, parse, run, starting_quietly

with starting_quietly():
    import tensorflow as tf

    from benchmarks import generation, onnx_graphs, onnx_runs
    from benchmarks.layer_step import GRU, LSTM, SIMPLE_RNN

KINDS = (SIMPLE_RNN, GRU, LSTM)
THREADS = (1, 2)
ALLOWED_SHARE, ALLOWED_MS = 0.05, 0.010  # a kit's run may take so much longer, the larger of both
QUICK_ROUNDS = 5


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take some minutes on two CPU cores."""

    rounds: int = option(25, "how often each peer is timed")
    quick: bool = option(False, f"the smallest shape alone, {QUICK_ROUNDS} rounds")
    output: Literal["logits", "hidden"] = option("logits", "with an output layer on top or without")
    json: str = option("build/benchmarks/inference.json", "the file to write")


def main(argv: Sequence[str] | None = None) -> int:
    """Checks that all peers agree, times them, prints tables and writes the JSON."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    check_arguments(config.rounds, config.json)
    tf.get_logger().setLevel("ERROR")  # many functions are traced here, on purpose
    shapes = grid.INFERENCE[: 1 if config.quick else None]
    rounds = min(config.rounds, QUICK_ROUNDS) if config.quick else config.rounds

    rows = []
    for kind in KINDS:
        for masked, shape in itertools.product((False, True), shapes):
            graphs = onnx_graphs.onnx_graphs(
                shape, masked=masked, logits=config.output == "logits", kind=kind
            )
            for threads in THREADS:
                row = onnx_runs.run_row(
                    graphs,
                    shape,
                    masked=masked,
                    threads=threads,
                    rounds=rounds,
                    layer=kind.name,
                )
                rows.append(row)
                progress(str(row))
    generated = generation.generation_row(rounds=max(1, rounds // 3))
    progress(f"generation: {generated}")

    print(f"## ONNX on CPU, tokens to {config.output}\n\n{rows_table(rows, onnx_graphs.PEERS)}\n")
    print(f"## Generation, one character at a time\n\n{generation_table(generated)}\n")
    asked = [*asked_of(rows), *asked_of_generation(generated)]
    print(f"{noise([*rows, generated])}\n\n## Asked\n\n{asked_table(asked)}\n")
    write_json(
        config.json,
        {
            "benchmark": "inference",
            "quick": config.quick,
            "rounds": rounds,
            "output": config.output,
            "sections": {
                "onnx": [row.to_json() for row in rows],
                "generation": [
                    {**generated.to_json(), "characters_per_second": rates_of(generated)}
                ],
            },
            "asked": [one.to_json() for one in asked],
        },
    )
    print(f"Wrote {config.json}")
    return 0


def asked_of(rows: Sequence[Row]) -> list[Asked]:
    """No case slower than any peer, but for the allowance; factors at one shape."""
    asked = []
    for masked in ("no", "yes"):
        cases = [row for row in rows if row.case["masked"] == masked]
        for name, peers in (
            (onnx_graphs.KERAS_EXPORT, [onnx_graphs.KERAS_EXPORT]),
            ("the RNN operator", list(onnx_graphs.PEERS[2:])),
        ):
            what = f"masked {masked}: beside {name}, every shape and thread count"
            asked += no_slower(what, cases, peers)
    at = str(grid.INFERENCE_ASKED)
    for kind, (masked, factor) in itertools.product(KINDS, (("no", None), ("yes", 2))):
        ratios = {
            f"threads {row.case['threads']}": row.ratio(onnx_graphs.KERAS_EXPORT)
            for row in rows
            if row.case["B, T, E, H"] == at
            and row.case["masked"] == masked
            and row.case["layer"] == kind.name
        }
        if kind is SIMPLE_RNN:
            factor = 3
        if factor is not None:
            what = f"{kind.name}, masked {masked}: {onnx_graphs.KERAS_EXPORT} / kit at ({at})"
            asked += at_least(what, factor, ratios)
    return asked


def no_slower(what: str, rows: Sequence[Row], peers: Sequence[str]) -> list[Asked]:
    """Asked: ours takes no longer than each of the peers; the worst case is named."""
    found = []
    for row in rows:
        for peer in peers:
            theirs, ours, ratio = row.ms(peer), row.ms(OURS), row.ratio(peer)
            if theirs is None or ours is None or ratio is None:
                continue
            allowed = theirs + max(theirs * ALLOWED_SHARE, ALLOWED_MS)
            layer, shape, threads = (row.case[name] for name in ("layer", "B, T, E, H", "threads"))
            case = f"{layer} {shape}, threads {threads}, {peer}"
            found.append((ours / allowed, f"{ratio:.2f} ({case})"))
    if not found:
        return []
    worst, measured = max(found)
    return [Asked(what, "ratio ≥ 1, but for 5% or 10 µs", measured, worst <= 1)]


def generation_table(row: Row) -> str:
    """Characters a second by peer, and how many times as many the kit's `stream` makes."""
    rates = rates_of(row)
    stream = rates[generation.STREAM]
    return table(
        [[p, rates[p], None if p == generation.STREAM else stream / rates[p]] for p in rates],
        ["peer", "characters/s", "kit, stream / peer"],
    )


def asked_of_generation(row: Row) -> list[Asked]:
    """`stream` beside the peers, and the graph that does it all beside `stream`."""
    rates = rates_of(row)
    asked: list[Asked] = []
    for one, other, factor in (
        (generation.STREAM, generation.PREDICT, 1000),
        (generation.STREAM, generation.TRACED, 50),
        (generation.GRAPH, generation.STREAM, 1.8),
        (generation.GRAPH_OF_MANY, generation.STREAM, 10),
    ):
        what = f"characters/s: {one} / {other}"
        asked += at_least(what, factor, {"": rates[one] / rates[other]})
    return asked


def rates_of(row: Row) -> dict[str, float]:
    """Characters a second by peer."""
    return {peer: 1000 / ms for peer in row.times if (ms := row.ms(peer))}


if __name__ == "__main__":
    run(main)
