"""Text to batches: vocabularies, encoding, windows and corpora of the kit beside its peers.

Run it with `python -m benchmarks.text --text FILE,FILE`; what is run is in `text_sections.py`.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from benchmarks.report import Asked, Row, asked_table, check_arguments, chosen_of, noise, progress
from benchmarks.timing import write_json
from keras_rnn_kit.commands import option, parse, run, starting_quietly

with starting_quietly():
    from benchmarks.text_sections import SECTIONS, Effort
    from keras_rnn_kit.text import load_labelled, load_text


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take a quarter of an hour on two CPU cores."""

    text: str = option("python-docs", "texts with commas between them: files, or python-docs")
    labelled: str = option("builtin", "labelled texts whose padding is counted")
    megabytes: int = option(100, "each text is repeated to about so much in UTF-8")
    corpora: str = option("200,2000", "megabytes of the corpora on disk, of the first text")
    rounds: int = option(5, "how often each peer is timed")
    quick: bool = option(False, "a megabyte of each text, 2 rounds")
    only: str | None = option(None, f"sections with commas between them: {', '.join(SECTIONS)}")
    json: str = option("build/benchmarks/text.json", "the file to write")


def main(argv: Sequence[str] | None = None) -> int:
    """Checks that all peers agree, times them, prints tables and writes the JSON."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    check_arguments(config.rounds, config.json)
    chosen = chosen_of(config.only, list(SECTIONS), "sections")
    effort = Effort(
        texts={name: load_text(name) for name in config.text.split(",")},
        labelled=load_labelled(config.labelled)[0],
        megabytes=1 if config.quick else config.megabytes,
        corpora=[1] if config.quick else [int(size) for size in config.corpora.split(",")],
        rounds=min(config.rounds, 2) if config.quick else config.rounds,
        quick=config.quick,
    )
    sections: dict[str, Any] = {}
    asked: list[Asked] = []
    rows: list[Row] = []
    for name in chosen:
        progress(f"{name} ...")
        found = SECTIONS[name](effort)
        print(f"## {found.title}\n\n{found.text}\n", flush=True)
        sections[name] = found.json
        asked += found.asked
        rows += found.rows
        payload = {"sections": sections, "asked": [one.to_json() for one in asked]}
        settings = {"benchmark": "text", "config": dataclasses.asdict(config)}
        write_json(config.json, {**settings, **payload})  # an interrupted run keeps what it has
    print(f"{noise(rows)}\n\n## Asked\n\n{asked_table(asked)}\n\nWrote {config.json}")
    return 0


if __name__ == "__main__":
    run(main)
