"""Encodes texts of any size into a corpus on disk, which `recipes.char_lm` can train on.

Run it with `python -m recipes.prepare_corpus --data SOURCE --out FOLDER`; `--help` lists the
options. After Ctrl-C, a kill or a full disk the same command goes on where it was. TensorFlow is
not needed. The pieces live in `keras_rnn_kit.text`.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from keras_rnn_kit.commands import option, parse, run
from keras_rnn_kit.cores import available_cores
from keras_rnn_kit.folders import check_free
from keras_rnn_kit.text import (
    Corpus,
    TextEncoder,
    repair_corpus,
    texts,
    write_corpus,
)
from keras_rnn_kit.text.corpus.corpus import work_folder
from keras_rnn_kit.text.corpus.index import has_index
from keras_rnn_kit.text.corpus.progress import ProgressLine, source_bytes, source_files
from keras_rnn_kit.text.corpus.shards import SHARD_TOKENS, Progress
from keras_rnn_kit.text.corpus.writer import interrupted_encoder
from keras_rnn_kit.text.reading.streams import Texts


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults suit a character model of one large file."""

    data: str = option("python-docs", "python-docs, a text file or folder, tfds:NAME or hf:NAME")
    encoding: str = option("utf-8", "how the files are encoded")
    by: Literal["document", "line"] = option("document", "what <eos> ends, and is one text")
    text_column: str | None = option(None, "the column of a table or data set that holds the text")
    split: str | None = option(None, "the split of a data set; train if none is named")
    tokenizer: Literal["characters", "words", "graphemes", "bytes", "subwords"] = option(
        "characters", "what a token is, where the vocabulary is built here"
    )
    vocabulary: str | None = option(
        None, "a vocabulary.json, with its tokenizer; else one is built in a first pass"
    )
    max_size: int | None = option(None, "most tokens in a vocabulary that is built")
    min_frequency: int = option(1, "tokens seen less often are left out of it")
    eos: bool = option(True, "put <eos> behind each document")
    shard_tokens: int = option(SHARD_TOKENS, "ids in each file of the corpus")
    workers: int = option(available_cores(), "processes that encode")
    out: str = option("runs/corpus", "the folder to write")
    overwrite: bool = option(False, "replace a folder that is there")
    repair: bool = option(False, "write only the shards of --out that are damaged or missing anew")


def main(argv: Sequence[str] | None = None) -> int:
    """Builds the vocabulary, encodes, says what was written; 0, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    stream = texts(
        config.data,
        by=config.by,
        encoding=config.encoding,
        text_column=config.text_column,
        split=config.split,
    )
    try:
        return repair(config, stream) if config.repair else prepare(config, stream)
    except KeyboardInterrupt:
        work = work_folder(config.out)
        kept = f"What is finished waits in {work}. " if has_index(work) else ""
        print(f"\ninterrupted. {kept}Run the same command again to go on.", file=sys.stderr)
        return 130


def prepare(config: Config, stream: Texts) -> int:
    """Writes the corpus, from where an interrupted run left it."""
    check_free(config.out, config.overwrite)
    total = source_bytes(config.data, config.encoding)
    source = source_of(config)
    if config.vocabulary is not None:
        encoder = TextEncoder.load(config.vocabulary)
    elif found := interrupted_encoder(config.out, source, config.overwrite):
        encoder = found
        print(f"Going on with what is in {work_folder(config.out)}.")
    else:
        line = ProgressLine("Counting tokens", total)
        encoder = TextEncoder.build(
            line.watch(stream.pieces()),
            tokenizer=config.tokenizer,
            max_size=config.max_size,
            min_frequency=config.min_frequency,
            workers=config.workers,
        )
        line.clear()
    print(f"The vocabulary has {len(encoder.vocabulary):,} tokens ({encoder.tokenizer!r}).")

    line = ProgressLine("Encoding", total)

    def progress(so_far: Progress) -> None:
        more = f"{so_far.tokens:,} tokens, {so_far.shards} shards"
        line.tell(so_far.bytes, more, so_far.passed)

    corpus = write_corpus(
        stream,
        encoder,
        config.out,
        shard_tokens=config.shard_tokens,
        eos=config.eos,
        workers=config.workers,
        source=source,
        overwrite=config.overwrite,
        progress=progress,
    )
    line.clear()
    report(corpus, stream.skipped)
    return 0


def repair(config: Config, stream: Texts) -> int:
    """Writes damaged shards anew."""
    mended = repair_corpus(stream, config.out)
    print("Wrote anew: " + (", ".join(mended) or "nothing, every shard is as it was written"))
    Corpus.open(config.out)
    return 0


def source_of(config: Config) -> dict[str, Any]:
    """What an interrupted run must agree on to be gone on with."""
    names = ["encoding", "by", "text_column", "split"]
    if config.vocabulary is None:
        names += ["tokenizer", "max_size", "min_frequency"]
    chosen = {name: getattr(config, name) for name in names}
    return {"data": source_files(config.data) or config.data, **chosen}


def report(corpus: Corpus, skipped: int) -> None:
    """What was written, how much of it the vocabulary lacks, and what to do next."""
    index = corpus.index
    size = sum(path.stat().st_size for path in corpus.files)
    print(
        f"Wrote {corpus.folder}: {index.tokens:,} tokens of {index.documents:,} documents and "
        f"{index.characters:,} characters, {len(index.shards)} shards of {index.dtype}, "
        f"{size / 1e6:,.1f} MB."
    )
    if skipped:
        print(f"{skipped:,} empty texts were left out.")
    print(f"Out-of-vocabulary rate: {index.unknown_rate:.4%} ({index.unknown:,} tokens are <unk>).")
    print(f"Next: python -m recipes.char_lm --data {Path(corpus.folder)}")


if __name__ == "__main__":
    run(main)
