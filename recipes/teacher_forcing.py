"""What a network learns from its own outputs: teacher forcing, scheduled sampling, running free.

Run it with `python -m recipes.teacher_forcing`; `--help` lists the options. Networks that are fed
with their outputs learn an oscillator whose driving force is known and whose position and velocity
are seen with noise. Each is trained with the targets in place of its outputs, with the one giving
way to the other, and with its outputs alone; then all of them run free.
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

    from keras_rnn_kit.arguments import not_negative, positive_integer
    from keras_rnn_kit.folders import check_free, whole_folder
    from keras_rnn_kit.layers import OutputFeedbackRNN
    from keras_rnn_kit.pictures.teacher_forcing import plot_errors_by_step
    from keras_rnn_kit.reports import write_report
    from keras_rnn_kit.training import (
        GradientClipping,
        StopOnInterrupt,
        StopOnNaN,
        TeacherForcing,
    )

REPORT, PICTURE = "report.json", "error_by_step.png"
NETWORKS = {"output": "recurrence from the output", "both": "from output and hidden state"}
WAYS: dict[str, dict[str, Any]] = {
    "teacher forcing": {"schedule": "constant", "start": 1.0},
    "linear": {"schedule": "linear"},
    "exponential": {"schedule": "exponential"},
    "inverse sigmoid": {"schedule": "inverse_sigmoid"},
    "free-running": {"schedule": "constant", "start": 0.0},
}
TURNS = 80  # updates that are timed, one half in a loop
STEP, PARTS = 0.25, 5  # time from one observation to the next, and steps of integration in it


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take some two minutes on two CPU cores."""

    series: int = option(512, "series N to train on; half as many are tested on")
    length: int = option(64, "steps T of a series, after the one that it begins with")
    noise: float = option(0.3, "standard deviation of the noise on what is seen")
    units: int = option(32, "width H of the hidden layer")
    batch_size: int = option(32, "series B in a batch")
    updates: int = option(800, "updates of each training")
    repeats: int = option(2, "trainings of each kind, from other weights; figures are their means")
    learning_rate: float = option(1e-2, "Adam's first step size; it falls to 0 by a cosine")
    clip_norm: float = option(1.0, "largest global norm of the gradient")
    seed: int = option(0, "of the series, the weights and the choices")
    out: str = option("runs/teacher_forcing", "the run folder to write")
    overwrite: bool = option(False, "replace a run folder that is there")


@dataclasses.dataclass(frozen=True)
class Series:
    """Oscillators: what drives them, what is seen of them, and what they do."""

    force: np.ndarray  # [N, T, 1]
    first: np.ndarray  # [N, 2], seen before the first step
    seen: np.ndarray  # [N, T, 2]
    true: np.ndarray  # [N, T, 2]


