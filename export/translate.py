"""Translates texts with a bundle, on onnxruntime alone.

Run it with `python -m export.translate BUNDLE [TEXT ...] [--file PATH]`; one line of the file is
one text.
"""

import json
import sys
from collections.abc import Sequence

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Translator, read_bundle
from keras_rnn_kit.text.given import given_texts


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what the model writes for each text, a line each."""
    parser = bundle_parser(__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="texts to translate")
    parser.add_argument("--file", help="a file of texts, one a line; - is standard input")
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    parser.add_argument("--beam", type=int, default=4, help="hypotheses kept (default: 4)")
    parser.add_argument(
        "--length-penalty", type=float, default=0.6, help="0 favors short ones (default: 0.6)"
    )
    parser.add_argument("--max-length", type=int, help="the most tokens of a translation")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, with the score")
    arguments = parser.parse_args(argv)

    if not arguments.texts and arguments.file is None:
        raise KitError("there must be a text to translate; received none. Pass TEXT or --file.")
    model = Translator(read_bundle(arguments.bundle), arguments.provider)
    count = 0
    for texts in given_texts(arguments.texts, arguments.file, arguments.encoding):
        count += len(texts)
        found = model.search(
            texts,
            beam=arguments.beam,
            length_penalty=arguments.length_penalty,
            max_length=arguments.max_length,
        )
        for text, (ids, score) in zip(texts, found, strict=True):
            written = model.target_encoder.decode(ids)
            if arguments.json:
                line = {"text": text, "translation": written, "score": score}
                print(json.dumps(line, ensure_ascii=False))
            else:
                print(" ".join(written.split()))
        sys.stdout.flush()
    if not count:
        raise KitError(f"there must be a text to translate; {arguments.file} holds none.")
    return 0


if __name__ == "__main__":
    run(main)
