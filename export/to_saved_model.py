"""Exports a trained model to a SavedModel, for TensorFlow without Keras or this kit.

Run it with `python -m export.to_saved_model RUN_OR_KERAS_FILE --out DIR`.
"""

import argparse
from collections.abc import Sequence

from keras_rnn_kit.commands import run, starting_quietly

with starting_quietly():
    from keras_rnn_kit.exporting import export_saved_model
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.runs import load_run


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the SavedModel and prints its signatures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a run folder, or a .keras file with its vocabulary.json")
    parser.add_argument("--out", required=True, help="the SavedModel's folder")
    parser.add_argument(
        "--version", type=int, help="write OUT/VERSION, for TensorFlow Serving; 1 or more"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a folder that is there")
    arguments = parser.parse_args(argv)

    out = arguments.out if arguments.version is None else f"{arguments.out}/{arguments.version}"
    check_free(out, arguments.overwrite)
    model, encoder, _ = load_run(arguments.model)
    print(f"Exporting {arguments.model} ...")
    signatures = export_saved_model(
        model,
        arguments.out,
        encoder,
        version=arguments.version,
        overwrite=arguments.overwrite,
    )
    print(f"Wrote {out}, with the signatures {', '.join(signatures)}")
    served = "serve_text" if "serve_text" in signatures else signatures[0]
    print(f'Next: tf.saved_model.load("{out}").signatures["{served}"]')
    return 0


if __name__ == "__main__":
    run(main)
