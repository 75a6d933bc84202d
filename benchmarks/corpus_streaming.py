"""A corpus larger than memory: how fast it is prepared and read, and what memory that takes.

Each figure is from a process of its own. What reading takes is counted above what the process had
with TensorFlow imported and a tiny dataset iterated; preparing is counted whole, with its workers.
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Asked, at_least, at_most
from benchmarks.timing import table
from keras_rnn_kit.cores import available_cores
from keras_rnn_kit.errors import KitError

_PAUSE = 0.1  # seconds between two looks at the memory
_READ = """
import json, resource, sys, time
import tensorflow as tf
from keras_rnn_kit.data import corpus_windows
from keras_rnn_kit.text import Corpus

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

list(tf.data.Dataset.range(10).batch(2).prefetch(1))
before = peak()
corpus = Corpus.open(sys.argv[1])
windows = corpus_windows(corpus, batch_size=64, seq_length=100, partition=sys.argv[2], seed=0)
begin = time.perf_counter()
batches = sum(1 for _ in windows)
seconds = time.perf_counter() - begin
print(json.dumps({"tokens_per_second": batches * 6400 / seconds, "megabytes": peak() - before}))
"""


@dataclasses.dataclass(frozen=True)
class Streaming:
    """What was found for a text of so many megabytes."""

    megabytes: float
    prepared_per_second: float  # megabytes
    preparing_megabytes: float  # of memory, at most
    tokens_per_second: float  # read, the slower of the two partitions
    reading_megabytes: float  # of memory above TensorFlow's own, the larger of the two

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:,.0f}" for name, value in dataclasses.asdict(self).items())


def streaming(text: str, megabytes: int) -> Streaming:
    """Prepares and reads `text`, repeated to so many megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        path, corpus = Path(folder) / "text.txt", Path(folder) / "corpus"
        data = text.encode("utf-8")
        with open(path, "wb") as file:
            for _ in range(max(1, megabytes * 10**6 // len(data))):
                file.write(data)
        size = path.stat().st_size / 1e6
        seconds, preparing = _prepared(path, corpus)
        path.unlink()
        found = [_read(corpus, partition) for partition in ("random", "sequential")]
    return Streaming(
        size,
        size / seconds,
        preparing,
        min(one["tokens_per_second"] for one in found),
        max(one["megabytes"] for one in found),
    )


def _prepared(path: Path, corpus: Path) -> tuple[float, float]:
    """Seconds, and the most memory of the command and its workers together."""
    command = [sys.executable, "-m", "recipes.prepare_corpus", "--data", str(path)]
    command += ["--out", str(corpus), "--workers", str(available_cores())]
    begin, most = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            most = max(most, sum(map(_resident, _with_children(process.pid))))
            time.sleep(_PAUSE)
        if process.returncode:
            errors = process.stderr.read() if process.stderr else b""
            raise KitError(f"{' '.join(command)} must succeed; received {errors.decode()}")
    return time.perf_counter() - begin, most


def _read(corpus: Path, partition: str) -> dict[str, Any]:
    command = [sys.executable, "-c", _READ, str(corpus), partition]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _with_children(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # gone, or not on Linux
        return [pid]
    return [pid, *(int(child) for child in children)]


def _resident(pid: int) -> float:
    """Megabytes of a process in memory; 0 where it can't be told."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def streaming_table(found: Sequence[Streaming]) -> str:
    """A line a size."""
    header = ["text, MB", "prepared, MB/s", "memory, MB", "read, million tokens/s", "memory, MB "]
    rows = [
        [
            one.megabytes,
            one.prepared_per_second,
            one.preparing_megabytes,
            one.tokens_per_second / 1e6,
            one.reading_megabytes,
        ]
        for one in found
    ]
    return table(rows, header)


def asked_of(found: Sequence[Streaming]) -> list[Asked]:
    """Five million tokens a second, in less than 300 MB, whatever the size."""
    rates = {f"{one.megabytes:,.0f} MB": one.tokens_per_second / 1e6 for one in found}
    memory = {f"{one.megabytes:,.0f} MB": one.reading_megabytes for one in found}
    preparing = {f"{one.megabytes:,.0f} MB": one.preparing_megabytes for one in found}
    return [
        *at_least("corpus: read, million tokens/s", 5, rates),
        *at_most("corpus: memory of reading above TensorFlow's", 300, memory, " MB"),
        *at_most("corpus: memory of preparing, all processes", 300, preparing, " MB"),
    ]
