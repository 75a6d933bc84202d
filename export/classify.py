"""Classifies texts with a bundle, on onnxruntime alone.

Run it with `python -m export.classify BUNDLE [TEXT ...] [--file PATH]`; one line of the file is
one text.
"""

import itertools
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Classifier, read_bundle
from keras_rnn_kit.text.files import input_lines

_TOGETHER = 256  # lines of a file that are judged at once


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line a text: label, its probability, the text; tab-separated."""
    parser = bundle_parser(__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="texts to classify")
    parser.add_argument("--file", help="a file of texts, one a line; - is standard input")
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, every label's")
    arguments = parser.parse_args(argv)

    if not arguments.texts and arguments.file is None:
        raise KitError("there must be a text to classify; received none. Pass TEXT or --file.")
    model = Classifier(read_bundle(arguments.bundle), arguments.provider)
    count = 0
    for texts in _batches(arguments.texts, arguments.file, arguments.encoding):
        count += len(texts)
        for text, row in zip(texts, model.predict_proba(texts), strict=True):
            best = int(row.argmax())
            if arguments.json:
                shares = dict(zip(model.labels, row.tolist(), strict=True))
                found = {"text": text, "label": model.labels[best], "probabilities": shares}
                print(json.dumps(found, ensure_ascii=False))
            else:
                print(f"{model.labels[best]}\t{row[best]:.3f}\t{' '.join(text.split())}")
        sys.stdout.flush()
    if not count:
        raise KitError(f"there must be a text to classify; {arguments.file} holds none.")
    return 0


def _batches(texts: list[str], file: str | None, encoding: str) -> Iterator[list[str]]:
    if texts:
        yield texts
    if file is None:
        return
    lines, size = input_lines(file, encoding), 1 if file == "-" and _waits() else _TOGETHER
    while batch := list(itertools.islice(lines, size)):
        yield batch


def _waits() -> bool:
    """Whether what writes to us, line by line, may wait for the answer to each."""
    try:
        return not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    except OSError:  # standard input that is no file of the system's
        return False


if __name__ == "__main__":
    run(main)
