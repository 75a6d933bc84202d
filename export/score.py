"""Scores texts with a language model's bundle, on onnxruntime alone.

Run it with `python -m export.score BUNDLE [TEXT ...] [--file PATH]`; a whole file is one text.
"""

import json
from collections.abc import Sequence

import numpy as np

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import LanguageModel, read_bundle
from keras_rnn_kit.text.files import read_input


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line a text: perplexity, nats a token, tokens scored, the text; tab-separated."""
    parser = bundle_parser(__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="texts to score")
    parser.add_argument("--file", help="a file whose text is scored as one; - is standard input")
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, tokens' scores")
    arguments = parser.parse_args(argv)

    texts = [(text, " ".join(text.split())) for text in arguments.texts]
    if arguments.file is not None:
        texts.append((read_input(arguments.file, arguments.encoding), arguments.file))
    if not texts:
        raise KitError("there must be a text to score; received none. Pass TEXT or --file.")
    model = LanguageModel(read_bundle(arguments.bundle), arguments.provider)
    for text, shown in texts:
        scores = model.score(text)
        nats = -float(scores.mean())
        if arguments.json:
            found = {"text": shown, "perplexity": float(np.exp(nats)), "nats": nats}
            print(json.dumps({**found, "scores": scores.tolist()}, ensure_ascii=False), flush=True)
        else:
            print(f"{np.exp(nats):.4f}\t{nats:.4f}\t{len(scores)}\t{shown}", flush=True)
    return 0


if __name__ == "__main__":
    run(main)
