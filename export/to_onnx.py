"""Exports a trained model to a bundle or one ONNX file, checked against Keras.

Run it with `python -m export.to_onnx RUN_OR_KERAS_FILE --out DIR_OR_FILE.onnx`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.commands import run, starting_quietly

with starting_quietly():
    from keras_rnn_kit.exporting import export_onnx, export_onnx_file
    from keras_rnn_kit.exporting.conversion import OPSETS, TARGETS
    from keras_rnn_kit.exporting.onnx_file import SUFFIX
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.runs import load_model, load_run
    from keras_rnn_kit.runtime.difference import Difference


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the bundle and prints what the check found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "model", help="a run folder, or a .keras file: for a bundle one of this kit"
    )
    parser.add_argument(
        "--out", required=True, help="the bundle's folder, or FILE.onnx for any Keras model"
    )
    parser.add_argument("--target", choices=TARGETS, default="cpu", help="where it is to be fast")
    parser.add_argument("--opset", type=int, default=OPSETS[-1], help="default: %(default)s")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    arguments = parser.parse_args(argv)
    how = {name: getattr(arguments, name) for name in ("target", "opset", "overwrite")}
    print(f"Exporting {arguments.model} for {arguments.target}, opset {arguments.opset} ...")
    if Path(arguments.out).suffix == SUFFIX:
        return _file(arguments.model, arguments.out, how)
    return _bundle(arguments.model, arguments.out, how)


def _file(source: str, out: str, how: dict[str, Any]) -> int:
    _report(export_onnx_file(load_model(source), out, **how), [Path(out)])
    return 0


def _bundle(source: str, out: str, how: dict[str, Any]) -> int:
    check_free(out, how["overwrite"])
    model, encoder, report = load_run(source)
    metrics = {name: value for name, value in report.items() if isinstance(value, int | float)}
    differences = export_onnx(model, out, encoder, metrics=metrics, **how)
    _report(differences, sorted(Path(out).iterdir()))
    if (Path(out) / "step.onnx").is_file():
        print(f'Next: python -m export.generate {out} --prompt "The " --length 200')
    else:
        print(f'Next: python -m export.classify {out} "Not once was I bored."')
    return 0


def _report(differences: Sequence[Difference], files: Sequence[Path]) -> None:
    print("Checked in onnxruntime against Keras, largest difference relative to largest value:")
    for difference in differences:
        print(f"  {difference}")
    print("Wrote " + ", ".join(f"{file} ({file.stat().st_size:,} bytes)" for file in files))


if __name__ == "__main__":
    run(main)
