"""Classifies texts with a bundle, on onnxruntime alone.

Run it with `python -m export.classify BUNDLE [TEXT ...] [--file PATH]`; one line of the file is
one text.
"""

import json
import sys
from collections.abc import Sequence

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Classifier, read_bundle
from keras_rnn_kit.text.given import given_texts

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
    given = given_texts(arguments.texts, arguments.file, arguments.encoding, _TOGETHER)
    for texts in given:
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


if __name__ == "__main__":
    run(main)
