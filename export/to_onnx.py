"""Exports a trained model to a bundle or one ONNX file, checked against Keras.

Run it with `python -m export.to_onnx RUN_OR_KERAS_FILE --out DIR_OR_FILE.onnx`.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.commands import run, starting_quietly
from keras_rnn_kit.errors import KitError

with starting_quietly():
    from keras_rnn_kit.exporting import export_onnx, export_onnx_file
    from keras_rnn_kit.exporting.conversion import OPSETS, TARGETS
    from keras_rnn_kit.exporting.kinds import kind_of
    from keras_rnn_kit.exporting.model_card import cost
    from keras_rnn_kit.exporting.onnx_file import SUFFIX
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.runs import load_model, load_run
    from keras_rnn_kit.runtime import read_bundle
    from keras_rnn_kit.runtime.difference import Difference
    from keras_rnn_kit.runtime.spec import PRECISIONS


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
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help="float16 for cuda, int8 for cpu (default: %(default)s)",
    )
    parser.add_argument(
        "--data", help="what a lower precision is measured on: a text, or labelled texts"
    )
    parser.add_argument(
        "--text-input", action="store_true", help="a classifier's text.onnx, which takes strings"
    )
    parser.add_argument("--opset", type=int, default=OPSETS[-1], help="default: %(default)s")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    arguments = parser.parse_args(argv)
    how = {name: getattr(arguments, name) for name in ("target", "opset", "overwrite")}
    print(
        f"Exporting {arguments.model} for {arguments.target} in {arguments.precision}, opset "
        f"{arguments.opset} ..."
    )
    if Path(arguments.out).suffix != SUFFIX:
        how |= {"precision": arguments.precision, "text_input": arguments.text_input}
        return _bundle(arguments.model, arguments.out, arguments.data, how)
    if arguments.precision != "float32" or arguments.data is not None or arguments.text_input:
        raise KitError(
            "--precision, --data and --text-input are for bundles; received an output file. Pass a "
            "folder as --out, for a language model or text classifier of this kit."
        )
    return _file(arguments.model, arguments.out, how)


def _file(source: str, out: str, how: dict[str, Any]) -> int:
    _report(export_onnx_file(load_model(source), out, **how), [Path(out)])
    return 0


def _bundle(source: str, out: str, data: str | None, how: dict[str, Any]) -> int:
    check_free(out, how["overwrite"])
    model, encoder, report = load_run(source)
    kind = kind_of(model)
    loaded: Any = data
    if data is not None and kind.measure is not None:  # else the export says what is wrong
        loaded = kind.measure.load(data)
    metrics = {name: value for name, value in report.items() if isinstance(value, int | float)}
    differences = export_onnx(model, out, encoder, data=loaded, metrics=metrics, **how)
    _report(differences, sorted(Path(out).iterdir()))
    spec = read_bundle(out).spec
    if spec.measured:
        print(f"Measured: {cost(dataclasses.asdict(spec))}")
    label = f' --label "{spec.labels[0]}"' if spec.labels else ""
    print(f"Next: {kind.card.command.format(out=out, label=label)}")
    return 0


def _report(differences: Sequence[Difference], files: Sequence[Path]) -> None:
    print("Checked in onnxruntime against Keras, largest difference relative to largest value:")
    for difference in differences:
        print(f"  {difference}")
    print("Wrote " + ", ".join(f"{file} ({file.stat().st_size:,} bytes)" for file in files))


if __name__ == "__main__":
    run(main)
