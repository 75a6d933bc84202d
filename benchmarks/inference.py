"""Times inference: the kit's ONNX export beside Keras's and the RNN operator, and generation.

Run it with `python -m benchmarks.inference`; `NOTES.md` says how to read it. What is compared is
made in `onnx_graphs.py`, `onnx_runs.py`, `served_models.py` and `generation.py`.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from benchmarks import grid
from benchmarks.peers import OURS
from benchmarks.report import (
    Asked,
    Row,
    asked_table,
    check_arguments,
    chosen_of,
    noise,
    progress,
    rows_table,
)
from benchmarks.timing import read_json, table, write_json
from keras_rnn_kit.commands import option, parse, run, starting_quietly

with starting_quietly():
    import tensorflow as tf

    from benchmarks import (
        generation,
        inference_asked,
        loading,
        onnx_graphs,
        onnx_runs,
        served_models,
        torch_layers,
    )
    from keras_rnn_kit.exporting import to_onnx
    from keras_rnn_kit.exporting.quantization import to_int8

NAME = "inference"
QUICK_ROUNDS = 5
INT8 = "kit, int8"
INT8_SHAPES = (grid.Shape(1, 100, 128, 512), grid.Shape(32, 100, 128, 512))
INT8_KINDS = ("SimpleRNN", "GRU", "LSTM")
SECTIONS = (*onnx_graphs.STRUCTURES, "int8", "generation", "loading")
LOADING_REPEATS = 7  # processes for each figure
# Of the whole grid each timing is shorter, since there are two thousand of them.
WHOLE_SECONDS = 0.01


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take some minutes on two CPU cores, the whole grid an hour."""

    rounds: int = option(25, "how often each peer is timed")
    quick: bool = option(False, f"the smallest shape alone, {QUICK_ROUNDS} rounds")
    grid: Literal["small", "whole"] = option("small", "three shapes, or every B, T and width")
    threads: Literal["1", "2", "1,2"] = option(
        "1,2", "of the sessions; tf.function has the rows of 2"
    )
    only: str | None = option(None, f"sections with commas between them: {', '.join(SECTIONS)}")
    output: Literal["logits", "hidden"] = option("logits", "with an output layer on top or without")
    json: str = option("build/benchmarks/inference.json", "the file to write")


