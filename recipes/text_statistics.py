"""Counts a corpus: Zipf's and Heaps' laws, lengths, unknown words by size of vocabulary.

Run it with `python -m recipes.text_statistics`; `--help` lists the options. The counting lives in
`keras_rnn_kit.text.statistics`, the picture in `keras_rnn_kit.plots`. TensorFlow is not needed.
"""

import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from keras_rnn_kit.commands import option, parse, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.folders import check_free, whole_folder
from keras_rnn_kit.pictures import plot_text_statistics
from keras_rnn_kit.reports import write_report
from keras_rnn_kit.text import Cleaning, text_statistics, texts

REPORT, PICTURE = "report.json", "statistics.png"
PAUSE = 5.0  # seconds between two lines of progress


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit running text."""

    data: str = option("python-docs", "python-docs, builtin, a path, tfds:NAME or hf:NAME")
    text_column: str | None = option(None, "where tables, JSON and data sets keep their texts")
    encoding: str = option("utf-8", "how the files are encoded")
    by: Literal["document", "line"] = option(
        "document", "lengths of the sentences of each document, or of lines as single texts"
    )
    tokenizer: Literal["words", "characters", "graphemes", "bytes"] = option(
        "words", "what a token is"
    )
    lower: bool = option(True, "count in lower case")
    max_n: int = option(3, "count n-grams up to this n; trigrams take the most memory")
    held_out: float = option(0.1, "share of tokens at the end, for the rate of unknown ones")
    first_rank: int = option(1, "Zipf's law is fitted from this rank")
    last_rank: int | None = option(None, "up to this one; else to the last seen 5 times or more")
    top: int = option(20, "most frequent n-grams that are listed")
    out: str = option("runs/text_statistics", "the folder to write")
    overwrite: bool = option(False, "replace a folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Counts, prints the tables, writes the folder."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    check_free(config.out, config.overwrite)
    started = time.perf_counter()
    stream = texts(
        config.data, by=config.by, encoding=config.encoding, text_column=config.text_column
    )
    found = text_statistics(
        stream,
        config.tokenizer,
        Cleaning("lower") if config.lower else None,
        lengths_of="texts" if config.by == "line" else "sentences",
        max_n=config.max_n,
        held_out=config.held_out,
        first_rank=config.first_rank,
        last_rank=config.last_rank,
        top=config.top,
        progress=progress(),
    )
    seconds = time.perf_counter() - started
    print(f"{config.data}, {config.tokenizer}, counted in {seconds:.1f} s.")
    if stream.skipped:
        print(f"Left out: {stream.skipped:,} empty {config.by}{'s' * (stream.skipped > 1)}.")
    print(f"\n{found}\n")

    report = {
        "data": config.data,
        "skipped": stream.skipped,
        **found.to_json(),
        "seconds": seconds,
        "config": dataclasses.asdict(config),
    }
    written = [REPORT]
    with whole_folder(config.out, config.overwrite) as folder:
        write_report(folder / REPORT, report)
        try:
            plot_text_statistics(found, folder / PICTURE)
            written.append(PICTURE)
        except KitError as error:  # without matplotlib; the figures stand all the same
            print(f"no picture: {error}", file=sys.stderr)
    print("Wrote " + ", ".join(str(Path(config.out) / name) for name in written))
    return 0


def progress() -> Callable[[int], None]:
    """Prints how many tokens are counted, at most every few seconds."""
    last = time.monotonic()

    def tell(tokens: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PAUSE:
            last = time.monotonic()
            print(f"{tokens:,} tokens so far", flush=True)

    return tell


if __name__ == "__main__":
    run(main)
