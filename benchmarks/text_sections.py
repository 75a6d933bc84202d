"""The sections of the text benchmark: each runs its cases and returns its table."""

import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from benchmarks import corpus_streaming, grid, text_padding, text_peers, window_feeding
from benchmarks.peers import OURS
from benchmarks.report import Asked, Row, at_least, at_most, progress, rows_table
from benchmarks.text_peers import Kind
from benchmarks.timing import alternate
from keras_rnn_kit.text import TextEncoder, WordTokenizer

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
class Effort:
    """What is run, and how much of it."""

    texts: Mapping[str, str]
    labelled: Sequence[str]
    megabytes: int
    corpora: Sequence[int]
    rounds: int
    quick: bool

    @functools.cached_property
    def ids(self) -> Any:
        """The first text in characters."""
        text = next(iter(self.texts.values()))
        return TextEncoder.build(text).encode(text)


@dataclasses.dataclass(frozen=True)
class Found:
    """What a section found, and how it is shown."""

    title: str
    text: str
    json: Any
    asked: Sequence[Asked]
    rows: Sequence[Row] = ()


def tokens(kind: Kind, effort: Effort) -> Found:
    """Learning a vocabulary and encoding, beside all peers."""
    rows = []
    for name, text in effort.texts.items():
        for row in text_rows(kind, name, text, effort.megabytes, effort.rounds):
            rows.append(row)
            progress(str(row))
    text = rows_table(rows, text_peers.PEERS)
    return _of_rows(f"{kind}, ms for a megabyte", text, rows, asked_of(kind, rows))


def windows(effort: Effort) -> Found:
    """An epoch of windows, beside the tutorial's pipeline."""
    batches = 20 if effort.quick else 500
    row = window_feeding.windows_row(effort.ids, rounds=effort.rounds, batches=batches)
    progress(str(row))
    ratios = {"": row.ratio(window_feeding.TUTORIAL)}
    asked = at_least("windows: the tutorial's pipeline / kit", 8, ratios)
    text = rows_table([row], window_feeding.PEERS)
    return _of_rows("windows, ms for a million tokens", text, [row], asked)


def brake(effort: Effort) -> Found:
    """A train step that is fed, beside one that is not."""
    rows = []
    for shape in grid.TRAINING[: 1 if effort.quick else 2]:
        steps = 20 if effort.quick else 1000  # an epoch of a small text
        rows.append(window_feeding.brake_row(effort.ids, shape, rounds=effort.rounds, steps=steps))
        progress(str(rows[-1]))
    shares = {str(row.case["B, T, E, H"]): fed_share(row) for row in rows}
    text = rows_table(rows, (window_feeding.FED, window_feeding.STILL))
    title = "a train step, with windows and with a batch that stands still"
    return _of_rows(title, text, rows, at_most("brake: fed / still", 1.03, shares))


def padding(effort: Effort) -> Found:
    """What is padding in batches of a few lengths."""
    found = text_padding.paddings(effort.labelled)
    json = [dataclasses.asdict(one) for one in found]
    return Found("padding", text_padding.padding_table(found), json, text_padding.asked_of(found))


def corpus(effort: Effort) -> Found:
    """Corpora on disk, prepared and read."""
    text, found = next(iter(effort.texts.values())), []
    for size in effort.corpora:
        found.append(corpus_streaming.streaming(text, size))
        progress(str(found[-1]))
    json = [dataclasses.asdict(one) for one in found]
    shown, asked = corpus_streaming.streaming_table(found), corpus_streaming.asked_of(found)
    return Found("corpora on disk", shown, json, asked)


SECTIONS: dict[str, Callable[[Effort], Found]] = {
    "characters": functools.partial(tokens, "characters"),
    "words": functools.partial(tokens, "words"),
    "windows": windows,
    "brake": brake,
    "padding": padding,
    "corpus": corpus,
}


def _of_rows(title: str, text: str, rows: Sequence[Row], asked: Sequence[Asked]) -> Found:
    return Found(title, text, [row.to_json() for row in rows], asked, rows)


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
