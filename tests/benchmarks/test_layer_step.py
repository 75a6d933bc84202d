"""The layers at toy sizes: every peer runs and agrees, and one that doesn't is refused."""

import itertools

import numpy as np
import pytest

from benchmarks import cell_step, grid, layer_step, torch_layers
from benchmarks.grid import Shape
from benchmarks.layer_step import GRU, LSTM, SIMPLE_RNN
from benchmarks.peers import AS_IT_COMES, BOUND, OURS, TORCH, UNROLL
from keras_rnn_kit import layers
from keras_rnn_kit.errors import KitError
from tests.catalogue import cases_of

TINY = Shape(3, 5, 2, 4)


def another_activation(layer_class):
    """A layer that is wrong."""

    class AnotherActivation(layer_class):
        def __init__(self, units, **kwargs):
            super().__init__(units, activation="relu", **kwargs)

    return AnotherActivation


@pytest.mark.parametrize(
    ("kind", "masked"),
    cases_of(
        itertools.product((SIMPLE_RNN, GRU, LSTM), (False, True)),
        [(SIMPLE_RNN, False), (GRU, True)],
    ),
    ids=lambda case: getattr(case, "name", None),
)
def test_every_peer_of_the_layer_is_timed_and_agrees(kind, masked):
    row = layer_step.layer_row(kind, TINY, masked=masked, rounds=2, seconds=0)
    expected = set(layer_step.PEERS)
    if masked or not torch_layers.installed():
        expected.remove(TORCH)
    if kind is not SIMPLE_RNN:
        expected.remove(UNROLL)
    assert set(row.times) == set(row.cpu_times) == expected
    assert {len(seconds) for seconds in row.times.values()} == {2}
    assert set(row.differences) == expected - {OURS, BOUND}
    assert max(row.differences.values()) <= layer_step.TOLERANCE
    assert row.case == {"B, T, E, H": "3, 5, 2, 4"}


def test_the_mask_reaches_the_layer():
    plain, masked = (
        layer_step.layer_steps(SIMPLE_RNN, TINY, masked=m)[OURS]()[0].numpy() for m in (False, True)
    )
    rng = np.random.default_rng(0)
    grid.weights(TINY, rng)  # drawn before it
    mask = layer_step.Given.drawn(TINY, rng, masked=True).mask
    assert (np.abs(plain - masked).max(axis=2) > 1e-6).any()
    # What the mask lets through is the same, to float32's rounding.
    assert np.abs(plain - masked)[mask].max() < 1e-6


def test_a_layer_that_computes_something_else_is_not_timed(monkeypatch):
    monkeypatch.setattr(layers, "SimpleRNN", another_activation(layers.SimpleRNN))
    monkeypatch.setattr(layer_step, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(KitError, match=r"outputs of Keras is away by .*d_kernel of Keras unroll"):
        layer_step.layer_row(SIMPLE_RNN, TINY, masked=False, rounds=1)


def test_the_layers_of_one_cell_are_the_packages():
    named = cell_step.named_layers()
    assert {"SimpleRNN", "GRU", "LSTM"} < set(named)
    assert not {"RNN", "StackedRNN", "TemporalPooling"} & set(named)
    assert all(name in layers.__all__ for name in named)


@pytest.mark.parametrize(
    "name", cases_of(cell_step.named_layers(), ["DeepTransitionRNN", "SimpleRNN"])
)
def test_every_cell_is_timed_and_agrees_with_itself_in_kerass_layer(name):
    row = cell_step.cell_row(cell_step.named_layers()[name], TINY, rounds=1, seconds=0)
    assert set(row.times) == {OURS, AS_IT_COMES, BOUND}
    assert row.differences[AS_IT_COMES] <= cell_step.TOLERANCE
    assert row.case == {"cell": name, "B, T, E, H": "3, 5, 2, 4"}


def test_a_cell_that_the_kit_runs_otherwise_is_not_timed(monkeypatch):
    class Wrong(layers.SimpleRNN):
        def call(self, *args, **kwargs):
            return 1.01 * super().call(*args, **kwargs)

    monkeypatch.setattr(cell_step, "alternate", lambda *_, **__: pytest.fail("it was timed"))
    with pytest.raises(KitError, match=r"Wrong \[3, 5, 2, 4\]: outputs of Keras is away by"):
        cell_step.cell_row(Wrong, TINY, rounds=1)
