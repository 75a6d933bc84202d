"""Fair timing of several functions in one process: alternated rounds, medians, a table, JSON.

The machines are noisy, and slow down and speed up by the minute. So every round times each function
once, in an order that rotates, and what is compared are medians over the rounds of one run. Beside
the seconds on the clock stand those of the processor, of all threads together: they don't depend on
whether a second core was to be had.
"""

import contextlib
import gc
import json
import math
import numbers
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_kit.cores import available_cores
from keras_rnn_kit.errors import KitError

PACKAGES = ("numpy", "tensorflow", "keras", "torch", "tf2onnx", "onnx")
RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
MISSING = "–"


class Turns(NamedTuple):
    """What each function took a call, by name, one figure a round."""

    seconds: dict[str, list[float]]
    cpu_seconds: dict[str, list[float]]  # of all threads of the process


@contextlib.contextmanager
def napping_threads() -> Iterator[None]:
    """Has the threads of a NumPy that is imported in the block sleep soon after their work.

    They otherwise look out for more for a tenth of a second, on the core that the next peer wants.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")  # 2²⁰ ticks, less than a millisecond
    yield


def alternate(
    functions: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    warmup: int = 3,
    min_seconds: float = 0.0,
) -> Turns:
    """Seconds a call of each function, one figure a round; the functions take turns.

    A function must not return before its work is done: one that only starts work elsewhere (on a
    GPU, or in a dataset) has to fetch its result.

    Args:
        functions: what to time, by name.
        rounds: how often each is timed.
        warmup: untimed calls of each before (tracing, compiling, caches), again by turns.
        min_seconds: a timing repeats the call until about that long has passed, and gives the
            mean; for calls so short that the clock matters.

    Raises:
        KitError: there are no functions, or a count is wrong.

    Example:
        >>> times = alternate({"sum": lambda: sum(range(9)), "one": lambda: 1}, rounds=4)
        >>> {name: len(seconds) for name, seconds in times.seconds.items()}
        {'sum': 4, 'one': 4}
    """
    if not functions:
        raise KitError("functions must not be empty; received none. Name one or more to time.")
    if rounds < 1 or warmup < 0 or not min_seconds >= 0:
        raise KitError(
            "rounds must be 1 or more, warmup and min_seconds 0 or more; received "
            f"rounds={rounds!r}, warmup={warmup!r}, min_seconds={min_seconds!r}. Change those."
        )
    names = list(functions)
    for _ in range(warmup):
        for name in names:
            functions[name]()
    repeats = dict.fromkeys(names, 1)
    if min_seconds:
        for name in names:
            once, _ = _seconds(functions[name], 1)
            repeats[name] = max(1, math.ceil(min_seconds / max(once, 1e-9)))

    times = Turns({name: [] for name in names}, {name: [] for name in names})
    collects = gc.isenabled()
    gc.collect()
    gc.disable()  # a collection would be charged to whoever runs just then
    try:
        for turn in range(rounds):
            first = turn % len(names)  # nobody always runs after the same neighbour's caches
            for name in names[first:] + names[:first]:
                seconds, cpu_seconds = _seconds(functions[name], repeats[name])
                times.seconds[name].append(seconds)
                times.cpu_seconds[name].append(cpu_seconds)
    finally:
        if collects:
            gc.enable()
    return times


def _seconds(function: Callable[[], object], repeats: int) -> tuple[float, float]:
    """A call's seconds on the clock and of the processor."""
    cpu_begin, begin = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        function()
    end, cpu_end = time.perf_counter(), time.process_time()
    return (end - begin) / repeats, (cpu_end - cpu_begin) / repeats


def median_ms(seconds: Sequence[float]) -> float:
    """The median, in milliseconds.

    Example:
        >>> median_ms([0.5, 0.002, 0.003])
        3.0
    """
    if not seconds:
        raise KitError("seconds must not be empty; received none. Pass one timing or more.")
    return statistics.median(seconds) * 1000


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """A Markdown table whose columns also line up as plain text.

    Floats get three significant digits, None a dash; columns of numbers stand to the right.

    Raises:
        KitError: a row has another number of cells than the header.

    Example:
        >>> print(table([["Keras", 8.6849, 1], ["kit", 4.3, None]], ["layer", "ms", "runs"]))
        | layer |   ms | runs |
        |-------|-----:|-----:|
        | Keras | 8.68 |    1 |
        | kit   | 4.30 |    – |
    """
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise KitError(
                f"a row must have {len(header)} cells, as the header has; received {len(row)} in "
                f"row {number}. Fill it with None."
            )
    right = [
        any(_is_number(row[k]) for row in rows)
        and all(row[k] is None or _is_number(row[k]) for row in rows)
        for k in range(len(header))
    ]
    lines = [[_cell(value) for value in row] for row in (header, *rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]

    def show(line: list[str]) -> str:
        places = zip(line, widths, right, strict=True)
        cells = [text.rjust(w) if r else text.ljust(w) for text, w, r in places]
        return f"| {' | '.join(cells)} |"

    ends = zip(widths, right, strict=True)
    rule = "|".join("-" * (w + 1) + ":" if r else "-" * (w + 2) for w, r in ends)
    return "\n".join([show(lines[0]), f"|{rule}|", *map(show, lines[1:])])


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)  # NumPy's too


def _cell(value: object) -> str:
    if value is None:
        return MISSING
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        # Three significant digits, never an exponent: 0.00123, 4.30, 86.8, 1,235.
        exponent = int(f"{float(value):.2e}".partition("e")[2] or 0)  # 9.999 is rounded to 10.0
        return f"{float(value):,.{max(0, 2 - exponent)}f}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def machine_facts() -> dict[str, Any]:
    """What a figure depends on: cores, processor kind, versions. Nothing that names a machine.

    Example:
        >>> sorted(machine_facts())
        ['cores', 'processor', 'system', 'versions']
    """
    versions = {"python": platform.python_version()}
    for package in (*PACKAGES, *RUNTIMES):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "cores": available_cores(),
        "processor": platform.machine(),
        "system": platform.system(),
        "versions": versions,
    }


def write_json(path: str | os.PathLike[str], payload: Mapping[str, Any]) -> None:
    """Write `payload` and, under "machine", the facts of this one; all of the file or nothing.

    Raises:
        KitError: the payload has a "machine" of its own, or something JSON can't say (NaN too).

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_json(Path(folder) / "out.json", {"ms": {"kit": 4.3}})
        ...     json.loads((Path(folder) / "out.json").read_text(encoding="utf-8"))["ms"]
        {'kit': 4.3}
    """
    target = Path(path)
    if "machine" in payload:
        raise KitError(
            f"{target.name} has the machine's facts under 'machine'; received a payload with that "
            "name. Give it another one."
        )
    whole = {**payload, "machine": machine_facts()}
    try:
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise KitError(
            f"{target.name} must hold what JSON can say; received a payload with something else "
            f"({error}). Pass numbers that are finite, texts, lists and dicts."
        ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text + "\n", encoding="utf-8")
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read_json(path: str | os.PathLike[str], benchmark: str) -> dict[str, Any]:
    """What `write_json` wrote for that benchmark; empty where there is no such file.

    Raises:
        KitError: for another file.
    """
    try:
        payload = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        payload = None
    if not isinstance(payload, dict) or payload.get("benchmark") != benchmark:
        raise KitError(
            f"--json must be a file of the benchmark {benchmark!r}, to be added to; received "
            f"{path}, which is something else. Pass another path."
        )
    return payload


def _plain(value: Any) -> Any:
    """NumPy's scalars and arrays as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")
