"""Which cells remember? Trains each on a task of long memory, until it is solved or time is up.

Run it with `python -m recipes.long_memory`; `--help` lists the options. The tasks live in
`keras_rnn_kit.data`, each cell's settings in `keras_rnn_kit.models.long_memory`.
"""

import dataclasses
import itertools
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from keras_rnn_kit.commands import option, parse, run, starting_quietly, whole_numbers
from keras_rnn_kit.errors import KitError

with starting_quietly():
    import keras
    import numpy as np
    import tensorflow as tf

    from keras_rnn_kit.arguments import positive_integer, positive_number
    from keras_rnn_kit.data import MemoryTask, memory_task
    from keras_rnn_kit.folders import check_free, whole_folder
    from keras_rnn_kit.layers import RNN
    from keras_rnn_kit.models.cells import cell_names
    from keras_rnn_kit.models.long_memory import LongMemory, long_memory
    from keras_rnn_kit.pictures.long_memory import plot_validation_errors
    from keras_rnn_kit.reports import write_report
    from keras_rnn_kit.training import GradientClipping, StopOnInterrupt, StopOnNaN

REPORT, PICTURE = "report.json", "errors.png"
STATES = ("zeros", "random", "learned")
PAUSE = 10.0  # seconds between two lines of progress


@dataclasses.dataclass(frozen=True)
class Size:
    """What a task takes where the options leave it open."""

    lengths: str
    units: int
    steps: int

    @staticmethod
    def help(name: str) -> str:
        """Those of all tasks."""
        return ", ".join(f"{getattr(size, name)} for {task}" for task, size in SIZES.items())


