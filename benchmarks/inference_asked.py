"""What is asked of inference: the worst case of each, by structure, beside the figure."""

import itertools
from collections.abc import Callable, Sequence

from benchmarks import generation, loading
from benchmarks.grid import Shape
from benchmarks.onnx_graphs import KERAS_EXPORT, PEERS, STRUCTURES
from benchmarks.peers import OURS
from benchmarks.report import Asked, Row, at_least, at_most

ALLOWED_SHARE, ALLOWED_MS = 0.05, 0.010  # a kit's run may take so much longer, the larger of both
GATED = ("GRU", "LSTM")
INT8 = 1.5  # times float32, at a batch of one


def of_graphs(rows: Sequence[Row]) -> list[Asked]:
    """No case slower than any ONNX peer, but for the allowance; factors by batch and width."""
    asked: list[Asked] = []
    for layer in dict.fromkeys(str(row.case["layer"]) for row in rows):
        for masked in ("no", "yes"):
            of = {"layer": layer, "masked": masked}
            cases = [row for row in rows if of.items() <= row.case.items()]
            asked += no_slower(f"{_named(layer, masked)}: no slower than", cases, PEERS[1:])
            if STRUCTURES[layer].factors:
                asked += _factors(_named(layer, masked), cases, layer in GATED, masked == "yes")
    return asked


def _named(layer: str, masked: str) -> str:
    return f"{layer}, masked" if masked == "yes" else layer


def _factors(name: str, rows: Sequence[Row], gated: bool, masked: bool) -> list[Asked]:
    one = ("B = 1, T ≥ 20", lambda shape: shape.batch == 1 and shape.time >= 20)
    many = ("B = 32, H ≤ 256", lambda shape: shape.batch == 32 and shape.units <= 256)
    wide = ("H = 512", lambda shape: shape.units == 512 and shape.batch > 1)
    all_many = ("B = 32", lambda shape: shape.batch == 32)
    factors: list[tuple[tuple[str, Callable[[Shape], bool]], float]]
    if masked:
        factors = [(one, 2.0)] if gated else [(one, 3.0), (all_many, 2.0)]
    else:
        factors = [(one, 3.5), (many, 1.5), (wide, 1.2)]
    asked = []
    for (where, fits), factor in factors:
        ratios = {_case(row): row.ratio(KERAS_EXPORT) for row in rows if fits(_shape(row))}
        asked += at_least(f"{name}: {KERAS_EXPORT} / {OURS}, {where}", factor, ratios)
    return asked


def _shape(row: Row) -> Shape:
    return Shape(*map(int, str(row.case["B, T, E, H"]).split(", ")))


def _case(row: Row) -> str:
    return f"{row.case['B, T, E, H']}, threads {row.case['threads']}"


def no_slower(what: str, rows: Sequence[Row], peers: Sequence[str]) -> list[Asked]:
    """Asked: ours takes no longer than each of the peers; the worst case is named."""
    found = []
    for row, peer in itertools.product(rows, peers):
        theirs, ours, ratio = row.ms(peer), row.ms(OURS), row.ratio(peer)
        if theirs is None or ours is None or ratio is None:
            continue
        allowed = theirs + max(theirs * ALLOWED_SHARE, ALLOWED_MS)
        found.append((ours / allowed, f"{ratio:.2f} ({_case(row)}, {peer})"))
    if not found:
        return []
    worst, measured = max(found)
    slower = sum(share > 1 for share, _ in found)
    shown = f"{measured}; {slower} of {len(found)} pairs slower" if slower else measured
    return [Asked(f"{what} any ONNX peer", "ratio ≥ 1, but for 5% or 10 µs", shown, worst <= 1)]


def of_int8(rows: Sequence[Row], name: str) -> list[Asked]:
    """Whole numbers beside float32, where the matrices are large."""
    asked: list[Asked] = []
    for layer in dict.fromkeys(str(row.case["layer"]) for row in rows):
        ratios = {
            _case(row): 1 / ratio
            for row in rows
            if row.case["layer"] == layer
            and _shape(row).batch == 1
            and (ratio := row.ratio(name)) is not None
        }
        asked += at_least(f"{layer}: {OURS} in float32 / in int8, B = 1", INT8, ratios)
    return asked


def of_generation(rates: dict[str, float]) -> list[Asked]:
    """`stream` beside the peers, and the graph that does it all beside `stream`."""
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


def of_loading(row: Row) -> list[Asked]:
    """A serving process starts at once."""
    imports = {"": row.ms(loading.RUNTIME)}
    return [
        *at_most(f"{loading.RUNTIME}, with onnxruntime", 500, imports, " ms"),
        *at_most(loading.LOAD, 50, {"": row.ms(loading.LOAD)}, " ms"),
    ]
