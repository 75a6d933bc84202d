"""One training process: what its first step takes, and how much memory its steps do.

`python -m benchmarks.first_call 32 100 64 128 kit` prints both as JSON. `fresh.py` starts it, for
each figure anew: a process that has compiled once would find what it compiled.
"""

import argparse
import json
import time
from collections.abc import Sequence

from benchmarks.memory import Growth
from benchmarks.peers import AS_IT_COMES, JIT, OURS
from keras_rnn_kit.commands import run, starting_quietly

with starting_quietly():
    import numpy as np

    from benchmarks import layer_step
    from benchmarks.grid import Shape

PEERS = (OURS, AS_IT_COMES, JIT)
STEPS = 5
SMALL = Shape(16, 8, 4, 8)


def main(argv: Sequence[str] | None = None) -> int:
    """Takes a few steps of a SimpleRNN forward and backward and prints a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for size in ("batch", "time", "features", "units"):
        parser.add_argument(size, type=int)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument(
        "--after-small",
        action="store_true",
        help="run a small layer of that peer first: what a process loads once is then there",
    )
    given = parser.parse_args(argv)
    if given.after_small:
        first_call(SMALL, given.peer)
    shape = Shape(given.batch, given.time, given.features, given.units)
    print(json.dumps(first_call(shape, given.peer)))
    return 0


def first_call(shape: Shape, peer: str) -> dict[str, float]:
    """Seconds, on the clock and of the processor, to the first result; bytes that were needed.

    The layer is built before, and its inputs drawn; tracing and compiling are in the first call.
    The bytes are how far the resident set has grown, at most: by the first result and in all steps.
    """
    kind = layer_step.SIMPLE_RNN
    given = layer_step.Given.drawn(shape, np.random.default_rng(0), masked=False)
    layer = layer_step.keras_layer(kind, peer, shape)
    step = layer_step.fetching(layer_step.keras_step(layer, given, jit_compile=peer == JIT))

    growth = Growth()
    cpu_begin, begin = time.process_time(), time.perf_counter()
    step()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    first_bytes = growth.peak_bytes()
    for _ in range(STEPS - 1):
        step()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "first_bytes": first_bytes,
        "peak_bytes": growth.peak_bytes(),
    }


if __name__ == "__main__":
    run(main)
