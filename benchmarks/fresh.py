"""First call and peak memory of a SimpleRNN, each figure from a process of its own."""

import dataclasses
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.first_call import PEERS
from benchmarks.grid import Shape
from benchmarks.peers import AS_IT_COMES, OURS
from benchmarks.report import Row
from benchmarks.timing import table
from keras_rnn_kit.errors import KitError

AFTER_SMALL = "after a small layer"


@dataclasses.dataclass(frozen=True)
class Memory:
    """One shape: by peer, the bytes that training needed at most, one figure a process.

    A name that ends in `AFTER_SMALL` is of a process that had run a small layer before.
    """

    case: Mapping[str, Any]
    peaks: Mapping[str, Sequence[float]]

    def megabytes(self, name: str) -> float:
        """The median."""
        return statistics.median(self.peaks[name]) / 1e6

    def ratio(self, when: str = "") -> float:
        """How many times as much as ours Keras takes: above 1, ours is the smaller."""
        return self.megabytes(AS_IT_COMES + when) / self.megabytes(OURS + when)

    def __str__(self) -> str:
        case = ", ".join(f"{name} {value}" for name, value in self.case.items())
        figures = ", ".join(f"{name} {self.megabytes(name):.3g} MB" for name in self.peaks)
        return f"{case}: {figures}"

    def to_json(self) -> dict[str, Any]:
        """All processes too."""
        return {
            "case": dict(self.case),
            "median_megabytes": {name: self.megabytes(name) for name in self.peaks},
            "ratio": {"": self.ratio(), AFTER_SMALL: self.ratio(f", {AFTER_SMALL}")},
            "bytes": {name: list(peaks) for name, peaks in self.peaks.items()},
        }


def fresh_rows(shape: Shape, *, repeats: int) -> tuple[Row, Memory]:
    """Seconds of the first call, and peak memory: medians of so many processes a peer."""
    found = {peer: [_process(shape, peer) for _ in range(repeats)] for peer in PEERS}
    case = {"B, T, E, H": str(shape)}
    seconds, cpu_seconds, peaks = (
        {peer: [one[field] for one in results] for peer, results in found.items()}
        for field in ("seconds", "cpu_seconds", "peak_bytes")
    )
    for peer in (OURS, AS_IT_COMES):
        after = _process(shape, peer, "--after-small")
        peaks[f"{peer}, {AFTER_SMALL}"] = [after["peak_bytes"]]
    return Row(case, seconds, cpu_times=cpu_seconds), Memory(case, peaks)


def memory_table(rows: Sequence[Memory]) -> str:
    """A line a shape: megabytes by peer, and Keras's beside ours."""
    names = list(rows[0].peaks)
    columns: dict[str, list[Any]] = {n: [row.case[n] for row in rows] for n in rows[0].case}
    columns |= {f"{name} MB": [row.megabytes(name) for row in rows] for name in names}
    for when in ("", f", {AFTER_SMALL}"):
        columns[f"{AS_IT_COMES} / {OURS}{when}"] = [row.ratio(when) for row in rows]
    return table(list(zip(*columns.values(), strict=True)), list(columns))


def _process(shape: Shape, peer: str, *options: str) -> dict[str, float]:
    sizes = map(str, dataclasses.astuple(shape))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.first_call", *sizes, peer, *options],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["nothing on standard error"]
        raise KitError(
            f"python -m benchmarks.first_call must end well; received status {done.returncode} and "
            f"'{last[0]}' for {peer} at [{shape}]. Run it by hand to see all of it."
        )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result
