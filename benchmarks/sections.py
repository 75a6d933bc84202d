"""The sections of the training benchmark: each runs its cases and returns its tables."""

import dataclasses
from collections.abc import Callable, Sequence

from benchmarks import asked, cell_step, fit_step, fresh, grid, layer_step, structure_step
from benchmarks.fit_models import Task
from benchmarks.layer_step import GRU, LSTM, SIMPLE_RNN, Kind
from benchmarks.peers import AS_IT_COMES
from benchmarks.report import Asked, Row, progress, rows_table

FRESH_REPEATS = 3


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is run."""

    rounds: int
    shapes: int | None = None  # so many of the smallest; None for all
    cells: int | None = None
    repeats: int = FRESH_REPEATS  # processes of the same, where each figure needs one


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of one section: its rows, how it is shown, what is asked of it."""

    title: str
    rows: Sequence[Row | fresh.Memory]
    text: str
    asked: Sequence[Asked]


Section = Callable[[Effort], list[Table]]


def simple_rnn(effort: Effort) -> list[Table]:
    """The layer alone, plain and masked, beside every peer and the bound."""
    return _layers(SIMPLE_RNN, effort, asked.of_simple_rnn)


def gru(effort: Effort) -> list[Table]:
    """The same of the GRU, without unroll."""
    return _layers(GRU, effort, _thirteen_tenths)


def lstm(effort: Effort) -> list[Table]:
    """The same of the LSTM, without unroll."""
    return _layers(LSTM, effort, _thirteen_tenths)


def cells(effort: Effort) -> list[Table]:
    """Every cell that has no section of its own, beside itself in `keras.layers.RNN`."""
    title = "every other cell in its layer, forward and backward"
    apart = {kind.name for kind in (SIMPLE_RNN, GRU, LSTM)}
    others = [layer for name, layer in cell_step.named_layers().items() if name not in apart]
    rows = []
    for layer in others[: effort.cells]:
        for shape in grid.CELLS[: effort.shapes]:
            rows.append(cell_step.cell_row(layer, shape, rounds=effort.rounds))
            progress(f"{title}: {rows[-1]}")
    text = rows_table(rows, cell_step.PEERS, [AS_IT_COMES])
    return [Table(title, rows, text, asked.of_keras(title, rows, 1.5))]


def structures(effort: Effort) -> list[Table]:
    """What is more than one cell over time, beside the same written in stock Keras."""
    title = "structures, forward and backward"
    rows = []
    for name in structure_step.STRUCTURES:
        for shape in grid.STRUCTURES[: effort.shapes]:
            rows.append(structure_step.structure_row(name, shape, rounds=effort.rounds))
            progress(f"{title}: {rows[-1]}")
    text = rows_table(rows, structure_step.PEERS, [AS_IT_COMES])
    return [Table(title, rows, text, asked.of_structures("structures", rows))]


def fit(effort: Effort) -> list[Table]:
    """One step of `model.fit`, of a character model and of a classifier."""
    tasks: tuple[Task, ...] = ("character model", "classifier")
    tables = []
    for task in tasks:
        title = f"one step of fit, {task}"
        rows = []
        for shape in grid.TRAINING[: effort.shapes]:
            rows.append(fit_step.fit_row(task, shape, rounds=effort.rounds))
            progress(f"{title}: {rows[-1]}")
        text = rows_table(rows, fit_step.PEERS, [AS_IT_COMES])
        tables.append(Table(title, rows, text, asked.of_fit(title, rows)))
    return tables


def process(effort: Effort) -> list[Table]:
    """The first call and the memory of SimpleRNN, from processes of their own."""
    title, of_memory = "SimpleRNN, the first call of a process", "SimpleRNN, peak memory"
    calls, memories = [], []
    for shape in grid.TRAINING[: effort.shapes]:
        call, memory = fresh.fresh_rows(shape, repeats=effort.repeats)
        calls.append(call)
        memories.append(memory)
        progress(f"{title}: {call}\n{of_memory}: {memory}")
    text = rows_table(calls, fresh.PEERS)
    return [
        Table(title, calls, text, asked.of_first_call(title, calls)),
        Table(
            of_memory, memories, fresh.memory_table(memories), asked.of_memory(of_memory, memories)
        ),
    ]


SECTIONS: dict[str, Section] = {
    "simple-rnn": simple_rnn,
    "gru": gru,
    "lstm": lstm,
    "cells": cells,
    "structures": structures,
    "fit": fit,
    "process": process,
}


def _layers(
    kind: Kind, effort: Effort, asked_of: Callable[[str, Sequence[Row]], list[Asked]]
) -> list[Table]:
    tables = []
    for masked in (False, True):
        how = "right-padded with a mask" if masked else "forward and backward"
        title = f"{kind.name} alone, {how}"
        rows = []
        for shape in grid.TRAINING[: effort.shapes]:
            rows.append(layer_step.layer_row(kind, shape, masked=masked, rounds=effort.rounds))
            progress(f"{title}: {rows[-1]}")
        text = rows_table(rows, layer_step.PEERS, [AS_IT_COMES])
        tables.append(Table(title, rows, text, asked_of(title, rows)))
    return tables


def _thirteen_tenths(title: str, rows: Sequence[Row]) -> list[Asked]:
    return asked.of_keras(title, rows, 1.3)
