"""What a benchmark found: a row a case, as a table and as JSON, beside what was asked."""

import dataclasses
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers import BOUND, OURS
from benchmarks.timing import Turns, median_ms, table
from keras_rnn_kit.errors import KitError


@dataclasses.dataclass(frozen=True)
class Row:
    """One case: by peer, the seconds of the same work, one figure a round."""

    case: Mapping[str, Any]
    times: Mapping[str, Sequence[float]]
    differences: Mapping[str, float] = dataclasses.field(default_factory=dict)
    cpu_times: Mapping[str, Sequence[float]] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        case: Mapping[str, Any],
        turns: Turns,
        differences: Mapping[str, float],
        calls: Mapping[str, float] | None = None,
    ) -> "Row":
        """The row of what was timed by turns; `calls` says how much a peer did in each turn."""
        clock, cpu = (
            {
                peer: [total / (calls or {}).get(peer, 1) for total in totals]
                for peer, totals in times.items()
            }
            for times in turns
        )
        return cls(case, clock, differences, cpu)

    def ms(self, peer: str) -> float | None:
        """The peer's median in milliseconds; `None` where it did not run."""
        return median_ms(self.times[peer]) if peer in self.times else None

    def ratio(self, peer: str) -> float | None:
        """How many times as long as ours the peer takes: above 1, ours is faster."""
        return _ratio(self.times, peer)

    def cpu_ratio(self, peer: str) -> float | None:
        """The same of the processor's seconds, which a second core does not make fewer."""
        return _ratio(self.cpu_times, peer)

    def __str__(self) -> str:
        case = ", ".join(f"{name} {value}" for name, value in self.case.items())
        figures = ", ".join(f"{peer} {self.ms(peer):.3g} ms" for peer in self.times)
        return f"{case}: {figures}"

    def to_json(self) -> dict[str, Any]:
        """All rounds too, so that other statistics can be had without a new run."""
        others = [peer for peer in self.times if peer != OURS and OURS in self.times]
        return {
            "case": dict(self.case),
            "median_ms": {peer: self.ms(peer) for peer in self.times},
            "ratio": {peer: self.ratio(peer) for peer in others},
            "cpu_ratio": {peer: self.cpu_ratio(peer) for peer in others if peer in self.cpu_times},
            "largest_relative_difference": dict(self.differences),
            "seconds": {peer: list(seconds) for peer, seconds in self.times.items()},
            "cpu_seconds": {peer: list(seconds) for peer, seconds in self.cpu_times.items()},
        }


def _ratio(times: Mapping[str, Sequence[float]], peer: str) -> float | None:
    if peer not in times or OURS not in times:
        return None
    theirs, ours = (statistics.median(times[one]) for one in (peer, OURS))
    return theirs / ours if theirs and ours else None


def rows_table(rows: Sequence[Row], peers: Sequence[str], cpu_of: Sequence[str] = ()) -> str:
    """A line a case: what it is, each peer's median, each peer's ratio to ours.

    Peers that ran nowhere have no column. `cpu_of` names those that get a second ratio, that of the
    processor's time. The bound's ratio is the share of it that we reach, in percent.

    Example:

    >>> row = Row({"size": "8"}, {"kit": [0.002, 0.001, 0.003], "Keras": [0.004]})
    >>> print(rows_table([row], ["kit", "Keras", "other"]))
    | size | kit ms | Keras ms | Keras / kit |
    |------|-------:|---------:|------------:|
    | 8    |   2.00 |     4.00 |        2.00 |
    """
    ran = [peer for peer in peers if any(peer in row.times for row in rows)]
    others = [peer for peer in ran if peer not in (OURS, BOUND) and OURS in ran]
    columns: dict[str, list[Any]] = {
        name: [row.case[name] for row in rows] for name in rows[0].case
    }
    columns |= {f"{peer} ms": [row.ms(peer) for row in rows] for peer in ran}
    columns |= {f"{peer} / {OURS}": [row.ratio(peer) for row in rows] for peer in others}
    for peer in cpu_of:
        columns[f"{peer} / {OURS}, CPU time"] = [row.cpu_ratio(peer) for row in rows]
    if BOUND in ran:
        shares = [row.ratio(BOUND) for row in rows]
        columns["share of the bound, %"] = [None if s is None else 100 * s for s in shares]
    return table(list(zip(*columns.values(), strict=True)), list(columns))


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


def at_least(
    what: str, factor: float, ratios: Mapping[str, float | None], unit: str = ""
) -> list[Asked]:
    """Asked: every ratio at least `factor`. One entry, which names the smallest; none for none.

    Example:

    >>> at_least("layer", 1.5, {"a": 1.7, "b": 1.4, "c": None})[0].measured
    '1.40 (b)'
    """
    return _worst(what, "≥", factor, ratios, unit)


def at_most(
    what: str, limit: float, figures: Mapping[str, float | None], unit: str = ""
) -> list[Asked]:
    """Asked: no figure above `limit`. One entry, which names the largest; none for none.

    Example:

    >>> at_most("first call", 1.5, {"a": 1.7, "b": 1.4}, " s")
    [Asked(what='first call', asked='≤ 1.5 s', measured='1.70 s (a)', met=False)]
    """
    return _worst(what, "≤", limit, figures, unit)


def _worst(
    what: str, sign: str, limit: float, figures: Mapping[str, float | None], unit: str
) -> list[Asked]:
    known = {case: figure for case, figure in figures.items() if figure is not None}
    if not known:
        return []
    case = (min if sign == "≥" else max)(known, key=lambda case: known[case])
    figure = known[case]
    measured = f"{figure:,.2f}{unit}" + (f" ({case})" if case else "")
    met = figure >= limit if sign == "≥" else figure <= limit
    return [Asked(what, f"{sign} {limit:g}{unit}", measured, met)]


def asked_table(asked: Sequence[Asked]) -> str:
    """What was asked beside what was measured."""
    rows = [[one.what, one.asked, one.measured, "yes" if one.met else "NO"] for one in asked]
    return table(rows, ["what", "asked", "measured", "met"])


def chosen_of(only: str | None, known: Sequence[str], what: str, more: str = "") -> list[str]:
    """The names that `--only` gives, in the order of the `known` ones; all of these without it.

    `what` they are and what `more` may be passed are for the message.

    Raises:
        KitError: for a name that is not known.

    Example:

    >>> chosen_of("b, a", ["a", "b", "c"], "letters")
    ['a', 'b']
    """
    if only is None:
        return list(known)
    names = [name.strip() for name in only.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise KitError(
            f"--only must name {what}; received {', '.join(map(repr, unknown))}. Pass some of "
            f"{', '.join(known)}, with commas between them{more}."
        )
    return [name for name in known if name in names]


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
