"""Exports a trained model to a bundle for onnxruntime, checked against Keras.

Run it with `python -m export.to_onnx RUN_OR_KERAS_FILE --out DIR`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from keras_rnn_kit.commands import run, starting_quietly

with starting_quietly():
    from keras_rnn_kit.exporting import export_onnx
    from keras_rnn_kit.exporting.conversion import OPSETS, TARGETS
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.runs import load_run


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the bundle and prints what the check found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a run folder, or a .keras file with its vocabulary.json")
    parser.add_argument("--out", required=True, help="the bundle's folder")
    parser.add_argument("--target", choices=TARGETS, default="cpu", help="where it is to be fast")
    parser.add_argument("--opset", type=int, default=OPSETS[-1], help="default: %(default)s")
    parser.add_argument("--overwrite", action="store_true", help="replace a folder that is there")
    arguments = parser.parse_args(argv)

    check_free(arguments.out, arguments.overwrite)
    model, encoder, report = load_run(arguments.model)
    print(f"Exporting {arguments.model} for {arguments.target}, opset {arguments.opset} ...")
    metrics = {name: value for name, value in report.items() if isinstance(value, int | float)}
    differences = export_onnx(
        model,
        arguments.out,
        encoder,
        target=arguments.target,
        opset=arguments.opset,
        metrics=metrics,
        overwrite=arguments.overwrite,
    )
    print("Checked in onnxruntime against Keras, largest difference relative to largest value:")
    for difference in differences:
        print(f"  {difference}")
    files = sorted(Path(arguments.out).iterdir())
    print("Wrote " + ", ".join(f"{file} ({file.stat().st_size:,} bytes)" for file in files))
    if (Path(arguments.out) / "step.onnx").is_file():
        print(f'Next: python -m export.generate {arguments.out} --prompt "The " --length 200')
    else:
        print(f'Next: python -m export.classify {arguments.out} "Not once was I bored."')
    return 0


if __name__ == "__main__":
    run(main)
