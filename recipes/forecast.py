"""Trains forecasters of a series: error by steps ahead, linear, feed-forward and recurrent.

Run it with `python -m recipes.forecast`; `--help` lists the options. The pieces live in
`keras_rnn_kit.data` and `.models`. After "Working with Sequences" of Dive into Deep Learning.
"""

import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from keras_rnn_kit.commands import option, parse, run, starting_quietly, whole_numbers
from keras_rnn_kit.errors import KitError

with starting_quietly():
    import keras
    import numpy as np

    from keras_rnn_kit.arguments import positive_integer
    from keras_rnn_kit.data import (
        SeriesScaler,
        fill_gaps,
        find_period,
        series_examples,
        series_windows,
    )
    from keras_rnn_kit.folders import check_free
    from keras_rnn_kit.forecasts import Forecast
    from keras_rnn_kit.models import Forecaster
    from keras_rnn_kit.pictures.forecast import plot_errors, plot_forecasts
    from keras_rnn_kit.runs import save_run
    from keras_rnn_kit.series_files import read_series
    from keras_rnn_kit.training import NormalLoss, PinballLoss

SINE = "sine"
SINE_PERIOD = 628  # of sin(0.01 t): too long for 600 points to show it
QUANTILES = (0.1, 0.5, 0.9)
OWN_STEPS = 16  # over which a model is trained on its own predictions


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults are the book's series, on two CPU cores."""

    data: str = option(SINE, "sine: sin(0.01 t) + 0.2 N(0, 1), or a .csv or .tsv file")
    column: str | None = option(None, "the column of the file, if it has several")
    fill: Literal["none", "linear", "previous"] = option(
        "none", "fill gaps, by a straight line or with the value before; else they are refused"
    )
    points: int = option(1000, "points of the sine")
    train: float = option(0.6, "share of the points that is trained on, the first ones")
    window: int = option(4, "τ, how many points a forecast sees")
    steps: str = option("1,4,16,64", "k, how many steps ahead")
    period: int | None = option(
        None, "of the seasonal baseline; else found in the training part (the sine's is known)"
    )
    models: str = option(
        "linear,mlp,GRU",
        "what is compared: linear, mlp, cells; the first samples paths, the last has quantiles",
    )
    units: int = option(32, "width H of the hidden layers")
    batch_size: int = option(16, "windows B in a batch")
    epochs: int = option(30, "passes over the training part")
    learning_rate: float = option(2e-2, "Adam's first step size; it falls to 0 by a cosine")
    paths: int = option(100, "futures that are sampled for an interval")
    keep: str | None = option(
        None, "the model that is saved, by its name in print; else the one that samples paths"
    )
    seed: int = option(0, "of the noise, the weights and the batches")
    out: str = option("runs/forecast", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Trains, measures, draws, writes the run folder."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    positive_integer("epochs", config.epochs)
    check_free(config.out, config.overwrite)
    keras.utils.set_random_seed(config.seed)
    started = time.perf_counter()

    series, filled = load(config)
    steps = sorted(set(whole_numbers("--steps", config.steps)))
    far, train = steps[-1], round(config.train * len(series))
    _check_lengths(config, len(series), train, far)
    period = config.period or (SINE_PERIOD if config.data == SINE else find_period(series[:train]))
    print(
        f"{config.data}: {len(series):,} points, {filled:,} of them filled; {train:,} to train, "
        f"τ = {config.window}. Every k is measured on the same points, {train - 1 + far:,} to "
        f"{len(series) - 1:,}."
    )

    scaler = SeriesScaler.fit(series[:train])
    settings = models_of([name.strip() for name in config.models.split(",")], far)
    keep = next(reversed(settings)) if config.keep is None else config.keep
    if keep not in settings:
        raise KitError(
            f"--keep must name one of the models, {'; '.join(settings)}; received {keep!r}."
        )
    models = {
        name: Forecaster(recurrence, config.window, units=config.units, scaler=scaler, **arguments)
        for name, (recurrence, arguments, _) in settings.items()
    }
    history: dict[str, list[float]] = {}
    for name, model in models.items():
        seconds, losses = fit(model, settings[name][2], series[:train], config)
        history = losses if name == keep else history
        print(f"{name}: {model.count_params():,} parameters, {seconds:.1f} s to train.", flush=True)

    # Forecasts after each point from τ − 1 on; those after the training part count.
    windows, _ = series_examples(series, config.window)  # [N, τ, 1]
    first = train - config.window
    errors: dict[str, np.ndarray] = {}
    ahead: dict[str, np.ndarray] = {}
    coverage: dict[str, Any] = {}
    for name, model in models.items():
        made = model.forecast(windows[first:], far, paths=config.paths, seed=config.seed)
        errors[name] = differences(series, made.values[..., 0], train, far)
        if made.lower is not None:
            coverage[name] = covered(series, made, train, far)
        elif model.multi_step == "iterated":
            ahead[name] = model.forecast(windows, far).values[..., 0]
    errors |= baselines(series, train, far, period)
    multistep = {name: continued(models[name], series, train) for name in ahead}
    intervals = {
        name: models[name].forecast(series[:train], far, paths=config.paths, seed=config.seed)
        for name in coverage
    }

    figures = {name: (_mae(each), _rmse(each)) for name, each in errors.items()}
    report: dict[str, Any] = {
        "data": config.data,
        "points": len(series),
        "filled": filled,
        "train_points": train,
        "measured_points": len(series) - train + 1 - far,
        "period": period,
        "mae": {name: _at(steps, mae) for name, (mae, _) in figures.items()},
        "rmse": {name: _at(steps, rmse) for name, (_, rmse) in figures.items()},
        "coverage": {name: _at(steps, shares) for name, shares in coverage.items()},
        "mean_coverage": {name: float(shares.mean()) for name, shares in coverage.items()},
        "parameters": {name: model.count_params() for name, model in models.items()},
        "seconds": time.perf_counter() - started,
        "config": dataclasses.asdict(config),
    }
    files = save_run(config.out, models[keep], None, report, history, overwrite=config.overwrite)
    files += [Path(config.out) / name for name in ("forecasts.png", "errors.png")]
    plot_forecasts(series, train, config.window, ahead, multistep, steps, intervals, files[-2])
    plot_errors({name: rmse for name, (_, rmse) in figures.items()}, files[-1], marked=steps)
    print(table("Mean absolute error by k", steps, report["mae"]))
    print(table("Root mean squared error by k", steps, report["rmse"]))
    if period is None or "seasonal (baseline)" not in errors:
        print("No seasonal baseline: no period is known, or the series is too short for it.")
    wanted = QUANTILES[-1] - QUANTILES[0]
    print(table(f"Share of the points inside the {wanted:.0%} interval", steps, report["coverage"]))
    print(f"{report['seconds']:.0f} s.")
    print("Wrote " + ", ".join(map(str, files)) + f"; {files[0].name} is '{keep}'.")
    print(f"Next: python -m export.to_onnx {config.out} --out {config.out}/bundle")
    return 0


def models_of(recurrences: Sequence[str], far: int) -> dict[str, tuple[str, dict[str, Any], Any]]:
    """By name, the recurrence, the arguments and the loss of each model."""
    models: dict[str, tuple[str, dict[str, Any], Any]] = {}
    for recurrence in recurrences:
        models[f"{recurrence}, iterated"] = (recurrence, {"multi_step": "iterated"}, "mse")
        models[f"{recurrence}, direct"] = (recurrence, {"horizon": far}, "mse")
    first, last = recurrences[0], recurrences[-1]
    own = {"multi_step": "iterated", "horizon": min(far, OWN_STEPS)}
    models[f"{last}, iterated, {own['horizon']} steps"] = (last, own, "mse")
    by_quantiles = {"horizon": far, "quantiles": QUANTILES}
    models[f"{last}, direct, quantiles"] = (last, by_quantiles, PinballLoss(QUANTILES))
    normal = {"multi_step": "iterated", "distribution": "normal"}
    models[f"{first}, iterated, normal"] = (first, normal, NormalLoss())
    return models


def load(config: Config) -> tuple[np.ndarray, int]:
    """The series `[T]`, and how many of its points were filled."""
    if config.data == SINE:
        t = np.arange(1, positive_integer("points", config.points) + 1)
        noise = np.random.default_rng(config.seed).standard_normal(len(t))
        return np.sin(0.01 * t) + 0.2 * noise, 0
    series = read_series(config.data, None if config.column is None else [config.column])[:, 0]
    if config.fill != "none":
        filled = fill_gaps(series, config.fill)
        return filled.series, filled.values
    missing = np.flatnonzero(np.isnan(series))
    if missing.size:
        raise KitError(
            f"a series must have a value at every point; received {missing.size} gaps in "
            f"{config.data}, the first at point {missing[0]}. Pass --fill linear or --fill "
            "previous."
        )
    return series, 0


def fit(
    model: Forecaster, loss: Any, series: np.ndarray, config: Config
) -> tuple[float, dict[str, list[float]]]:
    """Trains a model on all windows of the series; the seconds and the losses."""
    keras.utils.set_random_seed(config.seed)
    windows = series_windows(
        series,
        window=config.window,
        horizon=model.horizon,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    total = int(windows.cardinality()) * config.epochs
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, total)
    model.compile(keras.optimizers.Adam(schedule), loss)
    started = time.perf_counter()
    history = model.fit(windows, epochs=config.epochs, shuffle=False, verbose=0).history
    if not math.isfinite(history["loss"][-1]):
        raise KitError(
            f"training must end with a finite loss; received {history['loss'][-1]}. Pass a "
            "smaller --learning-rate."
        )
    return time.perf_counter() - started, history


def differences(series: np.ndarray, forecasts: np.ndarray, train: int, far: int) -> np.ndarray:
    """Forecast less truth for the same N points at every k, `[N, h]`.

    `forecasts [M, h]` were made after the points from `train − 1` on.
    """
    points = np.arange(train - 1 + far, len(series))  # [N]
    k = np.arange(1, far + 1)
    made = forecasts[points[:, None] - k - (train - 1), k - 1]
    return made - series[points][:, None]


def covered(series: np.ndarray, made: Forecast, train: int, far: int) -> np.ndarray:
    """The share of the points that lie inside the interval, `[h]`."""
    assert made.lower is not None
    assert made.upper is not None
    above = differences(series, made.lower[..., 0], train, far) <= 0
    below = differences(series, made.upper[..., 0], train, far) >= 0
    return np.asarray((above & below).mean(axis=0))


def baselines(
    series: np.ndarray, train: int, far: int, period: int | None
) -> dict[str, np.ndarray]:
    """The errors of the last value and, where it can be, of the one a period (or more) before."""
    points = np.arange(train - 1 + far, len(series))[:, None]
    k = np.arange(1, far + 1)
    truth = series[points]
    errors = {"last value (baseline)": series[points - k] - truth}
    if period is not None:
        before = points - period * np.ceil(k / period).astype(int)
        if before.min() >= 0:
            errors["seasonal (baseline)"] = series[before] - truth
    return errors


def continued(model: Forecaster, series: np.ndarray, train: int) -> np.ndarray:
    """The model's own future after the training part, to the end of the series."""
    values: np.ndarray = model.forecast(series[:train], len(series) - train).values[:, 0]
    return values


def table(title: str, steps: Sequence[int], figures: dict[str, dict[str, float]]) -> str:
    """One line a model, one column for each k."""
    lines = [f"{title}:", f"{'':26}" + "".join(f"{f'k = {k}':>10}" for k in steps)]
    for name, by_k in figures.items():
        lines.append(f"{name:26}" + "".join(f"{value:10.3f}" for value in by_k.values()))
    return "\n".join(lines)


def _mae(errors: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(errors).mean(axis=0))


def _rmse(errors: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.square(errors).mean(axis=0)))


def _at(steps: Sequence[int], by_k: np.ndarray) -> dict[str, float]:
    return {str(k): float(by_k[k - 1]) for k in steps}


def _check_lengths(config: Config, points: int, train: int, far: int) -> None:
    needed = config.window + far
    if train < needed:
        raise KitError(
            f"τ = {config.window} and k = {far} need {needed} points to train on; received "
            f"{train} of {points}. Pass smaller --steps or --window, or a longer series."
        )
    if points - train < far:
        raise KitError(
            f"k = {far} needs as many points after the training part, to measure on; received "
            f"{points - train}. Pass smaller --steps, or a smaller --train."
        )


if __name__ == "__main__":
    run(main)
