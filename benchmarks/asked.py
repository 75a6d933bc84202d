"""What is asked of training: for the rows of each table, `Asked` with the worst case each."""

import math
from collections.abc import Callable, Sequence

from benchmarks import grid
from benchmarks.fresh import AFTER_SMALL, Memory
from benchmarks.peers import AS_IT_COMES, BOUND, JIT, KERAS, OURS, TORCH
from benchmarks.report import Asked, Row, at_least, at_most

BEST_OF_KERAS = "the fastest of Keras's three"
NARROW, WIDE = 128, 256  # units H: at most, at least


def of_simple_rnn(title: str, rows: Sequence[Row]) -> list[Asked]:
    """More at small widths, where Keras's cost a step weighs, than at large ones."""
    asked: list[Asked] = []
    for peer, ratio, narrow, everywhere in (
        (AS_IT_COMES, ratio_to(AS_IT_COMES), 2.0, 1.4),
        (BEST_OF_KERAS, best_of_keras, 1.4, 1.15),
        (TORCH, ratio_to(TORCH), 1.8, 1.2),
    ):
        what = f"{title}: {peer} / {OURS}"
        asked += at_least(f"{what}, H ≤ {NARROW}", narrow, _figures(rows, ratio, high=NARROW))
        asked += at_least(f"{what}, every shape", everywhere, _figures(rows, ratio))
    from_narrow = _figures(rows, ratio_to(JIT), low=NARROW)
    asked += at_least(f"{title}: {JIT} / {OURS}, H ≥ {NARROW}", 3.5, from_narrow)
    what = f"{title}: share of the bound"
    at_narrow = _figures(rows, share_of_the_bound, low=NARROW, high=NARROW)
    asked += at_least(f"{what}, H ≥ {WIDE}", 75, _figures(rows, share_of_the_bound, low=WIDE), " %")
    asked += at_least(f"{what}, H = {NARROW}", 55, at_narrow, " %")
    return asked


def of_keras(title: str, rows: Sequence[Row], factor: float) -> list[Asked]:
    """At least `factor` times as fast as Keras as it comes, in every row."""
    ratios = _figures(rows, ratio_to(AS_IT_COMES))
    return at_least(f"{title}: {AS_IT_COMES} / {OURS}, every row", factor, ratios)


def of_structures(title: str, rows: Sequence[Row]) -> list[Asked]:
    """Each structure half as fast again as the same in Keras as it comes, in every row."""
    asked: list[Asked] = []
    for name in dict.fromkeys(str(row.case["structure"]) for row in rows):
        of_it = [row for row in rows if row.case["structure"] == name]
        asked += of_keras(f"{title}, {name}", of_it, 1.5)
    return asked


def of_fit(title: str, rows: Sequence[Row]) -> list[Asked]:
    """Nowhere slower than Keras as it comes, and half as fast again at one shape."""
    at = str(grid.TRAINING_ASKED)
    asked = of_keras(title, rows, 1.0)
    what = f"{title}: {AS_IT_COMES} / {OURS} at ({at})"
    for row in rows:
        if row.case["B, T, E, H"] == at:
            asked += at_least(what, 1.5, {"": row.ratio(AS_IT_COMES)})
    return asked


def of_first_call(title: str, rows: Sequence[Row]) -> list[Asked]:
    """No long wait for the compiler."""
    seconds = _figures(rows, lambda row: None if (ms := row.ms(OURS)) is None else ms / 1000)
    return at_most(f"{title}: {OURS}, every shape", 1.5, seconds, " s")


def of_memory(title: str, rows: Sequence[Memory]) -> list[Asked]:
    """No more memory than Keras as it comes."""
    asked: list[Asked] = []
    for when in ("", f", {AFTER_SMALL}"):
        ratios = {row.case["B, T, E, H"]: row.ratio(when) for row in rows}
        asked += at_least(f"{title}{when}: {AS_IT_COMES} / {OURS}, every shape", 1.0, ratios)
    return asked


def ratio_to(peer: str) -> Callable[[Row], float | None]:
    """The row's ratio of that peer."""
    return lambda row: row.ratio(peer)


def best_of_keras(row: Row) -> float | None:
    """The ratio of whichever of Keras's is the fastest in this row."""
    ratios = [ratio for peer in KERAS if (ratio := row.ratio(peer)) is not None]
    return min(ratios, default=None)


def share_of_the_bound(row: Row) -> float | None:
    """In percent."""
    share = row.ratio(BOUND)
    return None if share is None else 100 * share


def _figures(
    rows: Sequence[Row],
    figure: Callable[[Row], float | None],
    low: float = 0,
    high: float = math.inf,
) -> dict[str, float | None]:
    """By case, the figure of the rows whose H lies between `low` and `high`."""
    return {
        ", ".join(map(str, row.case.values())): figure(row)
        for row in rows
        if low <= int(row.case["B, T, E, H"].split(", ")[3]) <= high
    }
