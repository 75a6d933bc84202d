"""Tags texts with a bundle, on onnxruntime alone.

Run it with `python -m export.tag BUNDLE [TEXT ...] [--file PATH]`; one line of the file is one
text. `--restore` gives texts their capitals and punctuation back.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Tagger, read_bundle
from keras_rnn_kit.text.given import given_texts
from keras_rnn_kit.text.punctuation import TAGS, restore, tagged_text


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line a text: each token and its tag, `token/tag`; or the restored text."""
    parser = bundle_parser(__doc__.splitlines()[0])
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="texts to tag")
    parser.add_argument("--file", help="a file of texts, one a line; - is standard input")
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    parser.add_argument(
        "--restore",
        action="store_true",
        help="print the texts with the capitals and punctuation of the tags in place of their own",
    )
    arguments = parser.parse_args(argv)

    if not arguments.texts and arguments.file is None:
        raise KitError("there must be a text to tag; received none. Pass TEXT or --file.")
    model = Tagger(read_bundle(arguments.bundle), arguments.provider)
    if arguments.restore and not set(model.labels) <= set(TAGS):
        raise KitError(
            "--restore needs a tagger of capitals and punctuation; received one of "
            f"{', '.join(model.labels)}. Leave --restore out."
        )
    count = 0
    for texts in given_texts(arguments.texts, arguments.file, arguments.encoding):
        count += len(texts)
        read = texts
        if arguments.restore:  # what the texts have of their own would be read as words
            read = [" ".join(tagged_text(text).words) for text in texts]
        for text, pairs in zip(texts, model.tag(read), strict=True):
            print(_shown(text, pairs, arguments.restore, arguments.json))
        sys.stdout.flush()
    if not count:
        raise KitError(f"there must be a text to tag; {arguments.file} holds none.")
    return 0


def _shown(text: str, pairs: list[tuple[str, str]], restored: bool, as_json: bool) -> str:
    tokens, tags = [token for token, _ in pairs], [tag for _, tag in pairs]
    if as_json:
        found: dict[str, Any] = {"text": text, "tokens": tokens, "tags": tags}
        if restored:
            found["restored"] = restore(tokens, tags)
        return json.dumps(found, ensure_ascii=False)
    return restore(tokens, tags) if restored else " ".join(f"{one}/{tag}" for one, tag in pairs)


if __name__ == "__main__":
    run(main)
