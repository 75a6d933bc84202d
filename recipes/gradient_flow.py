"""Shows how gradients vanish and explode: three spectral radii, three activations, clipped or not.

Run it with `python -m recipes.gradient_flow`; `--help` lists the options. The measuring lives in
`keras_rnn_kit.training.gradient_flow`, the pictures in `keras_rnn_kit.pictures.gradient_flow`.
"""

import dataclasses
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_rnn_kit.commands import option, parse, run, starting_quietly
from keras_rnn_kit.errors import KitError

with starting_quietly():
    import keras
    import numpy as np
    import tensorflow as tf

    from keras_rnn_kit.arguments import positive_integer, positive_number
    from keras_rnn_kit.folders import check_free, whole_folder
    from keras_rnn_kit.initializers import SpectralRadius
    from keras_rnn_kit.layers import SimpleRNN
    from keras_rnn_kit.pictures.gradient_flow import (
        plot_clipping,
        plot_gradient_flow,
        plot_jacobians,
    )
    from keras_rnn_kit.reports import write_report
    from keras_rnn_kit.training import GradientClipping, gradient_flow

RADII = (0.9, 1.0, 1.2)
ACTIVATIONS = ("tanh", "relu", "linear")
NAMES = {"tanh": "tanh", "relu": "ReLU", "linear": "identity"}
TRAINED_RADIUS, RECALL = 1.3, 5  # of the two trainings: the spectral radius, and the steps back


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take under a minute on two CPU cores."""

    units: int = option(64, "width H of the recurrent layer")
    seq_length: int = option(100, "steps T that the gradient goes back")
    rows: int = option(16, "sequences in the batch that is measured")
    features: int = option(8, "width E of the inputs, which are normal noise")
    steps: int = option(400, "steps of training, clipped and not clipped")
    clip_norm: float = option(1.0, "largest norm of the gradient in the clipped training")
    learning_rate: float = option(0.05, "of plain gradient descent, in both trainings")
    seed: int = option(0, "of the weights and the inputs")
    out: str = option("runs/gradient_flow", "the folder to write")
    overwrite: bool = option(False, "replace a folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Measures the nine networks, trains two, prints the tables, writes the folder."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    for name in ("units", "seq_length", "rows", "features", "steps"):
        positive_integer(name, getattr(config, name))
    if config.seq_length < RECALL:
        raise KitError(
            f"seq_length must be {RECALL} or more, for what is to be told stands so far back; "
            f"received {config.seq_length}. Pass --seq-length 100."
        )
    positive_number("learning_rate", config.learning_rate)
    positive_number("clip_norm", config.clip_norm)
    check_free(config.out, config.overwrite)
    started = time.perf_counter()

    flows = {
        activation: {radius: _measured(config, activation, radius) for radius in RADII}
        for activation in ACTIVATIONS
    }
    print(_table(config, flows))
    runs = {
        "not clipped": _trained(config, math.inf),
        "clipped": _trained(config, config.clip_norm),
    }
    print(
        f"Trained {config.steps} steps from a spectral radius of {TRAINED_RADIUS} to tell what "
        f"stood {RECALL} steps before the end (always 0: loss 1):"
    )
    for name, curves in runs.items():
        print("  " + _summary(name, curves))

    report = {
        "jacobians": [
            {
                "activation": NAMES[activation],
                "spectral_radius": radius,
                "last_by_first_state": layer.state_jacobian_norms[-1],
                "last_state_by_first_input": layer.input_jacobian_norms[-1],
                "gradient_at_first_step": layer.gradient_norms["h"][-1],
                "saturated": {k: float(np.mean(v)) for k, v in layer.saturated.items()},
            }
            for activation, by_radius in flows.items()
            for radius, layer in ((radius, flow.layers[0]) for radius, flow in by_radius.items())
        ],
        "training": {name.replace(" ", "_"): _figures(curves) for name, curves in runs.items()},
        "seconds": time.perf_counter() - started,
        "config": dataclasses.asdict(config),
    }
    written = _write(config, report, flows, runs)
    print(f"{report['seconds']:.0f} s. Wrote " + ", ".join(map(str, written)))
    return 0


def _measured(config: Config, activation: str, radius: float) -> Any:
    """The report on an untrained network, whose weights but for the radius are always the same."""
    keras.utils.set_random_seed(config.seed)
    layer = SimpleRNN(
        config.units,
        activation,
        recurrent_initializer=SpectralRadius(radius, keras.initializers.RandomNormal(seed=1)),
        dtype="float64",
        name=f"{NAMES[activation]}_{radius}",
    )
    inputs = keras.Input((config.seq_length, config.features), dtype="float64")
    model = keras.Model(inputs, layer(inputs))
    shape = (config.rows, config.seq_length, config.features)
    return gradient_flow(model, np.random.default_rng(config.seed).normal(size=shape))


def _trained(config: Config, max_norm: float) -> dict[str, list[float]]:
    """Loss and gradient norm of each step of a network that starts above a radius of 1.

    Its inputs are small, so that tanh takes little off and the gradient explodes. It is to tell, at
    the end of a sequence, what it read `RECALL` steps before.
    """
    keras.utils.set_random_seed(config.seed)
    matrix = SpectralRadius(TRAINED_RADIUS, keras.initializers.RandomNormal(seed=1))
    model = keras.Sequential(
        [
            keras.Input((config.seq_length, config.features)),
            SimpleRNN(config.units, recurrent_initializer=matrix),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(config.learning_rate), "mse")
    shape = (config.steps * config.rows, config.seq_length, config.features)
    noise = np.random.default_rng(config.seed).normal(size=shape).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((0.1 * noise, noise[:, -RECALL, :1]))
    # An epoch of one step, so that the logs are those of each step, and no means.
    history = model.fit(
        data.batch(config.rows),
        steps_per_epoch=1,
        epochs=config.steps,
        shuffle=False,
        verbose=0,
        callbacks=[GradientClipping(max_norm)],
    ).history
    return {key: list(map(float, history[key])) for key in ("loss", "gradient_norm")}


def _table(config: Config, flows: dict[str, dict[float, Any]]) -> str:
    first = f"{config.seq_length - 1:,}"
    lines = [
        f"H = {config.units}, T = {config.seq_length}: how much of h_T is left to see from a step",
        f"{'':10}{'spectral':>10}{'largest':>10}"
        f"{'‖∂h_T/∂h_t‖, T − t =':>26}{'':>14}{'‖∂h_T/∂x_1‖':>14}{'saturated':>11}",
        f"{'':10}{'radius':>10}{'sing. v.':>10}{'10':>12}{'half':>14}{first:>14}",
    ]
    for activation, by_radius in flows.items():
        for radius, flow in by_radius.items():
            (layer,) = flow.layers
            (kernel,) = layer.kernels.values()
            at = [_nearest(layer.jacobian_distances, d) for d in (10, config.seq_length // 2)]
            norms = [layer.state_jacobian_norms[k] for k in (*at, -1)]
            shares = [np.mean(shares) for shares in layer.saturated.values()]
            lines.append(
                f"{NAMES[activation]:10}{radius:>10}{kernel.largest_singular_value:>10.2f}"
                + f"{norms[0]:>12.1e}{norms[1]:>14.1e}{norms[2]:>14.1e}"
                + f"{layer.input_jacobian_norms[-1]:>14.1e}"
                + (f"{shares[0]:>11.1%}" if shares else f"{'–':>11}")
            )
    return "\n".join(lines) + "\n"


def _nearest(distances: Sequence[int], wanted: int) -> int:
    return int(np.abs(np.subtract(distances, wanted)).argmin())


def _figures(curves: dict[str, list[float]]) -> dict[str, Any]:
    losses, norms = curves["loss"], [n for n in curves["gradient_norm"] if math.isfinite(n)]
    diverged = [k + 1 for k, loss in enumerate(losses) if not math.isfinite(loss)]
    return {
        "largest_gradient_norm": max(norms, default=None),
        "median_gradient_norm": float(np.median(norms)) if norms else None,
        "loss_of_last_tenth": float(np.mean(losses[-max(1, len(losses) // 10) :])),
        "diverged_at_step": diverged[0] if diverged else None,
    }


def _summary(name: str, curves: dict[str, list[float]]) -> str:
    figures = _figures(curves)
    if figures["largest_gradient_norm"] is None:
        return f"{name}: no step had a finite gradient."
    line = (
        f"{name}: gradient norm {figures['median_gradient_norm']:.3g} in the middle and "
        f"{figures['largest_gradient_norm']:.3g} at most, before clipping; "
    )
    if step := figures["diverged_at_step"]:
        return f"{line}the loss is no number any more from step {step} on."
    return f"{line}loss at the end {figures['loss_of_last_tenth']:.3g}."


def _write(config: Config, report: dict, flows: dict, runs: dict) -> list[Path]:
    written = ["report.json"]
    curves = {
        NAMES[activation]: {
            f"ρ = {radius}": (
                flow.layers[0].jacobian_distances,
                flow.layers[0].state_jacobian_norms,
            )
            for radius, flow in by_radius.items()
        }
        for activation, by_radius in flows.items()
    }
    with whole_folder(config.out, config.overwrite) as folder:
        write_report(folder / "report.json", report)
        try:
            plot_jacobians(curves, folder / "jacobians.png")
            plot_gradient_flow(flows["tanh"][RADII[-1]], folder / "tanh.png")
            plot_clipping(runs, config.clip_norm, folder / "clipping.png")
            written += ["jacobians.png", "tanh.png", "clipping.png"]
        except KitError as error:  # without matplotlib; the figures stand all the same
            print(f"no pictures: {error}", file=sys.stderr)
    return [Path(config.out) / name for name in written]


if __name__ == "__main__":
    run(main)
