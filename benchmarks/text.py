"""Text to batches: vocabularies, encoding and windows of the kit beside its peers.

Run it with `python -m benchmarks.text --text FILE,FILE`; what the peers are is in
`text_peers.py` and `window_feeding.py`.
"""

import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from benchmarks.report import (
    Asked,
    Row,
    asked_table,
    at_least,
    at_most,
    check_arguments,
    chosen_of,
    noise,
    progress,
    rows_table,
)
from benchmarks.timing import alternate, write_json
from keras_rnn_kit.commands import option, parse, run, starting_quietly

with starting_quietly():
    from benchmarks import grid, text_peers, window_feeding
    from benchmarks.peers import OURS
    from benchmarks.text_peers import Kind
    from keras_rnn_kit.text import TextEncoder, WordTokenizer, load_text

SECTIONS = ("characters", "words", "windows", "brake")
# How much of the text the slower peers are given: their figures are for a megabyte, too.
SHARE = {OURS: 1.0, text_peers.STRINGS: 0.1}
SMALL_SHARE = 0.05
FACTORS = {
    ("characters", "learn"): 10.0,
    ("characters", "encode"): 15.0,
    ("words", "learn"): 2.5,
    ("words", "encode"): 2.0,
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take some minutes on two CPU cores."""

    text: str = option("python-docs", "texts with commas between them: files, or python-docs")
    megabytes: int = option(100, "each text is repeated to about so much in UTF-8")
    rounds: int = option(5, "how often each peer is timed")
    quick: bool = option(False, "a megabyte of each text, 2 rounds")
    only: str | None = option(None, f"sections with commas between them: {', '.join(SECTIONS)}")
    json: str = option("build/benchmarks/text.json", "the file to write")


def main(argv: Sequence[str] | None = None) -> int:
    """Checks that all peers agree, times them, prints tables and writes the JSON."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    check_arguments(config.rounds, config.json)
    chosen = chosen_of(config.only, SECTIONS, "sections")
    rounds = min(config.rounds, 2) if config.quick else config.rounds
    megabytes = 1 if config.quick else config.megabytes
    texts = {name: load_text(name) for name in config.text.split(",")}

    sections: dict[str, list[Row]] = {}
    asked: list[Asked] = []

    def add(section: str, title: str, rows: list[Row], peers: Sequence[str]) -> None:
        sections[section] = rows
        print(f"## {title}\n\n{rows_table(rows, peers)}\n", flush=True)

    for kind in (one for one in ("characters", "words") if one in chosen):
        rows = []
        for name, text in texts.items():
            for row in text_rows(kind, name, text, megabytes, rounds):
                rows.append(row)
                progress(str(row))
        add(kind, f"{kind}, ms for a megabyte", rows, text_peers.PEERS)
        asked += asked_of(kind, rows)
    text = next(iter(texts.values()))
    ids = TextEncoder.build(text).encode(text)
    if "windows" in chosen:
        row = window_feeding.windows_row(ids, rounds=rounds, batches=20 if config.quick else 500)
        progress(str(row))
        add("windows", "windows, ms for a million tokens", [row], window_feeding.PEERS)
        asked += at_least(
            "windows: the tutorial's pipeline / kit",
            8,
            {"": row.ratio(window_feeding.TUTORIAL)},
        )
    if "brake" in chosen:
        rows = []
        for shape in grid.TRAINING[: 1 if config.quick else 2]:
            steps = 20 if config.quick else 1000  # an epoch of a small text
            rows.append(window_feeding.brake_row(ids, shape, rounds=rounds, steps=steps))
            progress(str(rows[-1]))
        peers = (window_feeding.FED, window_feeding.STILL)
        add("brake", "a train step, with windows and with a batch that stands still", rows, peers)
        shares = {str(row.case["B, T, E, H"]): fed_share(row) for row in rows}
        asked += at_most("brake: fed / still", 1.03, shares)

    every = [row for rows in sections.values() for row in rows]
    print(f"{noise(every)}\n\n## Asked\n\n{asked_table(asked)}\n")
    write_json(
        config.json,
        {
            "benchmark": "text",
            "config": dataclasses.asdict(config),
            "sections": {name: [row.to_json() for row in rows] for name, rows in sections.items()},
            "asked": [one.to_json() for one in asked],
        },
    )
    print(f"Wrote {config.json}")
    return 0


def text_rows(kind: Kind, name: str, text: str, megabytes: int, rounds: int) -> list[Row]:
    """Seconds for a megabyte of UTF-8: learning a vocabulary, and encoding with it."""
    if kind == "words":
        text = text_peers.tokens_apart(text, WordTokenizer())
    size = len(text.encode("utf-8")) / 1e6
    pieces = text_peers.pieces_of(text)
    peers = text_peers.peers_of(kind, pieces)
    repeats = {
        peer: max(1, round(megabytes * SHARE.get(peer, SMALL_SHARE) / size)) for peer in peers
    }
    calls = {peer: count * size for peer, count in repeats.items()}
    rows = []
    for task in ("learn", "encode"):
        functions: dict[str, Callable[[], object]] = {}
        for peer, does in peers.items():
            some = pieces * repeats[peer]
            if task == "encode":
                functions[peer] = functools.partial(_consume, does.encode, some)
            elif does.learn is not None:
                functions[peer] = functools.partial(does.learn, some)
        turns = alternate(functions, rounds=rounds, warmup=1)
        case = {"text": name.rpartition("/")[2], "tokens": kind, "task": task}
        rows.append(Row.of(case, turns, {}, calls))
    return rows


def _consume(encode: Callable[[Sequence[str]], Iterable[object]], texts: Sequence[str]) -> None:
    """What comes is let go, as it would be in a pipeline."""
    deque(encode(texts), maxlen=0)


def asked_of(kind: str, rows: Sequence[Row]) -> list[Asked]:
    """How many times as long `TextVectorization` takes."""
    found = []
    for task in ("learn", "encode"):
        ratios = {
            str(row.case["text"]): row.ratio(text_peers.VECTORIZATION)
            for row in rows
            if row.case["task"] == task
        }
        what = f"{kind}, {task}: {text_peers.VECTORIZATION} / kit"
        found += at_least(what, FACTORS[kind, task], ratios)
    return found


def fed_share(row: Row) -> float | None:
    """A step that is fed, in steps with a batch that stands still."""
    fed, still = row.ms(window_feeding.FED), row.ms(window_feeding.STILL)
    return fed / still if fed and still else None


if __name__ == "__main__":
    run(main)
