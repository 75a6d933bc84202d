"""Scores texts with a language model's bundle, on onnxruntime alone.

Run it with `python -m export.score BUNDLE [TEXT ...] [--file PATH]`; a whole file is one text, or
each of its lines with `--lines`.
"""

import json
from collections.abc import Iterator, Sequence

import numpy as np

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import LanguageModel, read_bundle
from keras_rnn_kit.text.files import input_lines, read_input


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line a text: perplexity, nats a token, tokens scored, the text; tab-separated."""
    parser = bundle_parser(__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="texts to score")
    parser.add_argument("--file", help="a file whose text is scored as one; - is standard input")
    parser.add_argument("--lines", action="store_true", help="score each line of the file")
    parser.add_argument("--label", help="of a conditional model: what the texts begin from")
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, tokens' scores")
    arguments = parser.parse_args(argv)

    if not arguments.texts and arguments.file is None:
        raise KitError("there must be a text to score; received none. Pass TEXT or --file.")
    model = LanguageModel(read_bundle(arguments.bundle), arguments.provider)
    for text, shown in _texts(arguments.texts, arguments.file, arguments.lines, arguments.encoding):
        scores = model.score(text, arguments.label)
        nats = -float(scores.mean())
        if arguments.json:
            found = {"text": shown, "perplexity": float(np.exp(nats)), "nats": nats}
            print(json.dumps({**found, "scores": scores.tolist()}, ensure_ascii=False), flush=True)
        else:
            print(f"{np.exp(nats):.4f}\t{nats:.4f}\t{len(scores)}\t{shown}", flush=True)
    return 0


def _texts(
    texts: list[str], file: str | None, by_line: bool, encoding: str
) -> Iterator[tuple[str, str]]:
    """Each text and what it is called in the output: itself on one line, or its file's name."""
    yield from ((text, " ".join(text.split())) for text in texts)
    if file is not None and by_line:
        yield from ((line, " ".join(line.split())) for line in input_lines(file, encoding))
    elif file is not None:
        yield read_input(file, encoding), file


if __name__ == "__main__":
    run(main)