def main(argv: Sequence[str] | None = None) -> int:
    """Trains ten kinds, measures, writes the run folder; 0, or 1 if all diverged, 130 at Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    for name in ("series", "length", "units", "batch_size", "updates", "repeats"):
        positive_integer(name, getattr(config, name))
    not_negative("noise", config.noise)
    if config.series < 2:
        raise KitError(
            f"half as many series are tested on; received --series {config.series}. Pass 2 or more."
        )
    check_free(config.out, config.overwrite)
    train = oscillators(config.series, config, [config.seed, 0])
    test = oscillators(config.series // 2, config, [config.seed, 1])
    baselines = {
        "mean": _error(train.true.mean((0, 1)), test.true),
        "last value": _error(test.first[:, None], test.true),
    }
    print(
        f"{config.series} series of {config.length} steps, seen with noise of {config.noise:g}. "
        f"Always the mean is off by {baselines['mean']:.3f}, the first value by "
        f"{baselines['last value']:.3f} (root mean squared, against the truth without noise)."
    )
    runs: list[dict[str, Any]] = []
    interrupted = False
    for feedback in NETWORKS:
        for way in WAYS:
            repeated = []
            for seed in range(config.seed, config.seed + config.repeats):
                repeated.append(train_and_measure(config, feedback, way, train, test, seed))
                interrupted = repeated[-1]["interrupted"]
                if interrupted:
                    break
            if interrupted:
                break
            done = {"feedback": feedback, "training": way, **means(repeated)}
            runs.append(done)
            print(f"{len(runs)}/{len(NETWORKS) * len(WAYS)} {_line(done)}", flush=True)
        if interrupted:
            break
    report = {
        "baselines": baselines,
        "runs": runs,
        "best": best(runs),
        "loop_over_at_once": None if interrupted else at_once(config, train),
        "interrupted": interrupted,
        "config": dataclasses.asdict(config),
    }
    written = save(config, report)
    print(f"\n{table(report)}\nWrote " + ", ".join(map(str, written)))
    return 130 if interrupted else int(all(done["diverged"] == config.repeats for done in runs))


def oscillators(count: int, config: Config, seed: Sequence[int]) -> Series:
    """Van der Pol's oscillator `y'' = (1 − y²) y' − y + u(t)` from anywhere within [−2, 2]².

    u is the mean of three cosines of periods between 4 and 21. It is integrated by Runge and
    Kutta's method of fourth order.
    """
    rng = np.random.default_rng(seed)
    speed, phase = rng.uniform(0.3, 1.5, (count, 3)), rng.uniform(0, 2 * np.pi, (count, 3))

    def force(t: float) -> np.ndarray:  # [N]
        return np.cos(speed * t + phase).mean(axis=1)

    def slope(y: np.ndarray, t: float) -> np.ndarray:  # [N, 2]
        position, velocity = y.T
        pull = (1 - position**2) * velocity - position + force(t)
        return np.stack([velocity, pull], axis=1)

    y, h = rng.uniform(-2, 2, (count, 2)), STEP / PARTS
    states = [y]
    for t in np.arange(config.length * PARTS) * h:
        a = slope(y, t)
        b = slope(y + h / 2 * a, t + h / 2)
        c = slope(y + h / 2 * b, t + h / 2)
        y = y + h / 6 * (a + 2 * b + 2 * c + slope(y + h * c, t + h))
        states.append(y)
    true = np.stack(states[::PARTS], axis=1)  # [N, T + 1, 2]
    seen = true + config.noise * rng.normal(size=true.shape)
    forces = np.stack([force(t * STEP) for t in range(config.length)], axis=1)[..., None]
    return Series(*(a.astype("float32") for a in (forces, seen[:, 0], seen[:, 1:], true[:, 1:])))


def build(config: Config, feedback: str) -> keras.Model:
    """From force, targets and first observation to what is seen at each step, `[B, T, 2]`."""
    force, targets = keras.Input((config.length, 1)), keras.Input((config.length, 2))
    first = keras.Input((2,))
    layer = OutputFeedbackRNN(
        config.units, 2, feedback=feedback, return_sequences=True, name="oscillator"
    )
    state = [first]
    if feedback == "both":
        state.insert(0, keras.layers.Dense(config.units, activation="tanh")(first))
    return keras.Model([force, targets, first], layer(force, targets, initial_state=state))


def train_and_measure(
    config: Config, feedback: str, way: str, train: Series, test: Series, seed: int
) -> dict[str, Any]:
    """Trains one network in one way and has it run free; what came out."""
    keras.utils.set_random_seed(seed)
    model = build(config, feedback)
    falling = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.updates)
    model.compile(keras.optimizers.Adam(falling), "mse")
    diverged, interrupt = StopOnNaN(), StopOnInterrupt()
    batches = -(-config.series // config.batch_size)
    model.fit(
        [train.force, train.seen, train.first],
        train.seen,
        batch_size=config.batch_size,
        epochs=max(1, round(config.updates / batches)),
        verbose=0,
        callbacks=[
            TeacherForcing(**WAYS[way]),
            GradientClipping(config.clip_norm),
            diverged,
            interrupt,
        ],
    )
    inputs = [test.force, test.seen, test.first]
    free = keras.ops.convert_to_numpy(model(inputs))
    model.get_layer("oscillator").teacher_forcing_rate.assign(1.0)
    forced = keras.ops.convert_to_numpy(model(inputs, training=True))
    by_step = np.sqrt(np.mean((free - test.true) ** 2, axis=(0, 2), dtype=np.float64))
    return {
        "parameters": model.count_params(),
        "forced_error": _error(forced, test.true),
        "free_error": _error(free, test.true),
        "free_error_by_step": by_step,
        "diverged": diverged.diverged,
        "interrupted": interrupt.interrupted,
    }


def means(repeated: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What came out of the trainings of one kind: root mean squares of the errors, and the range.

    Trainings that diverged are counted, and left out of the rest where another did not.
    """
    good = [done for done in repeated if not done["diverged"]] or repeated

    def together(name: str) -> Any:
        return np.sqrt(np.mean([np.square(done[name]) for done in good], axis=0)).tolist()

    by_step, each = together("free_error_by_step"), [done["free_error"] for done in good]
    marks = [k for k in (1, 4, 16, 64) if k < len(by_step)]
    return {
        "parameters": good[0]["parameters"],
        "forced_error": together("forced_error"),
        "free_error": together("free_error"),
        "free_error_range": [min(each), max(each)],
        "free_error_after": {str(k): by_step[k - 1] for k in [*marks, len(by_step)]},
        "free_error_by_step": by_step,
        "diverged": sum(done["diverged"] for done in repeated),
    }


def best(runs: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The way of training with the smallest error running free, by network."""
    found = {}
    for feedback in NETWORKS:
        good = [r for r in runs if r["feedback"] == feedback and math.isfinite(r["free_error"])]
        if good:
            found[feedback] = min(good, key=lambda done: done["free_error"])["training"]
    return found


def at_once(config: Config, train: Series) -> float:
    """How many times as long an update takes in a loop as with all steps at once.

    Of one compiled step, by turns, since it is the rate alone that decides.
    """
    model = build(config, "output")
    model.compile("adam", "mse")
    rate = model.get_layer("oscillator").teacher_forcing_rate
    force, seen, first = (a[: config.batch_size] for a in (train.force, train.seen, train.first))
    times: dict[float, list[float]] = {1.0: [], 0.0: []}
    for k in range(TURNS):
        rate.assign(1.0 - k % 2)
        started = time.perf_counter()
        model.train_on_batch([force, seen, first], seen)
        times[1.0 - k % 2].append(time.perf_counter() - started)
    loop, parallel = (float(np.median(times[which][1:])) for which in (0.0, 1.0))
    return loop / parallel


def save(config: Config, report: dict[str, Any]) -> list[Path]:
    """Writes the run folder and returns the files' paths."""
    written = [REPORT]
    with whole_folder(config.out, config.overwrite) as folder:
        write_report(folder / REPORT, report)
        panels: dict[str, dict[str, list[float]]] = {}
        for done in report["runs"]:
            lines = panels.setdefault(NETWORKS[done["feedback"]], {})
            lines[done["training"]] = done["free_error_by_step"]
        try:
            plot_errors_by_step(panels, folder / PICTURE, mean=report["baselines"]["mean"])
            written.append(PICTURE)
        except KitError as error:  # without matplotlib; the figures stand all the same
            print(f"no picture: {error}", file=sys.stderr)
    return [Path(config.out) / name for name in written]


def table(report: dict[str, Any]) -> str:
    """One line for each training, and what they say."""
    runs = report["runs"]
    if not runs:
        return "Nothing was trained to the end."
    steps = "".join(f"{f'step {k}':>9}" for k in runs[0]["free_error_after"])
    head = f"{'':24}{'forced':>8}{'free':>8}{'(range)':>16}{steps}"
    lines = ["Errors, fed with the targets and running free:", head]
    lines += [*map(_line, runs), ""]
    for feedback, way in report["best"].items():
        errors = {r["training"]: r["free_error"] for r in runs if r["feedback"] == feedback}
        lines.append(
            f"{NETWORKS[feedback].capitalize()}: {way} has the smallest error running free, "
            f"{errors[way]:.3f}; teacher forcing throughout {errors['teacher forcing']:.3f}."
        )
    if report["loop_over_at_once"]:
        lines.append(
            f"An update in a loop takes {report['loop_over_at_once']:.2f} times as long as one of "
            "teacher forcing, all steps at once (recurrence from the output, optimizer and all)."
        )
    return "\n".join(lines)


def _line(done: dict[str, Any]) -> str:
    after = "".join(f"{error:9.3f}" for error in done["free_error_after"].values())
    low, high = done["free_error_range"]
    lost = f"  {done['diverged']} diverged" if done["diverged"] else ""
    return (
        f"{done['feedback']:8}{done['training']:16}{done['forced_error']:8.3f}"
        f"{done['free_error']:8.3f}{f'({low:.3f}-{high:.3f})':>16}{after}{lost}"
    )


def _error(made: np.ndarray, true: np.ndarray) -> float:
    """The root mean squared error over all that there is."""
    return float(np.sqrt(np.mean((made - true) ** 2, dtype=np.float64)))


if __name__ == "__main__":
    run(main)
