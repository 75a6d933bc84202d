"""What a benchmark found: a row a case, as a table and as JSON, beside what was asked."""

import dataclasses
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.timing import median_ms, table
from keras_rnn_kit.errors import KitError

OURS = "kit"


@dataclasses.dataclass(frozen=True)
class Row:
    """One case: by peer, the seconds of the same work, one figure a round."""

    case: Mapping[str, Any]
    times: Mapping[str, Sequence[float]]
    differences: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def ms(self, peer: str) -> float | None:
        """The peer's median in milliseconds; `None` where it did not run."""
        return median_ms(self.times[peer]) if peer in self.times else None

    def ratio(self, peer: str) -> float | None:
        """How many times as long as ours the peer takes: above 1, ours is faster."""
        theirs, ours = self.ms(peer), self.ms(OURS)
        return theirs / ours if theirs and ours else None

    def __str__(self) -> str:
        case = ", ".join(f"{name} {value}" for name, value in self.case.items())
        figures = ", ".join(f"{peer} {self.ms(peer):.3g} ms" for peer in self.times)
        return f"{case}: {figures}"

    def to_json(self) -> dict[str, Any]:
        """All rounds too, so that other statistics can be had without a new run."""
        return {
            "case": dict(self.case),
            "median_ms": {peer: self.ms(peer) for peer in self.times},
            "ratio": {p: self.ratio(p) for p in self.times if p != OURS and OURS in self.times},
            "largest_relative_difference": dict(self.differences),
            "seconds": {peer: list(seconds) for peer, seconds in self.times.items()},
        }


def rows_table(rows: Sequence[Row], peers: Sequence[str]) -> str:
    """A line a case: what it is, each peer's median, each peer's ratio to ours.

    Peers that ran nowhere have no column.

    Example:

    >>> row = Row({"size": "8"}, {"kit": [0.002, 0.001, 0.003], "Keras": [0.004]})
    >>> print(rows_table([row], ["kit", "Keras", "other"]))
    | size | kit ms | Keras ms | Keras / kit |
    |------|-------:|---------:|------------:|
    | 8    |   2.00 |     4.00 |        2.00 |
    """
    ran = [peer for peer in peers if any(peer in row.times for row in rows)]
    others = [peer for peer in ran if peer != OURS]
    header = [*rows[0].case, *(f"{peer} ms" for peer in ran), *(f"{p} / {OURS}" for p in others)]
    cells = [
        [*row.case.values(), *(row.ms(peer) for peer in ran), *(row.ratio(p) for p in others)]
        for row in rows
    ]
    return table(cells, header)


def noise(rows: Sequence[Row]) -> str:
    """How far the middle half of the rounds spreads: what a difference must exceed to mean much.

    Example:

    >>> noise([Row({}, {"kit": [1.0, 1.0, 1.1, 1.2], "Keras": [2.0, 2.0, 2.0, 2.0]})])
    'Noise: the middle half of the rounds spreads over 6% of the median (typical), 12% (worst).'
    """
    spreads = []
    for seconds in (seconds for row in rows for seconds in row.times.values()):
        if len(seconds) > 1:
            low, middle, high = statistics.quantiles(seconds, n=4, method="inclusive")
            spreads.append((high - low) / middle)
    if not spreads:
        return "Noise: unknown from a single round."
    typical, worst = statistics.median(spreads), max(spreads)
    return (
        f"Noise: the middle half of the rounds spreads over {typical:.0%} of the median "
        f"(typical), {worst:.0%} (worst)."
    )


@dataclasses.dataclass(frozen=True)
class Asked:
    """A figure that is asked for, and what was measured."""

    what: str
    asked: str
    measured: str
    met: bool

    def to_json(self) -> dict[str, Any]:
        """As the JSON file has it."""
        return dataclasses.asdict(self)


def at_least(what: str, factor: float, ratios: Mapping[str, float | None]) -> list[Asked]:
    """Asked: every ratio at least `factor`. One entry, which names the smallest; none for none.

    Example:

    >>> at_least("layer", 1.5, {"a": 1.7, "b": 1.4, "c": None})[0].measured
    '1.40 (b)'
    """
    known = {case: ratio for case, ratio in ratios.items() if ratio is not None}
    if not known:
        return []
    worst = min(known, key=lambda case: known[case])
    measured = f"{known[worst]:,.2f}" + (f" ({worst})" if worst else "")
    return [Asked(what, f"≥ {factor:g}", measured, known[worst] >= factor)]


def asked_table(asked: Sequence[Asked]) -> str:
    """What was asked beside what was measured."""
    rows = [[one.what, one.asked, one.measured, "yes" if one.met else "NO"] for one in asked]
    return table(rows, ["what", "asked", "measured", "met"])


def check_arguments(rounds: int, json: str) -> None:
    """Raises `KitError` for less than one round or a file that can't be, before minutes pass."""
    if rounds < 1:
        raise KitError(f"--rounds must be 1 or more; received {rounds}. Leave it out, or pass 5.")
    path = Path(json)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KitError(
            f"--json must lie in a folder that can be made; received {json} ({error.strerror}). "
            "Pass another path."
        ) from error
    if path.is_dir():
        raise KitError(f"--json must be a file; received the folder {json}. Add a file name.")


def progress(line: str) -> None:
    """A line about long work, beside the report rather than in it."""
    print(line, file=sys.stderr, flush=True)