SIZES = {
    "adding": Size("50,100", 64, 1500),
    "copy": Size("20", 128, 3000),
    "rows": Size("28", 64, 1000),
    "pixels": Size("784", 64, 1000),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The defaults take some two minutes on two CPU cores."""

    task: Literal["adding", "copy", "rows", "pixels"] = option(
        "adding", "two marked numbers to add, ten symbols to copy, digits by rows or by pixels"
    )
    cells: str = option(
        "SimpleRNN,IRNN,GRU,MinimalRNN", "cells to compare, with commas between them, or all"
    )
    lengths: str | None = option(
        None, f"lengths T, with commas between them (default: {Size.help('lengths')})"
    )
    initial_state: Literal["zeros", "random", "learned", "all"] = option(
        "zeros", "what the layers start from, or all three one after the other"
    )
    data: str = option("drawn", "the digits: drawn, or a data set such as tfds:mnist")
    permute: bool = option(False, "the pixels in another order, the same for all digits")
    units: int = option(0, f"width H of a recurrent layer; 0: {Size.help('units')}")
    batch_size: int = option(32, "sequences B in a batch, new ones at every step")
    steps: int = option(0, f"steps at most; 0: {Size.help('steps')}")
    every: int = option(50, "steps from one validation to the next")
    validation: int = option(1000, "sequences to validate on")
    learning_rate: float | None = option(None, "Adam's step size; else that of the cell's settings")
    clip_norm: float = option(1.0, "largest global norm of the gradient")
    seed: int = option(0, "of weights and sequences; all cells see the same sequences")
    out: str = option("runs/long_memory", "the run folder, written anew after each cell")
    overwrite: bool = option(False, "replace a run folder that is there")


def main(argv: Sequence[str] | None = None) -> int:
    """Trains cell by cell and keeps what it has after each; 0, or 130 after Ctrl-C."""
    config = parse(Config, __doc__.splitlines()[0], argv)
    size = SIZES[config.task]
    config = dataclasses.replace(
        config,
        lengths=config.lengths or size.lengths,
        units=config.units or size.units,
        steps=config.steps or size.steps,
    )
    names = _cells(config.cells)
    lengths = whole_numbers("--lengths", str(config.lengths))
    _check_options(config)
    for name in ("units", "batch_size", "steps", "every", "validation"):
        positive_integer(name, getattr(config, name))
    if config.learning_rate is not None:
        positive_number("learning_rate", config.learning_rate)
    check_free(config.out, config.overwrite)
    seed = 0 if config.permute else None
    tasks = {
        length: memory_task(config.task, length, data=config.data, permutation_seed=seed)
        for length in lengths
    }
    held_out = {
        length: task.draw_held_out(config.validation, np.random.default_rng([config.seed, 1]))
        for length, task in tasks.items()
    }
    for length, task in tasks.items():
        print(
            f"{config.task}, T = {length}: {task.error} on {config.validation:,} sequences; "
            f"{task.trivial:.4g} remembers nothing, below {task.goal:.4g} is solved."
        )

    states = STATES if config.initial_state == "all" else (config.initial_state,)
    runs: list[dict[str, Any]] = []
    interrupted = False
    for length, name, state in itertools.product(lengths, names, states):
        done = train(config, tasks[length], held_out[length], name, length, state)
        runs.append(done)
        interrupted = done["interrupted"]
        print(f"{_title(done)}: {_outcome(done)}, {done['seconds']:.0f} s", flush=True)
        written = save(config, tasks, runs, overwrite=config.overwrite or len(runs) > 1)
        if interrupted:
            break
    print(f"\n{table(runs)}\n")
    print("Wrote " + ", ".join(map(str, written)))
    return 130 if interrupted else 0


def train(
    config: Config,
    task: MemoryTask,
    held_out: tuple[np.ndarray, np.ndarray],
    name: str,
    length: int,
    state: str,
) -> dict[str, Any]:
    """Trains one cell until it solves the task or has had its steps; its line of the report."""
    keras.backend.clear_session()  # a grid makes many models
    keras.utils.set_random_seed(config.seed)
    found = long_memory(name, config.units, steps=held_out[0].shape[1])
    model = build(found, task, held_out[0].shape[1:], state)
    rate = config.learning_rate or found.learning_rate
    loss: Any = "mean_squared_error"
    if task.outputs > 1:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    metrics = ["accuracy"] if task.is_share else []
    model.compile(keras.optimizers.Adam(rate), loss, metrics=metrics)
    diverged, interrupt = StopOnNaN(), StopOnInterrupt()
    watch = Watch(task, diverged)
    every = min(config.every, config.steps)
    started = time.perf_counter()
    model.fit(
        fresh_batches(task, config.batch_size, config.seed),
        steps_per_epoch=every,
        epochs=config.steps // every,
        validation_data=held_out,
        validation_batch_size=max(config.batch_size, 250),
        shuffle=False,
        verbose=0,
        callbacks=[GradientClipping(config.clip_norm), diverged, interrupt, watch],
    )
    return {
        "cell": name,
        "length": length,
        "initial_state": state,
        "settings": found.settings,
        "source": found.source,
        "learning_rate": rate,
        "layers": len(found.cells),
        "parameters": model.count_params(),
        "solved": watch.solved,
        "steps": watch.steps,
        "seconds": time.perf_counter() - started,
        "error": watch.curve[-1][1] if watch.curve else None,
        "best_error": min((e for _, e in watch.curve if math.isfinite(e)), default=None),
        "diverged": diverged.diverged,
        "interrupted": interrupt.interrupted,
        "curve": watch.curve,
    }


def build(
    found: LongMemory, task: MemoryTask, shape: tuple[int, ...], state: str
) -> keras.Sequential:
    """The recurrent layers and one linear layer that answers."""
    last = found.cells[-1]
    layers = [
        RNN(cell, return_sequences=task.every_step or cell is not last, initial_state=state)
        for cell in found.cells
    ]
    return keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(task.outputs)])


def fresh_batches(task: MemoryTask, rows: int, seed: int) -> tf.data.Dataset:
    """Batches without end, none of which comes twice."""

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        rng = np.random.default_rng([seed, 0])
        while True:
            yield task.draw(rows, rng)

    inputs, targets = next(batches())
    signature = tuple(tf.TensorSpec(part.shape, part.dtype) for part in (inputs, targets))
    return tf.data.Dataset.from_generator(batches, output_signature=signature).prefetch(2)


class Watch(keras.callbacks.Callback):
    """Notes the error of each validation, tells of it now and then, and stops at the goal."""

    def __init__(self, task: MemoryTask, diverged: StopOnNaN):
        super().__init__()
        self.task = task
        self.diverged = diverged
        self.curve: list[list[float]] = []  # [step, error]
        self.steps = 0  # counted here: the optimizer's own go back where training diverges
        self.solved = False
        self._told = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.steps += 1

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.diverged.diverged:  # what was validated are weights of before
            return
        logs = logs or {}
        error = float(1 - logs["val_accuracy"] if self.task.is_share else logs["val_loss"])
        self.curve.append([self.steps, error])
        if error < self.task.goal:
            self.solved = self.model.stop_training = True
        elif time.monotonic() - self._told > PAUSE:
            self._told = time.monotonic()
            print(f"  step {self.steps:,}: {error:.4g}", flush=True)


def save(
    config: Config, tasks: dict[int, MemoryTask], runs: list[dict[str, Any]], overwrite: bool
) -> list[Path]:
    """Writes the run folder with what there is so far, and returns the files' paths."""
    baselines = {str(n): {"trivial": t.trivial, "goal": t.goal} for n, t in tasks.items()}
    error_name = next(iter(tasks.values())).error
    report = {
        "task": config.task,
        "error": error_name,
        "baselines": baselines,
        "runs": runs,
        "config": dataclasses.asdict(config),
    }
    written = [REPORT]
    with whole_folder(config.out, overwrite) as folder:
        write_report(folder / REPORT, report)
        panels: dict[str, dict[str, Any]] = {}
        several = len({done["initial_state"] for done in runs}) > 1
        for done in runs:
            name = f"{done['cell']}, {done['initial_state']}" if several else done["cell"]
            panels.setdefault(f"T = {done['length']}", {})[name] = done["curve"]
        try:
            plot_validation_errors(
                panels,
                folder / PICTURE,
                error=error_name,
                trivial={f"T = {length}": task.trivial for length, task in tasks.items()},
                goal={f"T = {length}": task.goal for length, task in tasks.items()},
            )
            written.append(PICTURE)
        except KitError as error:  # without matplotlib; the figures stand all the same
            print(f"no picture: {error}", file=sys.stderr)
    return [Path(config.out) / name for name in written]


def table(runs: list[dict[str, Any]]) -> str:
    """One line for each run, and below them how each cell was set up."""
    lines = [f"{'cell':20}{'T':>5}  {'initial':8}{'solved in':>10}{'error':>10}{'seconds':>9}"]
    settings = {}
    for done in runs:
        steps = f"{done['steps']:,}" if done["solved"] else "no"
        lines.append(
            f"{done['cell']:20}{done['length']:5}  {done['initial_state']:8}{steps:>10}"
            f"{_figure(done['error']):>10}{done['seconds']:9.0f}"
        )
        source = "" if done["source"] == "-" else f" ({done['source']})"
        setup = f"{done['settings']}{source}, Adam {done['learning_rate']:g}"
        settings[done["cell"]] = f"  {done['cell']:20}{setup}"
    return "\n".join([*lines, "", "Settings:", *settings.values()])


def _title(done: dict[str, Any]) -> str:
    return f"{done['cell']}, T = {done['length']}, initial state {done['initial_state']}"


def _outcome(done: dict[str, Any]) -> str:
    if done["solved"]:
        return f"solved in {done['steps']:,} steps"
    why = "diverged" if done["diverged"] else "not solved"
    return f"{why} in {done['steps']:,} steps, error {_figure(done['error'])}"


def _figure(error: float | None) -> str:
    return "-" if error is None else f"{error:.4f}"


def _check_options(config: Config) -> None:
    """Options that the task has no use for are refused, not passed over."""
    if config.permute and config.task != "pixels":
        raise KitError(
            f"--permute puts pixels in another order; received --task {config.task}. Pass --task "
            "pixels, or leave --permute out."
        )
    if config.data != "drawn" and config.task not in ("rows", "pixels"):
        raise KitError(
            f"--data chooses digits; received --data {config.data} with --task {config.task}. Pass "
            "--task rows or pixels, or leave --data out."
        )


def _cells(given: str) -> list[str]:
    """The cells in "GRU,LSTM"."""
    known = cell_names()
    names = known if given == "all" else [name.strip() for name in given.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise KitError(
            f"--cells must be some of {', '.join(known)}, or all; received {unknown[0]!r}. Pass "
            "e.g. --cells GRU,LSTM."
        )
    return list(dict.fromkeys(names))


if __name__ == "__main__":
    run(main)
