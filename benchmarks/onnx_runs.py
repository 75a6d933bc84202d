"""The ONNX graphs through onnxruntime, each in a session with the same options and threads."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import grid
from benchmarks.agreement import check_agreement
from benchmarks.grid import Shape
from benchmarks.report import Row
from benchmarks.served_models import Run
from benchmarks.timing import alternate
from keras_rnn_kit.runtime.session import open_session

# float32 sums of up to 640 products a step, over 200 steps whose errors don't grow (an orthogonal
# recurrent kernel behind tanh): 1e-6 is usual.
TOLERANCE = 1e-5
# A timing repeats short runs for so long. Idle threads of the session before, which look out for
# work for about a millisecond, then don't count.
SECONDS = 0.05


def run_row(
    graphs: Mapping[str, bytes],
    shape: Shape,
    *,
    structure: str = "SimpleRNN",
    masked: bool,
    threads: int,
    rounds: int,
    seed: int = 0,
    seconds: float = SECONDS,
    others: Mapping[str, Run] | None = None,
    tolerance: float = TOLERANCE,
) -> Row:
    """Times one case, with what runs elsewhere among the peers.

    `KitError` where the outputs don't agree.
    """
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, grid.VOCABULARY, (shape.batch, shape.time)).astype(np.int32)
    if masked:
        tokens = np.where(grid.right_padded(shape, rng), tokens, np.int32(0))
    runs = {peer: _run(graph, tokens, threads) for peer, graph in graphs.items()}
    runs |= {peer: run(tokens) for peer, run in (others or {}).items()}
    case = {
        "layer": structure,
        "B, T, E, H": str(shape),
        "masked": "yes" if masked else "no",
        "threads": threads,
    }
    differences = check_agreement(
        {peer: run() for peer, run in runs.items()}, ["output"], tolerance=tolerance, case=str(case)
    )
    times = alternate(runs, rounds=rounds, min_seconds=seconds, warmup=1)
    return Row.of(case, times, differences)


def _run(graph: bytes, tokens: npt.NDArray[np.int32], threads: int) -> Callable[[], list[Any]]:
    session = open_session(graph, "cpu", threads)
    feed = {session.get_inputs()[0].name: tokens}
    outputs = [session.get_outputs()[0].name]
    return lambda: session.run(outputs, feed)