def main(argv: Sequence[str] | None = None) -> int:
    """Checks that all peers agree, times them, prints tables and writes the JSON."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    check_arguments(config.rounds, config.json)
    chosen = chosen_of(config.only, SECTIONS, "sections")
    tf.get_logger().setLevel("ERROR")  # many functions are traced here, on purpose
    rounds = min(config.rounds, QUICK_ROUNDS) if config.quick else config.rounds
    whole, threads = config.grid == "whole", [int(count) for count in config.threads.split(",")]
    shapes = grid.whole() if whole else grid.INFERENCE
    shapes = shapes[: 1 if config.quick else None]

    settings = _settings(config, rounds)
    read = {} if config.only is None else read_json(config.json, NAME)
    sections = read["sections"] if settings.items() <= read.items() else {}
    every: list[Row] = []
    asked: list[Asked] = []
    texts: list[str] = []

    def add(section: str, rows: list[Row], title: str, text: str, of: list[Asked]) -> None:
        sections[section] = [row.to_json() for row in rows]
        every.extend(rows)
        texts.append(f"## {title}\n\n{text}\n")
        asked.extend(of)
        # An interrupted run keeps what it has.
        found = {"sections": sections, "asked": [one.to_json() for one in asked]}
        write_json(config.json, {**settings, **found})

    for structure in (name for name in chosen if name in onnx_graphs.STRUCTURES):
        logits, seconds = config.output == "logits", WHOLE_SECONDS if whole else onnx_runs.SECONDS
        rows = []
        for masked in (False, True) if onnx_graphs.STRUCTURES[structure].masks else (False,):
            for row in structure_rows(structure, shapes, masked, logits, threads, rounds, seconds):
                rows.append(row)
                progress(str(row))
        peers = (*onnx_graphs.PEERS, served_models.TRACED, served_models.TORCH)
        of = inference_asked.of_graphs(rows)
        title = f"{structure}, ONNX on CPU, tokens to {config.output}"
        add(structure, rows, title, rows_table(rows, peers), of)
    if "int8" in chosen:
        rows = list(int8_rows(INT8_SHAPES[: 1 if config.quick else None], rounds))
        of = inference_asked.of_int8(rows, INT8)
        add("int8", rows, "Whole numbers, in int8", rows_table(rows, (OURS, INT8)), of)
    if "generation" in chosen:
        row = generation.generation_row(rounds=max(1, rounds // 3))
        progress(f"generation: {row}")
        of = inference_asked.of_generation(rates_of(row))
        add("generation", [row], "Generation, characters a second", generation_table(row), of)
    if "loading" in chosen:
        row = loading.loading_row(LOADING_REPEATS if not config.quick else 1)
        progress(f"loading: {row}")
        of = inference_asked.of_loading(row)
        add("loading", [row], "Loading", rows_table([row], loading.PEERS), of)

    print("\n".join(texts))
    print(f"{noise(every)}\n\n## Asked\n\n{asked_table(asked)}\n\nWrote {config.json}")
    return 0


def structure_rows(
    structure: str,
    shapes: Sequence[grid.Shape],
    masked: bool,
    logits: bool,
    counts: Sequence[int],
    rounds: int,
    seconds: float,
) -> Iterator[Row]:
    """A row for each shape and number of threads; shapes of one width share their graphs."""
    kind = onnx_graphs.STRUCTURES[structure]

    def of_graph(shape: grid.Shape) -> tuple[int, int, int | None]:
        return shape.features, shape.units, shape.time if kind.fixed else None

    for sizes in dict.fromkeys(map(of_graph, shapes)):
        *width, time = sizes
        ours, theirs = onnx_graphs.models(
            structure, *width, masked=masked, logits=logits, time=time
        )
        graphs = onnx_graphs.onnx_graphs(ours, theirs, structure)
        traced = served_models.traced(theirs)
        for shape in (s for s in shapes if of_graph(s) == sizes):
            for threads in counts:
                others: dict[str, served_models.Run] = {}
                if threads == 2:  # TensorFlow takes all cores, here two
                    others[served_models.TRACED] = traced
                if kind.torch and not masked and torch_layers.installed():
                    run = served_models.torch_model(ours, kind, threads)
                    others[served_models.TORCH] = run
                yield onnx_runs.run_row(
                    graphs,
                    shape,
                    structure=structure,
                    masked=masked,
                    threads=threads,
                    rounds=rounds,
                    seconds=seconds,
                    others=others,
                )


def int8_rows(shapes: Sequence[grid.Shape], rounds: int) -> Iterator[Row]:
    """The kit's export in float32 beside the same in whole numbers, one thread.

    They agree to no tolerance that means anything: what rounding costs is measured on a text, by
    `export.to_onnx --precision int8`.
    """
    for structure in INT8_KINDS:
        ours, _ = onnx_graphs.models(structure, 128, 512, masked=False, logits=True)
        signature = [tf.TensorSpec([None, None], tf.int32, name="tokens")]
        forward = functools.partial(ours, training=False)
        plain, rounded = (
            to_onnx(lambda tokens, f=forward: {"y": f(tokens)}, signature, quantized=quantized)
            for quantized in (False, True)
        )
        graphs = {OURS: plain.SerializeToString(), INT8: to_int8(rounded).SerializeToString()}
        for shape in shapes:
            how: dict[str, Any] = {"masked": False, "threads": 1, "rounds": rounds}
            row = onnx_runs.run_row(graphs, shape, structure=structure, tolerance=0.2, **how)
            progress(str(row))
            yield row


def generation_table(row: Row) -> str:
    """Characters a second by peer, and how many times as many the kit's `stream` makes."""
    rates = rates_of(row)
    stream = rates[generation.STREAM]
    return table(
        [[p, rates[p], None if p == generation.STREAM else stream / rates[p]] for p in rates],
        ["peer", "characters/s", "kit, stream / peer"],
    )


def rates_of(row: Row) -> dict[str, float]:
    """Characters a second by peer."""
    return {peer: 1000 / ms for peer in row.times if (ms := row.ms(peer))}


def _settings(config: Config, rounds: int) -> dict[str, Any]:
    """What sections must have in common to stand in one file."""
    return {
        "benchmark": NAME,
        "quick": config.quick,
        "grid": config.grid,
        "threads": config.threads,
        "rounds": rounds,
        "output": config.output,
    }


if __name__ == "__main__":
    run(main)
