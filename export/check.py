"""Checks a bundle where it is to run, on onnxruntime alone.

Run it with `python -m export.check BUNDLE`: it repeats the export's check from what was recorded.
"""

from collections.abc import Sequence

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.runtime.check import check_bundle


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the largest difference of every output."""
    parser = bundle_parser(__doc__.splitlines()[0])
    arguments = parser.parse_args(argv)
    differences = check_bundle(arguments.bundle, arguments.provider)
    print("Largest difference from what Keras gave, relative to the largest value:")
    for difference in differences:
        print(f"  {difference}")
    print(f"{arguments.bundle} is whole, and gives on this machine what it gave when exported.")
    return 0


if __name__ == "__main__":
    run(main)
