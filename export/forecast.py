"""Forecasts a series from a table with a bundle, on onnxruntime alone; prints CSV.

Run it with `python -m export.forecast BUNDLE --data FILE.csv --column NAME --steps K`.
"""

from collections.abc import Sequence

import numpy as np

from keras_rnn_kit.commands import bundle_parser, run
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.forecasts import PATHS
from keras_rnn_kit.runtime import Forecaster, read_bundle
from keras_rnn_kit.series_files import read_series, written


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line a step: its number from 1, each variable, and the ends of its interval."""
    parser = bundle_parser(__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a .csv or .tsv file, its rows in time")
    parser.add_argument(
        "--column", nargs="+", help="the variables that the model reads, in their order"
    )
    parser.add_argument("--encoding", default="utf-8", help="of the file")
    parser.add_argument("--steps", type=int, help="how many points (default: the horizon)")
    parser.add_argument("--share", type=float, help="of the points that the interval is to hold")
    parser.add_argument("--paths", type=int, default=PATHS, help="sampled for the interval")
    parser.add_argument("--seed", type=int, default=0, help="of the paths")
    arguments = parser.parse_args(argv)

    model = Forecaster(read_bundle(arguments.bundle), arguments.provider)
    features = model.forecasting.features
    if arguments.column is not None and len(arguments.column) != features:
        raise KitError(
            f"--column must name the {features} variables that the model reads; received "
            f"{len(arguments.column)}. Pass those that it was trained on, in their order."
        )
    series = read_series(arguments.data, arguments.column, encoding=arguments.encoding)
    made = model.forecast(
        series,
        arguments.steps,
        share=arguments.share,
        paths=arguments.paths,
        seed=arguments.seed,
    )
    names = arguments.column or ["value"]
    columns, figures = ["step"], [np.arange(1, len(made.values) + 1)[:, None]]
    for k, target in enumerate(model.targets):
        columns.append(names[target])
        figures.append(made.values[:, k : k + 1])
        if made.lower is not None and made.upper is not None:
            columns += [f"{names[target]}_lower", f"{names[target]}_upper"]
            figures += [made.lower[:, k : k + 1], made.upper[:, k : k + 1]]
    for line in written(columns, np.concatenate(figures, axis=1).tolist()):
        print(line)
    return 0


if __name__ == "__main__":
    run(main)
