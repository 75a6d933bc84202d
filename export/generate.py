"""Generates text from a bundle, on onnxruntime alone.

Run it with `python -m export.generate BUNDLE --prompt TEXT --length N`.
"""

import sys
from collections.abc import Sequence

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.runtime import LanguageModel, read_bundle


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the prompt and, as it is sampled, its continuation."""
    parser = bundle_parser(__doc__.splitlines()[0])
    parser.add_argument("--prompt", required=True, help="the text to go on with")
    parser.add_argument("--length", type=int, required=True, help="how many tokens to sample")
    parser.add_argument("--temperature", type=float, default=0.8, help="0 takes the likeliest")
    parser.add_argument("--top-k", type=int, help="sample from the K likeliest tokens only")
    parser.add_argument("--top-p", type=float, help="... from the likeliest that hold mass P")
    parser.add_argument("--seed", type=int, help="makes the text repeatable")
    parser.add_argument("--label", help="of a conditional model: in whose manner it writes")
    parser.add_argument("--stop", help="a token that ends the text, such as a line break")
    parser.add_argument(
        "--text-length",
        type=int,
        help="of a model that counts it down: the text's tokens, prompt included (default: drawn)",
    )
    arguments = parser.parse_args(argv)

    model = LanguageModel(read_bundle(arguments.bundle), arguments.provider)
    unknown = model.encoder.unknown(arguments.prompt)
    pieces = model.stream(
        arguments.prompt,
        arguments.length,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        seed=arguments.seed,
        stop=arguments.stop,
        label=arguments.label,
        text_length=arguments.text_length,
    )
    if unknown:
        print(f"note: read as <unk>: {' '.join(map(repr, unknown))}", file=sys.stderr)
    sys.stdout.write(arguments.prompt)
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    run(main)
